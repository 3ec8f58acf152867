"""The documentation as a website, which a browser opens without a network: `make docs`."""
