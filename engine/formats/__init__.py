"""Formats: files in and out. Nothing here knows a device, a source or a window."""
