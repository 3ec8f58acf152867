"""Capture: frames arrive, from a scene, a file or a camera."""
