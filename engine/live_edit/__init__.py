"""The tuning bench: a look that is being edited, and shaders, kernels and looks that are reloaded when saved."""
