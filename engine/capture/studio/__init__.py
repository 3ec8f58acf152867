"""The studio: the built-in scene, rendered and exposed by a simulated sensor."""
