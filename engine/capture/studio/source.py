"""The source `scene:`: the built-in studio as Bayer mosaics with metric depth.

All frames are rendered in advance into a ring, which is played back and forth without end.
"""

from __future__ import annotations

import itertools
import math
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from ...cfa import Cfa
from ...errors import SourceError
from ...frame import Frame
from ..base import BaseSource
from .render import SWAY_M, Studio
from .sensor import STUDIO_CAMERA, expose

PREFIX = "scene:"
SIZE_MIN, SIZE_MAX = 64, 8192
RING_BYTES = 290e6
POSES_MIN, POSES_MAX = 4, 24
POSES_PER_S = 30.0  # rate of the sway; a higher frame rate uses several exposures of each pose
FULL_SWAY_POSES = 20  # a ring of fewer poses has a smaller sway, for the same speed
THREADS = 2


@dataclass(frozen=True, slots=True)
class SceneOptions:
    """Options of the scene. `noise` scales read noise and shot noise: 0 is none, 1 a full-frame camera at base ISO."""

    size: tuple[int, int] = (1920, 1080)
    fps: float = 60.0
    noise: float = 1.0
    seed: int = 7

    @classmethod
    def parse(cls, source: str) -> Self:
        """Parse `scene:?size=1920x1080&fps=60&noise=1&seed=7`. Every key is optional. Raises SourceError."""
        query = source.removeprefix(PREFIX)
        if not source.startswith(PREFIX) or (query and not query.startswith("?")):
            raise SourceError(
                f"{source}: invalid name of the built-in scene; use scene: or scene:?size=1920x1080&fps=60"
            )
        readers = {"size": _size, "fps": _fps, "noise": _noise, "seed": _seed}
        chosen = {}
        for key, text in parse_qsl(query[1:], keep_blank_values=True):
            if key not in readers:
                raise SourceError(f"{PREFIX} has no key '{key}'; the keys are {', '.join(readers)}")
            chosen[key] = readers[key](text)
        return cls(**chosen)  # type: ignore[arg-type]


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,6})x(\d{1,6})", text)
    if match is None:
        raise SourceError(f"{PREFIX} size '{text}' is not WIDTHxHEIGHT, as in size=1920x1080")
    width, height = int(match[1]), int(match[2])
    if not (SIZE_MIN <= width <= SIZE_MAX and SIZE_MIN <= height <= SIZE_MAX):
        raise SourceError(f"{PREFIX} size {text} is outside {SIZE_MIN}x{SIZE_MIN} to {SIZE_MAX}x{SIZE_MAX}")
    return width, height


def _number(key: str, text: str, low: float, high: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        raise SourceError(f"{PREFIX} {key} '{text}' is not a number from {low:g} to {high:g}")
    return number


def _fps(text: str) -> float:
    return _number("fps", text, 1, 1000)


def _noise(text: str) -> float:
    return _number("noise", text, 0, 100)


def _seed(text: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text):
        raise SourceError(f"{PREFIX} seed '{text}' is not a whole number of 0 or more")
    return int(text)


class SceneSource(BaseSource):
    """An endless source of raw frames of the built-in studio, with exact depth. A seed always gives the same frames.

    The camera sways from side to side. Successive frames have different noise, unless `noise` is 0.
    """

    name = PREFIX
    frames = None

    def __init__(self, source: str = PREFIX) -> None:
        """Make the ring: about three seconds for 1920x1080 on two cores. Raises SourceError for an invalid `source`."""
        self.options = SceneOptions.parse(source)
        self.size = self.options.size
        self.fps: float = self.options.fps
        self._ring = _make_ring(self.options)

    @property
    def period(self) -> int:
        """The number of frames of the ring, after which they repeat."""
        return len(self._ring)

    def __iter__(self) -> Iterator[Frame]:
        """Yields frames without end, from one end of the sway. Nothing is rendered or copied here."""
        for index in itertools.count():
            if not self._ring:
                return
            mosaic, depth_m = self._ring[index % len(self._ring)]
            yield Frame(
                mosaic,
                cfa=Cfa("RGGB"),
                profile=STUDIO_CAMERA,
                depth_m=depth_m,
                index=index,
                time_s=index / self.fps,
                arrived_s=time.perf_counter(),
                name=PREFIX,
            )

    def close(self) -> None:
        """Release the ring. A running iteration ends."""
        self._ring = []


Exposure = tuple[NDArray[np.uint16], NDArray[np.float32]]  # a mosaic and its depth


def plan_ring(options: SceneOptions) -> tuple[int, int]:
    """The numbers of poses and of exposures of each pose, for a ring of at most RING_BYTES."""
    exposures = max(1, round(options.fps / POSES_PER_S))
    width, height = options.size
    pose_bytes = width * height * (4 + 2 * exposures)
    return min(max(int(RING_BYTES / pose_bytes), POSES_MIN), POSES_MAX), exposures


def _make_ring(options: SceneOptions) -> list[Exposure]:
    """A full period of the sway, back and forth, as references to the exposures of its poses."""
    poses, exposures = plan_ring(options)
    width, height = options.size
    kept = exposures if options.noise > 0 else 1
    mosaics = np.empty((poses, kept, height, width), np.uint16)
    depths_m = np.empty((poses, height, width), np.float32)
    studio = Studio(width, height, sway_m=SWAY_M * min(1.0, poses / FULL_SWAY_POSES))

    def expose_pose(pose: int) -> None:
        rgb, depths_m[pose] = studio.pose(phase=pose / (poses - 1) / 2 - 0.25)
        for exposure in range(kept):
            rng = np.random.default_rng((options.seed, pose, exposure))
            scene_rgb = np.moveaxis(rgb, 0, 2)
            mosaics[pose, exposure] = expose(scene_rgb, Cfa("RGGB"), STUDIO_CAMERA, options.noise, rng)

    with ThreadPoolExecutor(THREADS, "scene") as pool:
        studio.prepare(pool)
        for _ in pool.map(expose_pose, range(poses)):
            pass
    order = [(pose, exposure % kept) for pose in range(poses) for exposure in range(exposures)]
    # The way back has the exposures of a pose in reverse order. The two end poses occur once.
    back = order[-1 - exposures : exposures - 1 : -1]
    return [(mosaics[pose, exposure], depths_m[pose]) for pose, exposure in order + back]
