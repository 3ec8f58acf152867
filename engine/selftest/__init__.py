"""The self test of a computer: every kernel and the whole chain on every device, compared with a reference."""
