"""The soak test: a live view under random use and faults, with checks of its result."""
