"""What travels from capture to display: a frame, its colour filter array and its camera's profile."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import SourceError

if TYPE_CHECKING:
    from .optics.lens import Lens

BAYER_PATTERNS = ("RGGB", "BGGR", "GRBG", "GBRG")

# ITU-R BT.2020 and BT.709 primaries, both D65: linear Rec.709 (sRGB) to linear Rec.2020 (ITU-R BT.2087-0, table 2,
# recomputed from the primaries to full precision).
REC709_TO_REC2020 = np.array(
    [
        [0.6274038959, 0.3292830384, 0.0433130657],
        [0.0690972894, 0.9195403951, 0.0113623156],
        [0.0163914389, 0.0880133079, 0.8955952532],
    ],
    dtype=np.float64,
)
REC2020_TO_REC709 = np.linalg.inv(REC709_TO_REC2020)


@dataclass(frozen=True, slots=True)
class Cfa:
    """A 2x2 Bayer colour filter array, named by its top-left block in reading order.

    `red_x` and `red_y` (0 or 1) are the column and row of the red site in that block.
    """

    pattern: str = "RGGB"

    def __post_init__(self) -> None:
        if self.pattern not in BAYER_PATTERNS:
            raise SourceError(f"CFA '{self.pattern}' is not a Bayer order; use one of {', '.join(BAYER_PATTERNS)}")

    @property
    def red_x(self) -> int:
        return self.pattern.index("R") % 2

    @property
    def red_y(self) -> int:
        return self.pattern.index("R") // 2

    def cropped(self, left: int, top: int) -> Cfa:
        """The CFA seen after `left` columns and `top` rows are cut away."""
        sites = np.array(list(self.pattern)).reshape(2, 2)
        return Cfa("".join(np.roll(sites, (-top, -left), axis=(0, 1)).ravel()))

    def channels(self) -> NDArray[np.intp]:
        """(2, 2) channel index of each site: 0 red, 1 green, 2 blue."""
        return np.array(["RGB".index(c) for c in self.pattern], dtype=np.intp).reshape(2, 2)


@dataclass(frozen=True, slots=True)
class CameraProfile:
    """How a camera's numbers become scene light.

    `black` and `white` are sensor values; `black` has one entry a CFA site, in reading order of the 2x2 block.
    `white_balance` multiplies camera red, green, blue (green is 1). `camera_to_scene` (3, 3) maps white-balanced
    camera RGB to linear Rec.2020, D65. `exposure_ev` is applied after the matrix.
    """

    black: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    white: float = 65535.0
    white_balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    camera_to_scene: NDArray[np.float64] = field(default_factory=lambda: REC709_TO_REC2020.copy())
    exposure_ev: float = 0.0

    def __post_init__(self) -> None:
        if not self.white > max(self.black):
            raise SourceError(f"white level {self.white:g} is not above black level {max(self.black):g}")


def upright(stored: NDArray[Any], orientation: int) -> NDArray[Any]:
    """A (H, W, ...) array as it is seen, from how a file of this EXIF orientation (1 to 8) stores it. A view."""
    match orientation:
        case 2:
            return stored[:, ::-1]
        case 3:
            return stored[::-1, ::-1]
        case 4:
            return stored[::-1]
        case 5:
            return np.swapaxes(stored, 0, 1)
        case 6:
            return np.rot90(stored, -1)
        case 7:
            return np.swapaxes(stored[::-1, ::-1], 0, 1)
        case 8:
            return np.rot90(stored)
        case _:
            return stored


class Encoding(enum.Enum):
    """What the numbers of a frame mean."""

    MOSAIC = "mosaic"  # (H, W) uint16, linear sensor values behind a CFA
    DISPLAY = "display"  # (H, W, 3) uint8 or uint16, sRGB-encoded
    SCENE = "scene"  # (H, W, 3) float32, scene-linear, in the camera's RGB: `profile.camera_to_scene` applies


# Shape behind (H, W), and the numbers that fit.
_PIXELS: dict[Encoding, tuple[tuple[int, ...], tuple[str, ...]]] = {
    Encoding.MOSAIC: ((), ("uint16",)),
    Encoding.DISPLAY: ((3,), ("uint8", "uint16")),
    Encoding.SCENE: ((3,), ("float32",)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture on its way through the house; never changed once it is made.

    `pixels` is C-contiguous, its shape and dtype given by `encoding`. `depth_m` is the distance to each pixel in
    metres, (H, W) float32, or None where nothing is known. `native_lens` took the picture, where that is known: a
    virtual lens adds only the blur that it lacks. `time_s` is the presentation time since the source's first frame;
    `arrived_s` is `time.perf_counter()` at hand-over. `orientation` is the EXIF value (1 to 8) still to be applied.
    Raises SourceError where shapes or dtypes do not fit: kernels would read something else, or beyond the end.
    """

    pixels: NDArray[Any]
    encoding: Encoding = Encoding.MOSAIC
    cfa: Cfa = Cfa()
    profile: CameraProfile = field(default_factory=CameraProfile)
    depth_m: NDArray[np.float32] | None = None
    native_lens: Lens | None = None
    native_focus_m: float | None = None
    index: int = 0
    time_s: float = 0.0
    arrived_s: float = 0.0
    orientation: int = 1
    name: str = ""

    def __post_init__(self) -> None:
        channels, dtypes = _PIXELS[self.encoding]
        if self.pixels.ndim < 2 or self.pixels.shape[2:] != channels or self.pixels.dtype not in dtypes:
            raise SourceError(
                f"{self.name or 'frame'}: {self.pixels.shape} {self.pixels.dtype} is no {self.encoding.value}; "
                f"give (H, W{', 3' if channels else ''}) {' or '.join(dtypes)}"
            )
        depth_m = self.depth_m
        if depth_m is not None and (depth_m.shape != self.pixels.shape[:2] or depth_m.dtype != np.float32):
            raise SourceError(
                f"{self.name or 'frame'}: depth {depth_m.shape} {depth_m.dtype} does not fit pixels "
                f"{self.pixels.shape[:2]}; give one float32 distance in metres a pixel"
            )

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, before `orientation`."""
        return self.width, self.height

    def upright(self) -> Frame:
        """The frame with its orientation applied: pixels, depth and CFA turned, exactly and before anything else."""
        if self.orientation == 1:
            return self
        turned = replace(
            self,
            pixels=np.ascontiguousarray(upright(self.pixels, self.orientation)),
            depth_m=None if self.depth_m is None else np.ascontiguousarray(upright(self.depth_m, self.orientation)),
            orientation=1,
        )
        if self.encoding is not Encoding.MOSAIC:
            return turned
        # Which site comes to lie first depends on whether the sides are odd: turn a small array that is as odd.
        site = np.arange(4).reshape(2, 2)
        small = np.tile(site, (2, 2))[: 2 + self.height % 2, : 2 + self.width % 2]
        first = upright(small, self.orientation)[:2, :2].ravel()
        black = [self.profile.black[index] for index in first]
        return replace(
            turned,
            cfa=Cfa("".join(self.cfa.pattern[index] for index in first)),
            profile=replace(self.profile, black=(black[0], black[1], black[2], black[3])),
        )
