"""Built-in looks, one TOML file each."""
