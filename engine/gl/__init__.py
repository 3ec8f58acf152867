"""GL: a context, its passes and its textures."""
