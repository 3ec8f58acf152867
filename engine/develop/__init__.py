"""Raw development: from the mosaic to scene-linear RGB."""
