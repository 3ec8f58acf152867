"""The stages as functions of NumPy arrays, with the kernels and shaders of the live picture."""

from __future__ import annotations

import inspect
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .camera import CameraProfile, NoiseProfile
from .capture import Source, open_source
from .capture.in_memory import Input, matte_of, open_input
from .capture.open import OPTIONS
from .cfa import Cfa
from .checks import NUMBER, SWITCH, TEXT, check_kinds, check_names, numeric_array, of_type, optional
from .compute.planes import Planes
from .compute.registry import open_device
from .depth.stage import DepthStage
from .depth.stereo import MAX_DISPARITIES, StereoDepth
from .develop.binning import Binning, binned_noise
from .develop.demosaic import Demosaic, check_method, demosaiced_size
from .develop.denoise import Denoise
from .develop.development import Development
from .develop.noise import estimate_noise
from .device_array import SupportsDLPack
from .engine import Engine
from .errors import SourceError
from .lens import Lens, load_lens
from .look.grade import grade as grade_scene
from .look.look import Look
from .optics.blur import Blur
from .optics.defocus import QUALITIES, Defocus, Quality
from .optics.matte import MatteStage
from .optics.soft_focus import SoftFocus, SoftFocusHalo
from .settings import DEFAULT_LENS, DEFAULT_LOOK, Settings

_DEMOSAIC = {"encode": SWITCH, "noise": optional(of_type(NoiseProfile))}
_DEFOCUS = {"lens": of_type(str, Path, Lens), "focus_m": NUMBER, "quality": TEXT}


def open(source: str | Path, **options: Any) -> Source:
    """Opens `source`: a file, a folder, or `scene:`. `options` are those of `groundglass.capture.open_source`."""
    check_names("gg.open", options, OPTIONS)
    return open_source(source, **options)


def demosaic(
    mosaic: ArrayLike,
    pattern: str = "RGGB",
    method: str = "rcd",
    *,
    encode: bool = True,
    denoise: float = 0.0,
    noise: NoiseProfile | None = None,
    device: str = "auto",
) -> NDArray[np.float32]:
    """A Bayer mosaic to RGB of the same scale.

    `mosaic` (H, W), uint16 or float32 (0 to 1), black level 0; `pattern` is its top-left 2x2 block in reading order.
    `method` is `rcd`, `best`, `lmmse`, `malvar`, `bilinear`, `half` or `quarter`. Linear light is interpolated in a
    square-root domain; use `encode=False` for a mosaic that is already display-encoded. `denoise`, 0 to 1, is the
    strength of noise reduction before the demosaic, for the profile `noise` or an estimate from the mosaic. Returns
    (H, W, 3) float32, for `half` (H // 2, W // 2, 3), for `quarter` (H // 4, W // 4, 3). Raises ValueError for a wrong
    shape, GroundglassError for a wrong name.
    """
    numbers = numeric_array("demosaic: mosaic", mosaic)
    check_kinds("demosaic", {"encode": encode, "noise": noise}, _DEMOSAIC)
    chosen_method = check_method(method)
    minimum = 4 if method == "quarter" else 2
    if numbers.ndim != 2 or min(numbers.shape) < minimum:
        raise ValueError(f"a mosaic is (H, W), at least {minimum}x{minimum}, not {numbers.shape}")
    cfa, chosen = Cfa(pattern), Development(demosaic=chosen_method, denoise=denoise)
    scale = float(np.iinfo(numbers.dtype).max) if np.issubdtype(numbers.dtype, np.integer) else 1.0
    light = np.ascontiguousarray(numbers, dtype=np.float32) / np.float32(scale)
    if chosen.demosaic == "quarter":
        light = Binning(cfa).mosaic(light)
    height, width = light.shape
    opened = open_device(device)
    try:
        planes = Planes(opened, width, height, 1)
        scene = Planes(opened, *demosaiced_size(width, height, chosen.demosaic), 3)
        buffer = opened.allocate(light.nbytes + 4 * planes.layout.pitch)
        opened.write(buffer, light)
        planes.run("linearize.cl", "linearize_float", light=buffer, mosaic=planes.buffer, encoded=int(encode))
        planes.mirror()
        if denoise > 0:
            words = np.round(np.clip(light, 0, 1) * 65535).astype(np.uint16)
            profile = noise or estimate_noise(words, CameraProfile(), cfa)
            if noise is not None and chosen.demosaic == "quarter":
                profile = binned_noise(noise)
            stage = Denoise(planes)
            stage.run(cfa, profile, strength=denoise, encoded=encode)
            planes = stage.output
        Demosaic(planes, scene, chosen.demosaic).run(cfa, np.eye(3), encode)
        return scene.read() * np.float32(scale)
    finally:
        opened.close()


def defocus(
    rgb: ArrayLike,
    depth_m: ArrayLike,
    *,
    lens: Lens | str | Path = DEFAULT_LENS,
    focus_m: float = 1.0,
    quality: Quality = "live",
    matte: ArrayLike | None = None,
    device: str = "auto",
) -> NDArray[np.float32]:
    """The picture through a thin lens: defocus and the soft focus of the lens.

    `rgb` (H, W, 3), scene-linear, in any primaries; `depth_m` (H, W) in metres, infinity allowed. The sensor spans the
    picture's width. `focus_m` is the focus distance in metres, `quality` is `live` or `best`. `matte` is the part of
    each pixel that the subject covers, (h, w) of any size, floats from 0 to 1 or integers. Focus breathing is not
    applied. Returns (H, W, 3) float32. Raises ValueError for shapes that do not match, LookError for a focus closer
    than the focal length.
    """
    scene_rgb = numeric_array("defocus: rgb", rgb).astype(np.float32, copy=False)
    depth = numeric_array("defocus: depth_m", depth_m).astype(np.float32, copy=False)
    check_kinds("defocus", {"lens": lens, "focus_m": focus_m, "quality": quality}, _DEFOCUS)
    if scene_rgb.ndim != 3 or scene_rgb.shape[2] != 3 or depth.shape != scene_rgb.shape[:2] or 0 in depth.shape:
        raise ValueError(f"a scene is (H, W, 3) and its depth (H, W), not {scene_rgb.shape} and {depth.shape}")
    if quality not in QUALITIES:
        raise ValueError(f"quality '{quality}' is unknown; use one of {', '.join(QUALITIES)}")
    if not np.all(depth > 0):
        raise ValueError("depth_m has values that are zero, negative or NaN; give metres, infinity where unknown")
    height, width = depth.shape
    chosen = load_lens(lens) if isinstance(lens, str | Path) else lens
    blur, halo = Blur.of(chosen, focus_m, width), SoftFocusHalo.of(chosen)
    opened = open_device(device)
    try:
        scene = Planes(opened, width, height, 3)
        scene.write(scene_rgb)
        stage = DepthStage(opened, width, height)
        stage.load(depth)
        defocus = Defocus(opened, width, height, quality)
        placed, coverage = stage.run(scene), None
        if matte is not None:
            coverage = MatteStage(opened, width, height)
            coverage.load(matte_of(matte))
            placed = coverage.run(placed)
        picture = defocus.run(scene, placed, stage.distances_m, blur, matte=coverage)
        return (SoftFocus(opened, width, height).run(picture, halo) if halo.shows(width) else picture).read()
    finally:
        opened.close()


def match_stereo(
    left: ArrayLike, right: ArrayLike, *, max_disparity: float | None = None, device: str = "auto"
) -> NDArray[np.float32]:
    """The disparity map of a rectified pair: the shift to the left, in pixels, from the left to the right picture.

    Both pictures (H, W) or (H, W, 3), display-encoded: uint8, uint16, or float 0 to 1. `max_disparity` limits the
    search, at most 255 (default: a quarter of the width). Returns (H, W) float32; `StereoRig.depth_m` converts it to
    metres. Raises ValueError for a wrong shape, SourceError for a disparity out of range.
    """
    pair = numeric_array("match_stereo: left", left), numeric_array("match_stereo: right", right)
    greys = [_grey(picture) for picture in pair]
    if greys[0].shape != greys[1].shape or greys[0].ndim != 2 or 0 in greys[0].shape:
        raise ValueError(
            f"a pair is two pictures (H, W) or (H, W, 3) of the same size, not {pair[0].shape}, {pair[1].shape}"
        )
    height, width = greys[0].shape
    opened = open_device(device)
    try:
        max_px = min(max(width / 4, 16), MAX_DISPARITIES - 1) if max_disparity is None else max_disparity
        return StereoDepth(opened, width, height, max_px).run(*greys)
    finally:
        opened.close()


def _grey(picture: NDArray[Any]) -> NDArray[np.float32]:
    full = float(np.iinfo(picture.dtype).max) if np.issubdtype(picture.dtype, np.integer) else 1.0
    grey = np.nan_to_num(picture.astype(np.float32), posinf=1.0, neginf=0.0) / np.float32(full)
    return grey @ np.array([0.25, 0.5, 0.25], np.float32) if grey.ndim == 3 and grey.shape[2] == 3 else grey


def grade(
    rgb: ArrayLike,
    look: str | Path | Look = DEFAULT_LOOK,
    *,
    space: Literal["rec709", "rec2020"] = "rec709",
    strength: float = 1.0,
    local: bool = True,
    device: str = "auto",
) -> NDArray[np.float32]:
    """The picture in a look: scene-linear light to display sRGB.

    `rgb` (H, W, 3), 18 % grey = 0.18, in linear `space`, `rec709` or `rec2020`. `strength` 0 to 1 blends from the
    neutral rendering to the look. `local=False` skips passes that depend on more than the pixel: vignette, grain.
    Returns (H, W, 3) float32, 0 to 1, without dither. GL draws the look; the compute `device` is not used.
    """
    del device
    return grade_scene(numeric_array("grade: rgb", rgb), look, space=space, strength=strength, local=local)


def render(
    source: Input,
    *,
    cfa: str | Cfa | None = None,
    depth_m: ArrayLike | SupportsDLPack | None = None,
    matte: str | Path | ArrayLike | SupportsDLPack | None = None,
    look: str | Path | Look = DEFAULT_LOOK,
    strength: float = 1.0,
    lens: str | Path | Lens = DEFAULT_LENS,
    f_number: float | None = None,
    focus_m: float | None = None,
    development: Development | None = None,
    quality: Quality = "best",
    depth_model: str | Path | None = None,
    output_space: str | Path = "srgb",
    device: str = "auto",
    **options: Any,
) -> NDArray[np.uint8]:
    """The first frame of `source`: (H, W, 3) uint8, display sRGB, upright, with every stage applied.

    `source` is the name of a source, a Frame, a Source, or an array (H, W, 3): uint8 or uint16 is a display sRGB
    picture, float is linear Rec.709 light with 18 % grey at 0.18. With `cfa`, such as "RGGB", an array is a mosaic
    (H, W): uint8, uint16, or float from 0 to 1, black level 0; the option `profile`, a CameraProfile, has other levels.
    `depth_m` are its distances in metres, an array (h, w) of any size, 0 or NaN where unknown; it replaces the depth of
    a source. `matte` is the part of each pixel that the subject covers, an array (h, w) of any size, floats from 0 to 1
    or integers, or the path of a file; it replaces the matte of a source. Arrays may be those of other libraries, by
    DLPack, also on a CUDA GPU. `look`, `strength`, `lens`, `f_number`, `focus_m` and `quality` are those of `Settings`.
    The default `development` is that of the command `render`: demosaic `best`, metering `auto`. `output_space`
    (`display-p3`, `rec709`, an ICC profile) selects the colour space of another display. `options` are those of the
    source: `depth`, `raw_format`, `raw_size`, ... An ONNX file `depth_model`, as in Engine, estimates missing depth;
    `depth_range` then also applies to it. Without depth nothing is blurred. Raises GroundglassError: SourceError,
    LookError, DeviceError.
    """
    check_names("gg.render", options, (*inspect.signature(render).parameters, *OPTIONS))
    has_model = depth_model is not None
    settings = Settings(
        look=look,
        strength=strength,
        lens=lens,
        f_number=f_number,
        focus_m=focus_m,
        development=Development(demosaic="best", metering="auto") if development is None else development,
        quality=quality,
        output_space=output_space,
    )
    depth_range = options.get("depth_range") if has_model else None
    with ExitStack() as stack:
        opened = open_input(source, stack, options, cfa=cfa, depth_m=depth_m, matte=matte, depth_later=has_model)
        frame = next(iter(opened), None)
        if frame is None:
            raise SourceError(f"{opened.name}: has no frame; name another source")
        engine = stack.enter_context(Engine(device, depth_model=depth_model, depth_range=depth_range))
        return engine.render(frame, settings)
