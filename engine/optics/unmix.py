"""Un-mixing at depth edges: pixels that show two surfaces are divided into the light of both before the blur.

`kernels/unmix_align.cl` aligns the depth map to the picture, `kernels/unmix.cl` describes the estimate of the coverage,
`kernels/unmix_behind.cl` what happens behind surfaces out of focus, and `kernels/unmix_matte.cl` what a matte changes.
"""

from __future__ import annotations

from typing import Any

from ..compute.arguments import numbered
from ..compute.planes import Planes
from ..compute.tiles import TILE, run_cells, run_tiles
from .blur import Blur
from .matte import MatteStage

_UNMIX, _ALIGN, _MATTE, _BEHIND = "unmix.cl", "unmix_align.cl", "unmix_matte.cl", "unmix_behind.cl"
_HIDDEN = "unmix_hidden.cl"
_NEIGHBOURS = 10  # pixels beyond the picture that the estimate reads, as in kernels/mixture.h
SIDES = 4  # planes: the depth aligned, and the estimates of both sides
_BLOCK = 2  # tiles on each side of a block, as in kernels/unmix_hidden.cl
_CONTRASTS = 12  # per tile, as in kernels/unmix_align.cl


class Unmix:
    """Divides the mixed pixels of pictures of one size. It works in place, only in tiles at depth edges.

    `sides` is the memory of `divide`, SIDES planes. Its content may be lost before and after.
    """

    def __init__(self, sides: Planes) -> None:
        device, (width, height) = sides.device, sides.size
        self._device = device
        self._tiles = -(-width // TILE), -(-height // TILE)
        self._mixed = Planes(device, width, height, 5)
        self._sides = sides
        self._edges = device.allocate(4 * self._tiles[0] * self._tiles[1])
        self._contrasts = device.allocate(4 * _CONTRASTS * self._tiles[0] * self._tiles[1])
        self._blocks = -(-self._tiles[0] // _BLOCK), -(-self._tiles[1] // _BLOCK)
        self._fronts = device.allocate(4 * self._tiles[0] * self._tiles[1])
        self._front_blocks = device.allocate(4 * self._blocks[0] * self._blocks[1])

    def divide(
        self, scene: Planes, depth: Planes, blur: Blur, unit: float, max_radius: float, matte: MatteStage | None = None
    ) -> None:
        """Queues the replacement of mixed pixels, in scene-linear light and in metres, by those of the far surface.

        `depth` needs a mirrored border. `unit` is the light of a saturated photosite, which its noise depends on.
        `max_radius` is the largest blur radius in pixels. A `matte` gives the coverage of its subject.
        """
        sides, stride = self._sides.buffer, scene.layout.stride
        focus: dict[str, Any] = {"coc_px": blur.coc_px, "focus": blur.focus_m}
        scene.mirror(border=_NEIGHBOURS)
        self._run("find_edges", _ALIGN, depth=depth.buffer, fronts=self._fronts, **focus)
        if matte is not None:
            run_cells(self._device, _MATTE, "mark_matte", self._tiles, subjects=matte.subjects, edges=self._edges,
                      tiles_x=self._tiles[0], **focus)  # fmt: skip
        self._run("compare_maps", _ALIGN, scene=scene.buffer, depth=depth.buffer, contrasts=self._contrasts,
                  stride=stride, unit=unit, **focus)  # fmt: skip
        self._run("align_map", _ALIGN, depth=depth.buffer, sides=sides, contrasts=self._contrasts)
        self._sides.mirror(1, border=_NEIGHBOURS)
        self._run("weigh_pure", scene=scene.buffer, sides=sides, stride=stride, unit=unit, **focus)
        self._sides.mirror(2, border=_NEIGHBOURS)
        self._run("find_mixed", scene=scene.buffer, sides=sides, stride=stride, unit=unit)
        self._sides.mirror(border=_NEIGHBOURS)
        self._run("divide_mixed", scene=scene.buffer, sides=sides, mixed=self._mixed.buffer, stride=stride, unit=unit)
        if not blur.native_coc_px:  # else the picture shows a near surface out of focus as blurred already
            self._run("mark_behind", _BEHIND, depth=depth.buffer, fronts=self._fronts, **focus)
            self._run("divide_behind", _BEHIND, scene=scene.buffer, depth=depth.buffer, mixed=self._mixed.buffer,
                      stride=stride, unit=unit, **focus)  # fmt: skip
        if matte is not None:
            self._run("divide_by_matte", _MATTE, scene=scene.buffer, depth=depth.buffer, matte=matte.planes.buffer,
                      subjects=matte.subjects, mixed=self._mixed.buffer, stride=stride, unit=unit, **focus)  # fmt: skip
        self._run("exchange_mixed", scene=scene.buffer, depth=depth.buffer, mixed=self._mixed.buffer, stride=stride)
        self._continue_hidden(scene, depth, unit, max_radius, focus)

    def _continue_hidden(
        self, scene: Planes, depth: Planes, unit: float, max_radius: float, focus: dict[str, Any]
    ) -> None:
        """Queues the continuation of the far surface behind the edge of near ones, whose pixels then cover it."""
        stride, sides = scene.layout.stride, self._sides.buffer
        run_cells(self._device, _HIDDEN, "join_fronts", self._blocks, fronts=self._fronts, blocks=self._front_blocks,
                  height=scene.layout.height, tiles_x=self._tiles[0], blocks_x=self._blocks[0])  # fmt: skip
        self._run("find_hidden", _HIDDEN, scene=scene.buffer, depth=depth.buffer, sides=sides, stride=stride,
                  blocks=self._front_blocks, blocks_x=self._blocks[0], unit=unit, max_radius=max_radius,
                  **focus)  # fmt: skip
        self._run("continue_hidden", _HIDDEN, scene=scene.buffer, depth=depth.buffer, mixed=self._mixed.buffer,
                  sides=sides, stride=stride)  # fmt: skip

    def cover(self, picture: Planes, scene: Planes, depth: Planes, falloff: tuple[float, ...]) -> None:
        """Queues the near light in focus over the blurred `picture`, then restores the planes given to `divide`."""
        self._run("cover_mixed", scene=scene.buffer, depth=depth.buffer, mixed=self._mixed.buffer,
                  picture=picture.buffer, stride=scene.layout.stride, **numbered("fall", falloff, first=1))  # fmt: skip

    def _run(self, kernel: str, source: str = _UNMIX, /, **arguments: Any) -> None:
        layout = self._mixed.layout
        run_tiles(
            self._device, source, kernel, self._tiles, edges=self._edges, width=layout.width,
            height=layout.height, pitch=layout.pitch, tiles_x=self._tiles[0], **arguments,
        )  # fmt: skip

    def release(self) -> None:
        """Releases everything; a second call has no effect."""
        self._mixed.release()
        for buffer in (self._edges, self._contrasts, self._fronts, self._front_blocks):
            self._device.release(buffer)
