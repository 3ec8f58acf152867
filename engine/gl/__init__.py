"""OpenGL: context, shader programs, passes, and the scene's textures."""
