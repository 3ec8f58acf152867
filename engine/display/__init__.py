"""Display: pixels to a window or a file."""
