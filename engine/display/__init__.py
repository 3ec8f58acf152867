"""Shows pictures in a window or off screen, with overlays, text and tools."""
