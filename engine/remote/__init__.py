"""Remote control of all controls and look parameters over a local socket."""
