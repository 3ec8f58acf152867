"""Depth from the stereo pair of a frame: grey conversion, downscaling for real-time matching, disparity to metres."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..compute.device import Device
from ..compute.planes import Planes
from ..errors import SourceError
from ..frame import Encoding, Frame, RelativeRig, StereoRig
from ..optics.defocus import Quality
from ..packing import unpack
from .stereo import MAX_DISPARITIES, StereoDepth, disparities_for

# Standard deviation of a disparity, in pixels of the matched pictures (measured on a real pair and on synthetic ones).
_NOISE_PX = 0.25
# Default maximum disparity, as a fraction of the width. Closer objects are out of focus in any lens.
_DISPARITY_OF_WIDTH: dict[Quality, float] = {"live": 1 / 8, "best": 1 / 4}
# Maximum product of disparities and pixels per frame. On two CPU cores a million takes about half a millisecond.
_MAX_COST_BYTES: dict[Quality, float] = {"live": 12e6, "best": 200e6}


class StereoPairDepth:
    """Matches the pairs of frames of any size; reallocates if the size changes.

    Large pictures are downscaled to a half, a third, etc. for real-time matching, colour mosaics at least to a half,
    since a photosite has one colour. `noise` is the standard deviation of the depth relative to the depth, at the
    median of the first pair.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._stereo: StereoDepth | None = None
        self._numbers: Any = None
        self._key: tuple[Any, ...] = ()
        self._step = 1
        self.noise = 0.0
        self._scale: StereoRig | None = None  # the frames' own rig, or the metric equivalent of a RelativeRig
        self._matched: tuple[NDArray[Any], NDArray[Any], NDArray[np.float32]] | None = None  # left, right, depth

    def depth_m(self, frame: Frame, quality: Quality) -> NDArray[np.float32]:
        """(h, w) float32 metres for the whole picture of the frame, before its orientation is applied.

        Raises SourceError without a right picture or without a rig.
        """
        if frame.right is None or frame.rig is None:
            raise SourceError(
                f"{frame.name or 'frame'}: not a stereo pair; add its right picture and a StereoRig or RelativeRig"
            )
        left, right = (_samples(frame, pixels) for pixels in (frame.pixels, frame.right))
        stereo = self._stereo_for(frame, left, frame.rig, quality)
        if self._matched is not None and self._matched[0] is frame.pixels and self._matched[1] is frame.right:
            return self._matched[2]  # the same pair again, as for a still
        depth_m = self._metres(self._match(frame, left, right, stereo), frame.rig)
        self._matched = frame.pixels, frame.right, depth_m
        return depth_m

    def _match(self, frame: Frame, left: NDArray[Any], right: NDArray[Any], stereo: StereoDepth) -> NDArray[np.float32]:
        """Disparities in pixels of the frame's picture."""
        # A copy to the device waits for queued work, so both may share the memory.
        self._make_grey(frame, left, stereo.left)
        self._make_grey(frame, right, stereo.right)
        stereo.match()
        return stereo.disparity.read()[..., 0] * self._step

    def _metres(self, disparity: NDArray[np.float32], rig: StereoRig | RelativeRig) -> NDArray[np.float32]:
        if self._scale is None:
            # The scale is set by the first pair only: if it followed each frame, static objects would move.
            low, high = (float(limit) for limit in np.percentile(disparity, (1, 99)))
            self._scale = rig if isinstance(rig, StereoRig) else rig.from_disparities(low, max(high, low + 1))
            visible_px = float(np.median(disparity)) + self._scale.doffs_px
            self.noise = _NOISE_PX * self._step / max(visible_px, self._step)
        return self._scale.depth_m(disparity)

    def _stereo_for(
        self, frame: Frame, left: NDArray[Any], rig: StereoRig | RelativeRig, quality: Quality
    ) -> StereoDepth:
        key = (left.shape, left.dtype, frame.encoding, frame.cfa, rig, quality)
        if self._stereo is None or key != self._key:
            self.release()
            step, max_disparity = _downscale_for(frame, rig, quality)
            width, height = (side // step for side in frame.size)
            if min(width, height) < 1:
                raise SourceError(f"{frame.name or 'frame'}: {frame.width}x{frame.height} is too small for matching")
            self._stereo = StereoDepth(self._device, width, height, max_disparity)
            self._numbers = self._device.allocate(left.nbytes)
            self._key, self._step = key, step
        return self._stereo

    def _make_grey(self, frame: Frame, pixels: NDArray[Any], grey: Planes) -> None:
        black, white, is_light = 0.0, 1.0, True
        if frame.encoding is Encoding.MOSAIC:
            black, white = float(np.mean(frame.profile.black)), frame.profile.white
        elif frame.encoding is Encoding.DISPLAY:
            white, is_light = float(np.iinfo(pixels.dtype).max), False
        elif frame.yuv is not None:
            (black, white), is_light = frame.yuv.luma_levels, False
        samples = 1 if pixels.ndim == 2 else 3
        numbers = {"uint8": "u8", "uint16": "u16", "float32": "f32"}[pixels.dtype.name]
        self._device.write(self._numbers, pixels)
        width, height = grey.size
        self._device.run(
            "stereo_grey.cl", f"grey_{numbers}", (-(-width // 32) * 32, height), (32, 1), numbers=self._numbers,
            grey=grey.buffer, width=width, row=frame.width * samples, samples=samples, step=self._step,
            pitch=grey.layout.pitch, gain=1.0 / (self._step**2 * (white - black)), black=black / (white - black),
            is_light=int(is_light),
        )  # fmt: skip

    def release(self) -> None:
        if self._stereo is not None:
            self._stereo.release()
            self._device.release(self._numbers)
        self._stereo, self._numbers, self._scale, self._matched = None, None, None, None


def _samples(frame: Frame, pixels: NDArray[Any]) -> NDArray[Any]:
    """The mosaic, the picture, or the luma of a YUV picture."""
    if frame.yuv is not None:
        return np.ascontiguousarray(frame.yuv.planes(pixels)[0])
    return unpack(pixels, frame.packing, frame.width)


def _downscale_for(frame: Frame, rig: StereoRig | RelativeRig, quality: Quality) -> tuple[int, float]:
    """Side of the pixel squares that are averaged before matching, and the resulting maximum disparity."""
    max_disparity = rig.max_disparity or max(_DISPARITY_OF_WIDTH[quality] * frame.width, 16)
    max_disparity = min(max_disparity, frame.width)
    # A square must contain all colours in their proportions.
    colours = {"mono": 1, "bayer": 2, "quad": 4, "xtrans": 3}[frame.cfa.kind]
    multiple = colours if frame.encoding is Encoding.MOSAIC else 1
    step = multiple
    while True:
        width, height, disparity = frame.width // step, frame.height // step, max(max_disparity / step, 1.0)
        costs = width * height * disparities_for(disparity, width)
        if (disparity < MAX_DISPARITIES - 1 and costs <= _MAX_COST_BYTES[quality]) or min(width, height) < 2 * multiple:
            return step, min(disparity, MAX_DISPARITIES - 1)
        step += multiple
