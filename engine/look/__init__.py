"""Look: from the scene to the picture."""
