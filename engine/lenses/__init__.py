"""Lenses that ship, one TOML file each."""
