"""The pipeline on the compute device: develop -> optics, from a frame to its light behind the lens."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .compute.device import Device
from .compute.planes import Planes
from .compute.stage_cache import StageCache
from .depth.monocular import MonocularDepth
from .depth.stage import DepthStage
from .depth.stereo_pair import StereoPairDepth
from .develop.developer import Developer
from .frame import Frame, check_frame
from .optics import breathing
from .optics.blur import Blur
from .optics.defocus import Defocus
from .optics.matte import MatteStage
from .optics.shape import shape_ahead
from .optics.soft_focus import SoftFocus, SoftFocusHalo
from .settings import Settings
from .timing import Clock


class ScenePipeline:
    """Computes the light behind the lens on one device; the maker releases it.

    `depth_model` estimates the depth of frames without depth, if any. Times of stages go to `clock`.
    """

    def __init__(self, device: Device, clock: Clock, depth_model: MonocularDepth | None) -> None:
        self.developer = Developer(device)
        self._device, self._clock, self._depth_model = device, clock, depth_model
        self._stereo_pairs = StageCache(lambda quality: StereoPairDepth(device))
        self.depth = StageCache(partial(DepthStage, device))
        self.mattes = StageCache(partial(MatteStage, device))
        self.defocus = StageCache(partial(Defocus, device))
        self.soft_focus = StageCache(partial(SoftFocus, device))
        self.breathing = StageCache(partial(breathing.Breathing, device))
        self._optics = (self.depth, self.mattes, self.defocus, self.soft_focus, self.breathing)
        self._ready: tuple[Frame, object, Frame] | None = None  # captured frame, quality, upright frame
        self.depth_m: NDArray[np.float32] | None = None  # the latest frame's
        self._steadied: DepthStage | None = None  # the stage with the state of the previous frames

    def upright(self, frame: Frame, settings: Settings) -> Frame:
        """The upright frame with its depth; of a still that is drawn again the same object, which is uploaded once."""
        check_frame(frame)
        quality = None if frame.right is None else settings.quality
        if self._ready is None or self._ready[0] is not frame or self._ready[1] != quality:
            self._ready = frame, quality, self._with_stereo_depth(frame, settings).upright()
        return self._ready[2]

    def _with_stereo_depth(self, frame: Frame, settings: Settings) -> Frame:
        """The frame with depth from its stereo pair, if it has no own depth.

        This happens before rotation, because a pair is rectified along the rows of the cameras.
        """
        if frame.depth_m is not None or frame.right is None:
            return frame
        pairs = self._stereo_pairs.get(settings.quality)
        with self._device.stage("stereo", self._clock):
            depth_m = pairs.depth_m(frame, settings.quality)
        return replace(frame, depth_m=depth_m, depth_noise=pairs.noise, right=None, rig=None)

    def run(self, frame: Frame, settings: Settings, *, waits: bool) -> tuple[Frame, Planes]:
        """Queues develop and optics of an upright frame. Returns it, with the depth of the model if any, and its light.

        `waits`: for the model. Defocus and focus breathing require depth; the soft focus of a lens does not. Until the
        device has finished, the arrays of the frame must not change.
        """
        try:
            return self._run(frame, settings, waits=waits)
        except BaseException:
            with suppress(Exception):
                self._device.finish()  # its arrays may be released now
            raise

    def _run(self, frame: Frame, settings: Settings, *, waits: bool) -> tuple[Frame, Planes]:
        development, lens, scale = settings.development, settings.lens, settings.scale
        size = self.developer.size_of(frame, development, scale)
        model, subject = self._depth_model if frame.depth_m is None else None, (frame, development, scale)
        depth = self._load_depth(frame, size)  # copied while the host measures the frame
        with self._device.stage("develop", self._clock):
            scene = self.developer.develop(frame, development, scale)
        if waits:
            self.developer.finish_still(frame)
        if model is not None and waits:
            frame = model.waited(frame, scene, subject, self._clock)
        elif model is not None:
            frame = model.follow(frame, self._clock)  # the host measures motion while the device develops
            with self._device.stage("depth copy", self._clock):
                model.queue_copy(scene, subject)
        self.depth_m = frame.depth_m
        depth = depth if model is None else self._load_depth(frame, size)
        halo = SoftFocusHalo.of(lens, frame.native_lens)
        if depth is None and not halo.shows(size[0]):
            return frame, scene
        with self._device.stage("optics", self._clock):
            if depth is not None:
                depth_m = depth.run(scene)
                blur = Blur.of(lens, settings.focus_m, size[0], frame.native_lens, frame.native_focus_m)
                unit, defocus = 2.0 ** self.developer.exposure_ev[0], self.defocus.get(*size, settings.quality)
                matte = self._load_matte(frame, size)
                depth_m = depth_m if matte is None else matte.run(depth_m)
                scene = defocus.run(scene, depth_m, depth.distances_m, blur, unit, matte)
            if halo.shows(size[0]):
                scene = self.soft_focus.get(*size).run(scene, halo)
            if breathing.shows(breathes := breathing.of_frame(frame, lens, settings.focus_m), size[0]):
                scene = self.breathing.get(*size).run(scene, breathes)
            return frame, scene

    def _load_depth(self, frame: Frame, size: tuple[int, int]) -> DepthStage | None:
        """The depth stage with the depth of the frame, or None without depth."""
        if frame.depth_m is None:
            return None
        depth = self.depth.get(*size)
        if depth is not self._steadied:
            depth.reset()  # its state is from much older frames
            self._steadied = depth
        depth.load(frame.depth_m, frame.depth_noise)
        return depth

    def _load_matte(self, frame: Frame, size: tuple[int, int]) -> MatteStage | None:
        """The stage with the matte of the frame, or None without one."""
        if frame.matte is None:
            return None
        matte = self.mattes.get(*size)
        matte.load(frame.matte)
        return matte

    def prepare(self, frame: Frame, settings: Settings, size: tuple[int, int]) -> None:
        """Begins to allocate, in threads, for a run of such frames into scenes of `size`. Returns at once."""
        self.developer.prepare(frame, settings.development, settings.scale)
        if frame.depth_m is not None:
            shape_ahead(settings.lens, size[0] / size[1], frame.native_lens)
            self.depth.ahead(*size)
            self.defocus.ahead(*size, settings.quality)
            if frame.matte is not None:
                self.mattes.ahead(*size)
            if breathing.shows(breathing.of_frame(frame, settings.lens, settings.focus_m), size[0]):
                self.breathing.ahead(*size)
        if SoftFocusHalo.of(settings.lens, frame.native_lens).shows(size[0]):
            self.soft_focus.ahead(*size)

    @property
    def is_preparing(self) -> bool:
        """Whether a thread of `prepare` still works."""
        return self.developer.is_preparing or any(stages.is_making for stages in self._optics)

    def reset(self, *, metered: bool = False) -> None:
        """Discards the memory of earlier frames; with `metered`, also the measured exposure and white balance."""
        self.developer.reset(metered=metered)
        self._steadied = self._ready = self.depth_m = None

    def release(self) -> None:
        """Releases all stages; a second call has no effect."""
        self.developer.release()
        for stages in (self._stereo_pairs, *self._optics):
            stages.release()
