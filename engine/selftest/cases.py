"""The cases of the self test, the simplest first: one stage, then lenses and sizes, then looks.

A kernel is attributed to the first case that launches it. A test compares the launched kernels with the library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..cfa import BAYER_PATTERNS, XTRANS, Cfa
from ..compute.planes import Planes
from ..depth.maps import DepthMap
from ..depth.monocular import MonocularDepth
from ..depth.stereo_pair import StereoPairDepth
from ..develop.demosaic import METHODS
from ..develop.development import Development
from ..engine import Engine
from ..frame import Frame
from ..lens import Lens, list_lenses
from ..look.look import list_looks
from ..optics.defocus import QUALITIES
from ..packing import Packing
from ..settings import Settings
from ..yuv import YuvLayout
from .frames import (
    coarse_depth_frame,
    light_of,
    mapped_frame,
    mosaic_frame,
    moving_frames,
    picture_frame,
    stereo_frame,
    with_matte,
    yuv_frame,
)

Unit = Literal["light", "picture", "metres"]
STAGE_SIZE = (45, 31)  # odd, and not a multiple of a tile
LENS_SIZES = ((320, 180), (33, 25), (641, 363), (960, 540))
LARGE = (1920, 1080)
WIDE_HALO = ("soft-90", (960, 540))  # it takes two scales
# Every way in which kernels/yuv.cl is built for a camera: the step of the samples, their size, and the chroma's.
YUV = (
    *((YuvLayout.YUYV, 8), (YuvLayout.UYVY, 8), (YuvLayout.NV12, 8), (YuvLayout.NV12, 10), (YuvLayout.I420, 8)),
    *((YuvLayout.I422, 8), (YuvLayout.I444, 8), (YuvLayout.I440, 8)),
)
PLAIN = Settings(look="neutral", lens=Lens(f_number=16.0, name="plain"))


@dataclass(frozen=True, slots=True)
class Case:
    """A computation with a result that all devices share.

    `run` returns scene light (H, W, 3) float32, a picture (H, W, 3) uint8, or metres (H, W) float32, as given by
    `unit`. `route` draws the look. --quick leaves out cases not `is_quick`. Those `in_reference` ship a result.
    """

    name: str
    run: Callable[[Engine], NDArray[Any]]
    unit: Unit = "light"
    route: Literal["gl", "kernel"] = "gl"
    is_quick: bool = True
    in_reference: bool = True


def list_cases(*, quick: bool = False) -> list[Case]:
    """All cases, in the order of the table."""
    return [case for case in _all_cases() if case.is_quick or not quick]


@cache
def _all_cases() -> tuple[Case, ...]:
    return (*_stages(), *_depths(), *_lenses(), *_looks())


def _light(*frames: Frame, settings: Settings) -> Callable[[Engine], NDArray[Any]]:
    def run(engine: Engine) -> NDArray[Any]:
        return [engine.scene(frame, settings) for frame in frames][-1]

    return run


def _stage(name: str, *frames: Frame, scale: float = 1.0, **development: Any) -> Case:
    return Case(name, _light(*frames, settings=PLAIN.with_(development=Development(**development), scale=scale)))


def _stages() -> Iterator[Case]:
    yield Case("copy", _copied)
    yield Case("linearize floats", _linearized_floats)
    yield Case("arithmetic", _multiplied)
    frame = mosaic_frame(STAGE_SIZE)
    for dtype in (np.uint8, np.uint16, np.float32):
        yield _stage(f"picture {np.dtype(dtype).name}", picture_frame(STAGE_SIZE, dtype))
    for layout, bits in YUV:
        yield _stage(f"yuv {layout.value} {bits} bit", yuv_frame(STAGE_SIZE, layout, bits))
    for method in ("bilinear", *(method for method in METHODS if method != "bilinear")):
        yield _stage(f"demosaic {method}", frame, demosaic=method, highlights="clip")
    for packing in Packing:
        if packing not in (Packing.U16, Packing.U16_ROWS, Packing.U16_SWAPPED):
            packed = mosaic_frame(STAGE_SIZE, packing=packing)
            yield _stage(f"packing {packing.value}", packed, demosaic="bilinear", highlights="clip")
    for pattern in BAYER_PATTERNS[1:]:
        yield _stage(f"pattern {pattern}", mosaic_frame(STAGE_SIZE, Cfa(pattern)), highlights="clip")
    yield _stage("pattern mono", mosaic_frame(STAGE_SIZE, Cfa("MONO")), highlights="clip")
    yield _stage("pattern x-trans", mosaic_frame(STAGE_SIZE, Cfa(XTRANS)), highlights="clip")
    quad = mosaic_frame((64, 44), Cfa("RGGB", 2))
    for mode in ("bin", "remosaic"):
        yield _stage(f"quad-bayer {mode}", quad, quad=mode, highlights="clip")
    settings: dict[str, dict[str, Any]] = {
        "defects": {"defects": "auto"},
        "aberration": {"aberration": "0.4,-0.3"},
        "denoise": {"denoise": 1.0},
        "sharpen": {"sharpen": 1.0},
    }
    for name, changed in settings.items():
        yield _stage(name, frame, highlights="clip", **changed)
    yield _stage("temporal", *moving_frames(frame), highlights="clip", temporal=1.0)
    yield _stage("maps and listed defects", mapped_frame(STAGE_SIZE), highlights="clip")
    yield _stage("highlights", frame, highlights="rebuild")
    every = Development().with_all_stages()
    for size in (STAGE_SIZE, (322, 182)):
        frames = moving_frames(mosaic_frame(size))
        run = _light(*frames, settings=PLAIN.with_(development=every))
        yield Case(f"all raw stages {size[0]}x{size[1]}", run, in_reference=size == STAGE_SIZE)
    for scale in (0.75, 0.5, 0.3, 0.25):
        yield _stage(f"scale {scale}", mosaic_frame((120, 80)), scale=scale)
    yield _stage("yuv at scale 0.5", yuv_frame((120, 80), YuvLayout.NV12), scale=0.5)


def _depths() -> Iterator[Case]:
    lens = Settings(look="neutral", lens=Lens(name="plain"), focus_m=1.5)
    frame = mosaic_frame(STAGE_SIZE)
    for dtype in (np.uint8, np.uint16, np.float32):
        yield Case(f"stereo {np.dtype(dtype).name}", partial(_stereo, stereo_frame(dtype)), "metres")
    yield Case("depth for a model", _for_model)
    yield Case("small depth map with holes", _light(coarse_depth_frame((120, 80)), settings=lens))
    deep = mosaic_frame((120, 80), depth=True)
    for scale in (0.5, 0.25):
        yield Case(f"depth at scale {scale}", _light(deep, settings=lens.with_(scale=scale)))
    yield Case("depth steadying", _light(*moving_frames(frame), settings=lens))


def _lenses() -> Iterator[Case]:
    frame = mosaic_frame(STAGE_SIZE, depth=True)
    plain = Settings(look="neutral", lens=Lens(name="plain"), focus_m=1.5)
    yield Case("defocus", _light(frame, settings=plain))
    yield Case("defocus with mixed pixels", _light(frame, settings=plain.with_(quality="best")))
    yield Case("matte", _light(with_matte(frame), settings=plain.with_(focus_m=0.8)))
    for size in LENS_SIZES:
        for lens in list_lenses():
            for quality in QUALITIES:
                name = f"{lens} {quality} {size[0]}x{size[1]}"
                quick = quality == "live" and (size == LENS_SIZES[0] or (lens, size) == WIDE_HALO)
                yield Case(name, partial(_through, lens, quality, size), is_quick=quick, in_reference=False)
    for lens in list_lenses():
        settings = Settings(look="neutral", lens=lens, focus_m=1.5)
        yield Case(f"{lens} live {STAGE_SIZE[0]}x{STAGE_SIZE[1]}", _light(frame, settings=settings))
    large = partial(_through, "noct-50", "live", LARGE)
    yield Case(f"noct-50 live {LARGE[0]}x{LARGE[1]}", large, is_quick=False, in_reference=False)


def _looks() -> Iterator[Case]:
    frame = mosaic_frame(STAGE_SIZE, depth=True)
    routes: tuple[Literal["gl", "kernel"], ...] = ("gl", "kernel")
    for look in list_looks():
        settings = Settings(look=look, lens="noct-50", focus_m=1.5)
        for route in routes:
            quick = route == "gl" or look == "classic"
            yield Case(f"look {look} by {route}", partial(_picture, frame, settings), "picture", route, quick, quick)


def _through(lens: str, quality: Any, size: tuple[int, int], engine: Engine) -> NDArray[Any]:
    return engine.scene(mosaic_frame(size, depth=True), Settings("neutral", lens=lens, focus_m=1.5, quality=quality))


def _picture(frame: Frame, settings: Settings, engine: Engine) -> NDArray[Any]:
    return engine.render(frame, settings)


def _stereo(frame: Frame, engine: Engine) -> NDArray[Any]:
    with ExitStack() as stack:
        pairs = StereoPairDepth(engine.device)
        stack.callback(pairs.release)
        return pairs.depth_m(frame, "live")


def _copied(engine: Engine) -> NDArray[Any]:
    with ExitStack() as stack:
        source, to = (Planes(engine.device, *STAGE_SIZE, 1) for _ in range(2))
        stack.callback(source.release)
        stack.callback(to.release)
        source.write(light_of(STAGE_SIZE)[..., :1].astype(np.float32))
        to.run("copy.cl", "copy", source=source.buffer, to=to.buffer)
        return to.read()


def _linearized_floats(engine: Engine) -> NDArray[Any]:
    device, light = engine.device, np.ascontiguousarray(light_of(STAGE_SIZE)[..., 0], np.float32)
    with ExitStack() as stack:
        mosaic, buffer = Planes(device, *STAGE_SIZE, 1), device.allocate(light.nbytes)
        stack.callback(mosaic.release)
        stack.callback(device.release, buffer)
        device.write(buffer, light)
        mosaic.run("linearize.cl", "linearize_float", light=buffer, mosaic=mosaic.buffer, encoded=1)
        return mosaic.read()


def _multiplied(engine: Engine) -> NDArray[Any]:
    """The sums of the benchmark, after enough rounds to be independent of their start."""
    device, count = engine.device, 1024
    with ExitStack() as stack:
        buffer = device.allocate(4 * count)
        stack.callback(device.release, buffer)
        size = (count // device.run_length,)
        device.run("peak.cl", "multiply_add", size, (64,), to=buffer, rounds=40, factor=0.5, term=0.02)
        return device.read(buffer, np.float32, count).reshape(1, count, 1)


class _PictureAsDepth:
    """A depth model whose result is its input, in rows."""

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        return width // 2, height // 2

    def depth_of(self, picture: NDArray[np.float32]) -> DepthMap:
        return DepthMap(picture.reshape(-1, picture.shape[2]))

    def stop(self) -> None:
        pass


def _for_model(engine: Engine) -> NDArray[Any]:
    with ExitStack() as stack:
        depth, scene = MonocularDepth(_PictureAsDepth), Planes(engine.device, *STAGE_SIZE, 3)
        stack.callback(scene.release)
        stack.callback(depth.release)
        scene.write(light_of(STAGE_SIZE).astype(np.float32))
        return depth.depth_of(scene, "case", engine.clock).depth_m
