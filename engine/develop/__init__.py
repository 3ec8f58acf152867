"""Develop: from the mosaic to scene-linear colour."""
