"""Folders into which another program writes pictures."""
