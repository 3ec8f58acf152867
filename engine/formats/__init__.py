"""Formats: reads and writes files. Depends on no device, source or window."""
