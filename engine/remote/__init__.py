"""Remote control: every control and every parameter of the look, over a socket of this machine."""
