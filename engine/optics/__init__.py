"""Optics: from depth to defocus."""
