"""Live sources: one module a kind of camera. `retry.py` is what they share."""
