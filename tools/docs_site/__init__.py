"""The documentation as a site: `make docs` writes it to site/, which a browser opens without a network."""
