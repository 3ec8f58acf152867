"""Depth: the distance to each pixel in metres, from a file beside the picture, from the picture's own, or a plane."""

from .files import Scaling
from .maps import FAR_M, GREY_NOISE, SENSOR_NOISE, DepthMap, relative_noise, resized, turned_back, whole_depth
from .plane import tilted_plane
from .relative import PORTRAIT_M, DepthRange
from .sidecar import UprightDepth, WithDepth, WithDepthMaps, WithDepthRange, WithoutDepth, open_depth

__all__ = [
    "FAR_M",
    "GREY_NOISE",
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
    "relative_noise",
    "resized",
    "tilted_plane",
    "turned_back",
    "whole_depth",
]
