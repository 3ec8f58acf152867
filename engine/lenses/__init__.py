"""Built-in lenses, one TOML file each."""
