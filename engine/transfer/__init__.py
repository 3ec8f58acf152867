"""Transfer: how a scene on the compute device becomes a texture in OpenGL."""
