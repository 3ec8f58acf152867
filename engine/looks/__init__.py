"""Looks that ship, one TOML file each."""
