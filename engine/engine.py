"""The whole walk of a frame: capture -> develop -> optics -> look -> display."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import moderngl
import numpy as np
from numpy.typing import NDArray

from .colour.output_space import OutputSpace, open_output_space
from .compute.device import open_device
from .compute.planes import Planes
from .compute.stage_cache import StageCache
from .depth.maps import DepthMap
from .depth.monocular import MonocularDepth
from .depth.onnx_model import MonocularModel
from .depth.relative import DepthRange
from .depth.stage import DepthStage
from .depth.stereo_pair import StereoPairDepth
from .develop.balance import grey_at
from .develop.developer import Developer
from .develop.development import Development
from .errors import GroundglassError, SourceError
from .frame import Frame
from .gl.context import describe, headless_context, make_current
from .gl.planes import ScenePlanes
from .lens import Lens, load_lens
from .look.grade import Grader, Target
from .look.look import Look, load_look
from .look.wipe import Wipe
from .optics import breathing
from .optics.autofocus import autofocus
from .optics.breathing import Breathing
from .optics.defocus import Blur, Defocus, Quality
from .optics.focus import FARTHEST_M
from .optics.soft_focus import SoftFocus, SoftFocusHalo
from .timing import Clock
from .transfer.host import ORIGIN, TextureTransfer

DEFAULT_LOOK = "classic"
DEFAULT_LENS = "noct-50"
DEFAULT_FOCUS_M = 1.2

SETTINGS = ("look", "strength", "lens", "focus_m", "development", "quality", "output_space", "screen_bits")


class Engine:
    """Takes frames, gives pictures; everything in between stays on the device.

    `device` is `auto`, `opencl[:n]` or `cuda[:n]`; `look` and `lens` are names, paths, or a Look and a Lens. `f_number`
    and `focus_m` (metres) default to the lens's own and to 1.2; `development` says how raws are developed. With `size`,
    (width, height) of the mosaics to come, kernels are compiled and memory is allocated at once; without, at the first
    frame. `gl` is the context to draw in; where there is none the engine makes one off screen, and closes it.

    `depth_model` is the path of an ONNX model that tells the distances of pictures that bring none (see
    `MonocularModel`): a relative map, which `depth_range` makes metres of as it does of a file, by the distances of its
    brightest and darkest parts ("0.8..6" or (0.8, 6); 0.5 to 5 m where not given); or metres, "model.onnx?metric".

    `output_space` is what the screen shows, or a file shall hold: `srgb`, `display-p3`, `rec709`, the path of an .icc.

    The settings are attributes and may change between frames. Raises DeviceError, LookError, ShaderError, for
    the model also SourceError, and MissingExtraError without onnxruntime.
    """

    def __init__(
        self,
        device: str = "auto",
        size: tuple[int, int] | None = None,
        *,
        look: str | Look = DEFAULT_LOOK,
        strength: float = 1.0,
        lens: str | Lens = DEFAULT_LENS,
        f_number: float | None = None,
        focus_m: float | None = None,
        development: Development | None = None,
        quality: Quality = "live",
        depth_model: str | Path | None = None,
        depth_range: str | tuple[float, float] | None = None,
        output_space: str | Path = "srgb",
        gl: moderngl.Context | None = None,
    ) -> None:
        chosen = load_lens(lens) if isinstance(lens, str) else lens
        self.lens = chosen if f_number is None else chosen.at(f_number)
        self.focus_m = self.lens.clamp_focus_m(DEFAULT_FOCUS_M) if focus_m is None else focus_m
        self.lens.coc_scale_px(self.focus_m, 1)  # an impossible focus is an error now, not at the first frame
        self.look = look
        self.strength = strength
        self.development = Development() if development is None else development
        self.quality: Quality = quality
        self.output_space: OutputSpace | None = open_output_space(output_space)  # None is sRGB
        self.split: Wipe | None = None  # what `draw` shows beside the picture
        self.screen_bits = 8  # of a channel of what `draw` gives; a window may have 10
        self.clock = Clock()
        self._model = _open_model(depth_model, depth_range)
        self.device = open_device(device)
        self._owns_gl = gl is None
        self.gl = headless_context() if gl is None else gl
        self.gl_name = describe(self.gl)
        self.device_name = f"{self.device.spec} {self.device.name}"
        self._developer = Developer(self.device)
        self._stereo_pairs = StereoPairDepth(self.device)
        self._depth = StageCache(partial(DepthStage, self.device))
        self._defocus = StageCache(partial(Defocus, self.device))
        self._soft_focus = StageCache(partial(SoftFocus, self.device))
        self._breathing = StageCache(partial(Breathing, self.device))
        self._transfer = StageCache(partial(TextureTransfer, self.device))
        self._scene_textures = ScenePlanes(self.gl)
        self._grader = Grader(self.gl)
        self._last: Frame | None = None
        self._magnification = 1.0
        self._closed = False
        self._ready: tuple[Frame, Quality, Frame] | None = None  # as it came, and as it is drawn
        if size is not None:
            self._warm_up(size)

    @property
    def look(self) -> Look:
        return self._look

    @look.setter
    def look(self, look: str | Look) -> None:
        self._look = load_look(look) if isinstance(look, str) else look

    def draw(self, frame: Frame) -> moderngl.Texture:
        """The picture as a texture: display sRGB, or the numbers of `output_space`, of 8 bits (or `screen_bits` of 10),
        row 0 on top, upright; valid until the next call.

        It never waits for a depth model: the distances are those that it told last; of a picture before, or none yet.
        """
        target: Target = "rgb10_a2" if self.screen_bits >= 10 else "rgba8"
        return self._draw_frame(frame, waits=False, target=target, split=self.split)

    def _draw_frame(
        self, frame: Frame, *, waits: bool, target: Target = "rgba8", split: Wipe | None = None
    ) -> moderngl.Texture:
        make_current(self.gl)  # and left so: what comes of it is for the caller to read
        upright = self._prepared(frame)
        if split is not None and split.lens is not None:
            own, self.lens = self.lens, split.lens
            try:
                self._prepare_scene(upright, waits=waits)
            finally:
                self.lens = own
            self._grade(upright, split.look or self.look, target, (split.at, 1.0))
        seen = self._prepare_scene(upright, waits=waits)
        texture = self._grade(seen, self.look, target, (0.0, 1.0 if split is None else split.at))
        if split is not None and split.lens is None:
            self._grade(seen, split.look or self.look, target, (split.at, 1.0))
        self._last, self._magnification = seen, self._magnification_of(seen)
        return texture

    def _prepare_scene(self, frame: Frame, *, waits: bool) -> Frame:
        """Develops an upright frame, focuses, and hands its light over to GL. Returns it with its distances."""
        frame, scene = self._apply_optics(frame, waits=waits)
        self.device.collect()
        if self._model is not None:
            self._model.submit_copy()
        with self.clock.host("transfer"), self._transfer.of(*scene.size).view(scene) as packed:
            self._scene_textures.write_packed(packed, ORIGIN, scene.size)
        return frame

    def _grade(self, frame: Frame, look: Look, target: Target, columns: tuple[float, float]) -> moderngl.Texture:
        """Draws the columns between two fractions of the picture's width in a look."""
        texture = self._grader.draw(
            *(self._scene_textures, look),
            strength=self.strength,
            frame_index=frame.index,
            target=target,
            output=self.output_space,
            columns=columns,
        )
        if self._grader.last_gpu_ms is not None:
            self.clock.add("look", self._grader.last_gpu_ms)
        return texture

    def render(self, frame: Frame) -> NDArray[np.uint8]:
        """The picture in memory: (H, W, 3) uint8, display sRGB, upright. A depth model is waited for."""
        texture = self._draw_frame(frame, waits=True)
        rgba = np.frombuffer(texture.read(), dtype=np.uint8).reshape(texture.height, texture.width, 4)
        return np.ascontiguousarray(rgba[..., :3])

    def scene(self, frame: Frame) -> NDArray[np.float32]:
        """The light behind the lens, before the look: (H, W, 3) float32, scene-linear Rec.2020, upright.

        A depth model is waited for.
        """
        scene = self._apply_optics(self._prepared(frame), waits=True)[1].read()
        self.device.collect()
        return scene

    @property
    def last(self) -> Frame | None:
        """The frame last drawn, upright, with the distances that it was blurred by; None before the first."""
        return self._last

    @property
    def scene_textures(self) -> ScenePlanes:
        """The light behind the lens of the frame last drawn, before the look, on the GL side."""
        return self._scene_textures

    @property
    def exposure_ev(self) -> float:
        """The stops by which the frame last drawn was brightened: `development.exposure_ev`, and what was metered."""
        return self._developer.exposure_ev

    @property
    def magnification(self) -> float:
        """How much larger the frame last drawn is shown than it was captured, by the breathing of the lens.

        The middle stays in place: the fraction x of the picture shows the fraction 0.5 + (x - 0.5) / magnification of
        the frame.
        """
        return self._magnification

    @property
    def is_outdated(self) -> bool:
        """Whether the frame last drawn would look different now: its depth model has told new distances since."""
        return self._model is not None and self._model.has_result

    def autofocus(self) -> float | None:
        """Focuses the last frame drawn on its nearest face, or on what is in its middle.

        Returns the distance there in metres; the focus goes as near to it as the lens does. None, and no change, where
        no depth is known. Faces need scikit-image, the extra `face`.
        """
        target = None if self._last is None or self._last.depth_m is None else autofocus(self._last, self._last.depth_m)
        if target is None:
            return None
        self.focus_m = self.lens.clamp_focus_m(min(target.distance_m, FARTHEST_M))
        return target.distance_m

    def beside(self, device: str) -> Engine:
        """An engine on another device that draws in the same GL context what this one draws; the caller closes it.

        It has no depth model: give it the frame that was drawn `last`. Raises DeviceError where there is none such.
        """
        other = Engine(device, look=self.look, lens=self.lens, quality=self.quality, gl=self.gl)
        other.follow(self)
        return other

    def follow(self, other: Engine) -> None:
        """Takes over all settings of another engine."""
        for name in SETTINGS:
            setattr(self, name, getattr(other, name))

    def depth_at(self, x: float, y: float) -> float | None:
        """Depth in metres at the fraction (x, y), from the top left, of the picture last drawn; None where unknown."""
        if self._last is None or self._last.depth_m is None:
            return None
        x, y = self.place(x, y)
        height, width = self._last.depth_m.shape
        depth_m = float(self._last.depth_m[min(int(y * height), height - 1), min(int(x * width), width - 1)])
        return depth_m if depth_m > 0 else None  # sensors write 0, or NaN, where they saw nothing

    def pick_grey(self, x: float, y: float) -> str:
        """Balances white so that the fraction (x, y), from the top left, of the picture last drawn is grey from now on.

        Returns the new `development.white_balance`. GroundglassError where nothing was drawn yet, or the place is
        clipped or dark.
        """
        if self._last is None:
            raise GroundglassError("no frame was drawn yet, so nothing can be picked as grey")
        red, _, blue = grey_at(self._last, *self.place(x, y))
        self.development = replace(self.development, white_balance=f"{red:.4g},1,{blue:.4g}")
        return self.development.white_balance

    def close(self) -> None:
        """Gives everything back; closing twice is harmless."""
        if self._closed:
            return
        self._closed = True
        self._developer.release()
        self._stereo_pairs.release()
        if self._model is not None:
            self._model.release()
        for stage in (self._depth, self._defocus, self._soft_focus, self._breathing, self._transfer):
            stage.release()
        make_current(self.gl)
        self._grader.release()
        self._scene_textures.release()
        self.device.close()
        if self._owns_gl:
            self.gl.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepared(self, frame: Frame) -> Frame:
        """The frame with its distances, upright. Of a still that is drawn again it is the same frame: its arrays are
        turned once, and travel to the device once."""
        if self._ready is None or self._ready[0] is not frame or self._ready[1] != self.quality:
            self._ready = frame, self.quality, self._with_stereo_depth(frame).upright()
        return self._ready[2]

    def _with_stereo_depth(self, frame: Frame) -> Frame:
        """The frame with the depth that its pair shows, where it has none of its own.

        Before anything is turned: a pair is rectified along the rows that the cameras saw.
        """
        if frame.depth_m is not None or frame.right is None:
            return frame
        with self.device.stage("stereo", self.clock):
            depth_m = self._stereo_pairs.depth_m(frame, self.quality)
        return replace(frame, depth_m=depth_m, depth_noise=self._stereo_pairs.noise, right=None, rig=None)

    def _apply_optics(self, frame: Frame, *, waits: bool) -> tuple[Frame, Planes]:
        """Develop and optics: queues the kernels for an upright frame.

        Returns the frame with the distances of the model too, for which it `waits`, and the light behind the lens.
        Without depth there is nothing to blur by, and no focus to breathe with; the glow of a lens needs neither.
        """
        size = self._developer.size_of(frame, self.development)
        model, subject = self._model if frame.depth_m is None else None, (frame, self.development)
        if model is not None and not waits:
            frame = _with_map(frame, model.latest(self.clock))
        depth = self._load_depth(frame, size)  # a copy waits for what is queued: before anything is
        with self.device.stage("develop", self.clock):
            scene = self._developer.develop(frame, self.development)
            if model is not None and not waits:
                model.queue_copy(scene, subject)
        if model is not None and waits:
            frame = _with_map(frame, model.depth_of(scene, subject, self.clock))
            depth = self._load_depth(frame, size)
        halo = SoftFocusHalo.of(self.lens, frame.native_lens)
        if depth is None and not halo.shows(size[0]):
            return frame, scene
        with self.device.stage("optics", self.clock):
            if depth is not None:
                depth_m = depth.run(scene)
                blur = Blur.of(self.lens, self.focus_m, size[0], frame.native_lens, frame.native_focus_m)
                scene = self._defocus.of(*size, self.quality).run(scene, depth_m, depth.distances_m, blur)
            if halo.shows(size[0]):
                scene = self._soft_focus.of(*size).run(scene, halo)
            magnification = self._magnification_of(frame)
            if breathing.shows(magnification, size[0]):
                scene = self._breathing.of(*size).run(scene, magnification)
            return frame, scene

    def _load_depth(self, frame: Frame, size: tuple[int, int]) -> DepthStage | None:
        """The depth stage that holds the distances of the frame, or None where it has none."""
        if frame.depth_m is None:
            return None
        depth = self._depth.of(*size)
        depth.load(frame.depth_m, frame.depth_noise)
        return depth

    def _magnification_of(self, frame: Frame) -> float:
        if frame.depth_m is None:
            return 1.0
        return breathing.magnification(self.lens, self.focus_m, frame.native_lens, frame.native_focus_m)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where in the frame last drawn, upright, the fraction (x, y) of the picture was seen."""
        return 0.5 + (x - 0.5) / self._magnification, 0.5 + (y - 0.5) / self._magnification

    def _warm_up(self, size: tuple[int, int]) -> None:
        """Compiles and allocates what a mosaic of `size` needs, on a frame whose depth asks for every kernel."""
        width, height = size
        depth_m = np.full((height, width), 1e3, dtype=np.float32)
        depth_m[0, 0] = 0.5 * self.focus_m
        self.draw(Frame(np.zeros((height, width), dtype=np.uint16), depth_m=depth_m, depth_noise=0.02))
        self._last, self._magnification = None, 1.0
        self.clock.reset()


def _open_model(depth_model: str | Path | None, depth_range: str | tuple[float, float] | None) -> MonocularDepth | None:
    if depth_model is None:
        if depth_range is not None:
            raise SourceError("depth_range is of what a depth_model tells; name one, or give the range to the source")
        return None
    span = None if depth_range is None else DepthRange.parse(depth_range)
    return MonocularDepth(partial(MonocularModel, depth_model, span))


def _with_map(frame: Frame, found: DepthMap | None) -> Frame:
    return frame if found is None else replace(frame, depth_m=found.depth_m, depth_noise=found.noise)
