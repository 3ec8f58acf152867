"""Transfer: copies a scene from the compute device to OpenGL textures."""
