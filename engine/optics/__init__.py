"""Optics: thin-lens defocus from a depth map, focus aids, autofocus and lens effects."""
