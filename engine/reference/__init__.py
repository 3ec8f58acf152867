"""What the optics are measured against: scenes whose every layer is known, and the lens that sees them, in NumPy.

Slow and plain on purpose; `groundglass bench --quality` and the tests hold the renderer against it.
"""

from .scatter import scatter
from .scenes import Layer, Scene, layered_scene, smooth_scene
from .score import Score, compare
from .truth import lens_truth, smooth_truth

__all__ = [
    "Layer",
    "Scene",
    "Score",
    "compare",
    "layered_scene",
    "lens_truth",
    "scatter",
    "smooth_scene",
    "smooth_truth",
]
