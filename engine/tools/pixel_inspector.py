"""Pixel inspector: the raw, scene and display values under the pointer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import moderngl
import numpy as np
from numpy.typing import NDArray

from ..controls import Control, Switch
from ..display.events import Event, Pointer
from ..display.status_line import distance, render_text
from ..display.tool import Canvas, Invalidation, Tool, ToolContext
from ..frame import Encoding
from ..packing import unpack

if TYPE_CHECKING:
    from ..drawn import Drawn
    from ..frame import Frame
    from ..gl.planes import ScenePlanes

COLOURS = "RGB"
REC2020_LUMINANCE = np.array([0.2627002, 0.6779981, 0.0593017], np.float32)  # ITU-R BT.2020


class PixelInspector(Tool):
    """Shows the values beside the pointer.

    GPU values are requested when a frame is drawn and read when the next is drawn, so reading never blocks.
    """

    def __init__(self, tool_context: ToolContext) -> None:
        self._engine = tool_context.engine
        self._on = False
        self._at = (0.5, 0.5)
        self._draws_behind = 0  # frames to draw until the GPU values belong to the present position
        self._probe: Probe | None = None
        self._lines: list[str] = []

    def controls(self) -> Iterable[Control]:
        yield Switch(
            *("pixel_inspector", "Pixel inspector", "aids", "I"),
            get=lambda: self._on,
            set=self._toggle,
            is_aid=True,
        )

    def handle_event(self, event: Event) -> bool:
        if isinstance(event, Pointer) and event.kind in ("move", "drag"):
            self._at, self._draws_behind = (event.x, event.y), 2
        return False

    def tick(self, now_s: float) -> Invalidation:
        return Invalidation.REDRAW if self._on and self._draws_behind > 0 else Invalidation.NOTHING

    def on_frame(self, drawn: Drawn) -> None:
        self._draws_behind -= self._draws_behind > 0
        if not self._on or not all(0 <= coordinate < 1 for coordinate in self._at):
            self._lines = []
            return
        self._probe = self._probe or Probe(self._engine.gl)
        gpu_values = self._probe.read(drawn.scene, drawn.texture, self._at)
        self._lines = [*raw_lines(drawn.frame, *drawn.frame_position(*self._at)), *gpu_lines(*gpu_values)]
        depth_m = drawn.depth_at(*self._at)
        if depth_m is not None:
            self._lines.append(f"at {distance(depth_m)}")

    def draw(self, canvas: Canvas) -> None:
        if not self._on or not self._lines:
            return
        max_width = canvas.size[0] // 2
        size = canvas.sprites.prepare(
            "pixel_inspector",
            (self._lines, canvas.text_px),
            lambda: render_text(self._lines, canvas.text_px, max_width),
        )
        gap = canvas.text_px
        x, y = canvas.pixel(*self._at)
        x = x + gap if x + gap + size[0] <= canvas.size[0] else x - gap - size[0]
        y = y - gap - size[1] if y - gap - size[1] >= 0 else y + gap
        canvas.sprites.draw("pixel_inspector", x, y)

    def close(self) -> None:
        if self._probe is not None:
            self._probe.release()

    def _toggle(self, on: bool) -> None:
        self._on, self._draws_behind = on, 2


class Probe:
    """Reads single pixels from the GPU, each one call after its request."""

    def __init__(self, gl: moderngl.Context) -> None:
        self._gl = gl
        self._buffers = {name: gl.buffer(reserve=16) for name in ("scene", "picture")}
        self._has_request = False

    def read(
        self, scene: ScenePlanes, picture: moderngl.Texture, at: tuple[float, float]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """RGB of the scene and of the picture, 0..1, at the position of the previous call; requests `at`."""
        if not self._has_request:  # only the first call blocks
            self._request(scene, picture, at)
            self._has_request = True
        values = tuple(np.frombuffer(buffer.read(), np.float32)[:3] for buffer in self._buffers.values())
        self._request(scene, picture, at)
        return values[0], values[1]

    def release(self) -> None:
        for buffer in self._buffers.values():
            buffer.release()

    def _request(self, scene: ScenePlanes, picture: moderngl.Texture, at: tuple[float, float]) -> None:
        sources = {
            "scene": (scene.textures[0], scene.origin, scene.size),
            "picture": (picture, (0, 0), picture.size),
        }
        for name, (texture, origin, size) in sources.items():
            x, y = (start + min(int(part * side), side - 1) for start, part, side in zip(origin, at, size, strict=True))
            framebuffer = self._gl.framebuffer([texture])
            framebuffer.read_into(self._buffers[name], viewport=(x, y, 1, 1), components=4, dtype="f4")
            framebuffer.release()


def raw_lines(frame: Frame, x: float, y: float) -> list[str]:
    """The raw values of the 2x2 block at the fraction (x, y) of the upright frame; `*` marks clipped ones."""
    if frame.encoding is not Encoding.MOSAIC:
        return []
    column, row = (min(int(part * side), side - 1) // 2 * 2 for part, side in zip((x, y), frame.size, strict=True))
    rows = unpack(np.ascontiguousarray(frame.pixels[row : row + 2]), frame.packing, frame.width)
    channels = frame.cfa.channels()
    values = []
    for dy, line in enumerate(rows[:, column : column + 2]):
        for dx, count in enumerate(line):
            channel = channels[(row + dy) % len(channels), (column + dx) % len(channels)]
            name = "" if frame.cfa.kind == "mono" else COLOURS[channel]
            values.append(f"{name}{count}{'*' if count >= frame.profile.white else ''}")
    return [f"raw  {'  '.join(values)}  of {frame.profile.white:.0f}"]


def gpu_lines(scene_rgb: NDArray[np.float32], picture: NDArray[np.float32]) -> list[str]:
    """The scene-linear RGB, with its luminance in stops from middle grey, and the 8-bit display RGB."""
    luminance = float(scene_rgb @ REC2020_LUMINANCE)
    stops = f"{np.log2(luminance / 0.18):+.1f} stops" if luminance > 0 else "black"
    return [
        "scene  " + "  ".join(f"{channel:.3g}" for channel in scene_rgb) + f"  {stops}",
        "display  " + "  ".join(f"{255 * channel:.0f}" for channel in picture),
    ]
