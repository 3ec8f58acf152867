"""Highlight sprites: points much brighter than their neighbourhood, each drawn as one disc and cut by its occluders."""

from __future__ import annotations

from typing import Any

from ..compute.arguments import numbered
from ..compute.device import Buffer, Device
from ..compute.planes import Planes
from ..compute.tiles import run_tiles
from .shape import Shape

_PER_TILE, _FLOATS = 4, 7  # highlights per tile, and floats per highlight, as in kernels/defocus_sprites.cl
MIN_RADIUS = 0.5  # blur radius in pixels up to which a disc is one pixel


class HighlightSprites:
    """Highlights of pictures of one size, in tiles of `tile` pixels. `levels` contains a brightness per tile: brighter
    pixels are drawn as sprites. A negative level disables the tile.
    """

    def __init__(self, device: Device, width: int, height: int, tile: int) -> None:
        self._device, self._tile = device, tile
        self._tiles_x, self._tiles_y = -(-width // tile), -(-height // tile)
        tiles = self._tiles_x * self._tiles_y
        self.levels = device.allocate(4 * tiles)
        self.extremes = device.allocate(8 * tiles)
        self._sprites = device.allocate(4 * _PER_TILE * _FLOATS * tiles)
        self._counts = device.allocate(4 * self._tiles_y)

    def find(self, scene: Planes, radius: Planes, spread: Planes) -> None:
        """Queues the search in planes of light and of signed blur radii, and removes the highlights found from the
        weights in `spread`.
        """
        layout = scene.layout
        run_tiles(
            self._device, "defocus_sprites.cl", "find_highlights", (self._tiles_x, self._tiles_y), scene=scene.buffer,
            radius=radius.buffer, spread=spread.buffer, sprites=self._sprites, levels=self.levels,
            extremes=self.extremes, pitch=layout.pitch, stride=layout.stride, width=layout.width,
            height=layout.height, tiles_x=self._tiles_x, min_radius=MIN_RADIUS,
        )  # fmt: skip

    def reach(self, largest_px: float, shape: Shape, colour_shift_px: tuple[float, float]) -> int:
        """The tiles around its own that a disc of at most this radius touches."""
        return int((largest_px + max(map(abs, colour_shift_px)) + 0.5) * shape.extent) // self._tile + 1

    def add(
        self,
        picture: Planes,
        radius: Planes,
        source: str,
        shape: Shape,
        tables: tuple[Buffer, Buffer],
        reach: int,
        colour_shift_px: tuple[float, float],
    ) -> None:
        """Queues the drawing of the highlights found. `source` is the kernel file for `shape`, with its aperture and
        profile in `tables`; `reach` is that of the maximum radius.
        """
        layout = picture.layout
        shaped: dict[str, Any] = {
            "aperture": tables[0],
            "profile": tables[1],
            "cells_x": shape.cells[0],
            "cells_y": shape.cells[1],
            "extent": shape.extent,
            "red_shift": colour_shift_px[0],
            "blue_shift": colour_shift_px[1],
        }
        run_tiles(
            self._device, source, "measure_highlights", (self._tiles_x, self._tiles_y), sprites=self._sprites,
            extremes=self.extremes, width=layout.width, height=layout.height, tiles_x=self._tiles_x,
            tiles_y=self._tiles_y, **shaped,
        )  # fmt: skip
        run_tiles(
            self._device, source, "list_highlights", (1, self._tiles_y), sprites=self._sprites, counts=self._counts,
            tiles_x=self._tiles_x,
        )  # fmt: skip
        run_tiles(
            self._device, source, "draw_highlights", (self._tiles_x, self._tiles_y), picture=picture.buffer,
            radii=radius.buffer, extremes=self.extremes, sprites=self._sprites, counts=self._counts,
            width=layout.width, height=layout.height, pitch=layout.pitch, stride=layout.stride, tiles_x=self._tiles_x,
            tiles_y=self._tiles_y, around=reach, **shaped, **numbered("fall", shape.falloff, first=1),
        )  # fmt: skip

    def release(self) -> None:
        for buffer in (self.levels, self.extremes, self._sprites, self._counts):
            self._device.release(buffer)
