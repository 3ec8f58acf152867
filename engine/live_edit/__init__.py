"""Live editing of a look, and reloading of shaders, kernels and looks when they are saved."""
