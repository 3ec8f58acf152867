"""Depth: the distance to each pixel in metres, from a file beside the picture, from the picture's own, or a plane."""

from .files import Scaling
from .maps import COARSE_NOISE, FAR_M, SENSOR_NOISE, DepthMap, resized, turned_back, whole_depth
from .plane import tilted_plane
from .relative import PORTRAIT_M, DepthRange
from .sidecar import UprightDepth, WithDepth, WithDepthMaps, WithDepthRange, WithoutDepth, open_depth

__all__ = [
    "COARSE_NOISE",
    "FAR_M",
    "PORTRAIT_M",
    "SENSOR_NOISE",
    "DepthMap",
    "DepthRange",
    "Scaling",
    "UprightDepth",
    "WithDepth",
    "WithDepthMaps",
    "WithDepthRange",
    "WithoutDepth",
    "open_depth",
    "resized",
    "tilted_plane",
    "turned_back",
    "whole_depth",
]
