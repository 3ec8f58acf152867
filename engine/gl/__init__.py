"""GL: a context, shader programs, the passes that they are made of, and the scene's textures."""
