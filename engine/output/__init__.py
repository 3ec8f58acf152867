"""Output: stills, raw sequences, video and the virtual camera."""
