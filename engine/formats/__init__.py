"""Formats: files in and out. It depends on no device, source or window."""
