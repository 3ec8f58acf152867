"""Development of a frame of any encoding to scene-linear Rec.2020 planes on the device."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import NamedTuple

from ..camera import CameraProfile
from ..compute.device import Device
from ..compute.planes import Planes
from ..compute.stage_cache import StageCache
from ..frame import Frame
from ..kept import Kept
from .balance import WhiteBalance
from .development import RAW_STAGES, Development, development_at, drawn_size, scene_size
from .estimates import Estimates
from .metering import Exposure, Metering
from .resize import Resize
from .stages import Chain

PLANS_KEPT = 16
LARGE_STILL = 40_000_000  # samples; the planes of such a mosaic and the textures of its picture together take gigabytes


class Plan(NamedTuple):
    """How frames of a kind are developed.

    `size` is that of the scene, (width, height); `development` may halve it; `key` is that of the chain.
    """

    size: tuple[int, int]
    development: Development
    key: Hashable


class Developer:
    """Develops frames on one device. It reuses the buffers and programs of a frame for later frames of the same kind.

    Frames of a few kinds and sizes may alternate. The stages of the least recently used kind are released.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._chains = StageCache(self._make)
        self._resizes = StageCache(partial(Resize, device))
        self._requests: dict[Hashable, tuple[Frame, Development]] = {}  # the frame and settings of the chain to make
        self._last: tuple[Hashable, Chain] | None = None
        self._spent: Hashable | None = None  # the key of the chain of which only the scene planes are left
        self._plans: Kept[Plan] = Kept(PLANS_KEPT)
        self._balance: tuple[str, WhiteBalance] | None = None
        self._exposure, self._estimates = Exposure(), Estimates()
        self.exposure_ev = (0.0, 0.0)  # the latest frame's: applied, and wanted of the camera

    def size_of(self, frame: Frame, development: Development, scale: float = 1.0) -> tuple[int, int]:
        """(width, height) of the scene planes that `develop` makes from a frame."""
        return self._plan(frame, development, scale).size

    def _plan(self, frame: Frame, development: Development, scale: float) -> Plan:
        def make() -> Plan:
            developed = development_at(frame, development, scale)
            return Plan(drawn_size(frame, development, scale), developed, Chain.key(RAW_STAGES, frame, developed))

        return self._plans.found((*frame.kind, development, scale), make)

    def develop(self, frame: Frame, development: Development, scale: float = 1.0) -> Planes:
        """Queues the kernels and returns the scene planes, which the next call overwrites.

        Scene-linear Rec.2020, three channels, border not yet mirrored. `half` and `quarter` reduce its size.
        """
        plan = self._plan(frame, development, scale)
        chain = self._chain_for(frame, plan)
        chain.load(frame)
        profile = self.meter(frame, development)
        brightness = 2.0 ** (profile.exposure_ev + self.exposure_ev[0])
        scene = chain.run(frame, profile, plan.development, brightness)
        return scene if scene.size == plan.size else self._resizes.get(scene.size, plan.size).run(scene)

    def meter(self, frame: Frame, development: Development) -> CameraProfile:
        """Lets white balance and exposure follow an upright frame. Returns its balanced profile."""
        if self._balance is None or self._balance[0] != development.white_balance:
            self._balance = development.white_balance, WhiteBalance(development.white_balance)
        profile = self._balance[1].of(frame)
        metered_ev = self._exposure.of(frame, profile, Metering.parse(development.metering))
        self.exposure_ev = development.exposure_ev + metered_ev, development.exposure_ev + self._exposure.wanted_ev
        return profile

    def prepare(self, frame: Frame, development: Development, scale: float = 1.0) -> None:
        """Begins to allocate, in a thread, what `develop` needs for such frames; returns at once."""
        size, development, key = self._plan(frame, development, scale)
        if not self._chains.has(key):
            self._requests[key] = frame, development
            self._chains.ahead(key)
        developed = scene_size(frame, development)
        if developed != size:
            self._resizes.ahead(developed, size)

    @property
    def is_preparing(self) -> bool:
        """Whether `prepare` has not ended."""
        return self._chains.is_making

    def finish_still(self, frame: Frame) -> None:
        """Releases what developed a large frame, apart from its scene planes. The next such frame allocates again."""
        if self._last is not None and frame.pixels.size > LARGE_STILL:
            self._spent, chain = self._last
            chain.release_all_but_output()

    def drop_still(self) -> None:
        """Releases what is left of a large frame: its scene planes."""
        if self._spent is not None:
            self._chains.drop(self._spent)
            self._spent = self._last = None

    def _chain_for(self, frame: Frame, plan: Plan) -> Chain:
        self.drop_still()
        if not self._chains.has(plan.key):
            self._requests[plan.key] = frame, plan.development
        chain = self._chains.get(plan.key)
        self._requests.pop(plan.key, None)
        if self._last is None or chain is not self._last[1]:
            chain.reset()
            self._last = plan.key, chain
        return chain

    def reset(self, *, metered: bool = False) -> None:
        """Discards the memory of earlier frames. Call it when the source changes.

        With `metered`, also the exposure and the white balance that were measured.
        """
        self._last = None
        self._estimates.reset()
        if metered:
            self._balance, self._exposure = None, Exposure()

    def _make(self, key: Hashable) -> Chain:
        return Chain(self._device, RAW_STAGES, *self._requests.pop(key), self._estimates)

    def release(self) -> None:
        """Releases all stages; safe to call twice."""
        self._chains.release()
        self._resizes.release()
        self._last = None
