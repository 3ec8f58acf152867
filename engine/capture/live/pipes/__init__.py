"""Frames as bytes: standard input, FIFOs, and files of many frames."""
