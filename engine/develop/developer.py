"""A frame, whatever its numbers mean, to scene-linear Rec.2020 planes on the device."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..camera import CameraProfile
from ..compute.device import Device
from ..compute.planes import Planes
from ..frame import Encoding, Frame
from .balance import WhiteBalance
from .development import Development
from .metering import Exposure, Metering
from .mosaic import MosaicChain
from .picture import PictureChain
from .sharpen import Sharpen


class Developer:
    """Develops frames on one device: what it allocated and compiled for the last one serves the next of its kind."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._key: tuple[Any, ...] | None = None
        self._chain: MosaicChain | PictureChain | None = None
        self._sharpen: Sharpen | None = None
        self._balance: tuple[str, WhiteBalance] | None = None
        self._exposure = Exposure()
        self.exposure_ev = 0.0  # of the frame developed last, what was metered included

    @staticmethod
    def size_of(frame: Frame, development: Development) -> tuple[int, int]:
        """(width, height) of the scene planes that `develop` makes of a frame."""
        return MosaicChain.size_of(frame, development) if frame.encoding is Encoding.MOSAIC else frame.size

    def develop(self, frame: Frame, development: Development) -> Planes:
        """Queues the work and returns the scene planes, which the next call overwrites.

        Scene-linear Rec.2020, three channels, border not yet mirrored. `half` gives half the size for a mosaic.
        """
        if self._balance is None or self._balance[0] != development.white_balance:
            self._balance = development.white_balance, WhiteBalance(development.white_balance)
        profile = self._balance[1].of(frame)
        metered_ev = self._exposure.of(frame, profile, Metering.parse(development.metering))
        self.exposure_ev = development.exposure_ev + metered_ev
        matrix = profile.camera_to_scene * 2.0 ** (profile.exposure_ev + self.exposure_ev)
        chain = self._chain_for(frame, development)
        if isinstance(chain, MosaicChain):
            chain.run(frame, profile, matrix, development)
        else:  # the picture has its own balance already
            chain.run(frame, matrix * (np.array(profile.white_balance) / frame.profile.white_balance))
        return self._sharpened(chain.scene, profile, development)

    def _sharpened(self, scene: Planes, profile: CameraProfile, development: Development) -> Planes:
        if development.sharpen == 0:
            return scene
        if self._sharpen is None or self._sharpen.scene is not scene:
            self._release_sharpen()
            self._sharpen = Sharpen(scene)
        # In the domain of the square root shot noise is even; brightening raises it by its own root.
        shot = 0.0 if profile.noise is None else profile.noise.shot
        brighter = 2.0 ** (profile.exposure_ev + self.exposure_ev)
        self._sharpen.run(development.sharpen, noise=0.5 * (shot * brighter) ** 0.5)
        return self._sharpen.output

    def _chain_for(self, frame: Frame, development: Development) -> MosaicChain | PictureChain:
        is_mosaic = frame.encoding is Encoding.MOSAIC
        key = MosaicChain.key(frame, development) if is_mosaic else PictureChain.key(frame)
        if self._chain is None or key != self._key:
            self.release()
            self._chain = (
                MosaicChain(self._device, frame, development) if is_mosaic else PictureChain(self._device, frame)
            )
            self._key = key
        return self._chain

    def release(self) -> None:
        """Gives everything back; harmless when done twice."""
        if self._chain is not None:
            self._chain.release()
        self._chain, self._key = None, None
        self._release_sharpen()

    def _release_sharpen(self) -> None:
        if self._sharpen is not None:
            self._sharpen.release()
        self._sharpen = None
