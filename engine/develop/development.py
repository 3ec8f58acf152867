"""The settings of raw development, and the table of its stages from sensor numbers to scene light.

A new stage requires its own file, a row in `RAW_STAGES` and, if it has a setting, a field of `Development`. The option
and its help, the checks, the cache key, the order of release and the benchmark row follow from these.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated, Any, Literal

import numpy as np

from ..cfa import Cfa
from ..frame import Encoding, Frame
from . import balance
from .aberration import Aberration, parse_aberration
from .binning import Binning
from .defects import Defects
from .demosaic import HALVING, METHODS, Demosaic, Method, demosaiced_size
from .denoise import Denoise
from .field import Setting, check_settings, settings_of
from .highlights import Highlights as HighlightsStage
from .levels import cfa_gains, clips
from .linearize import Linearize
from .metering import OLD_MODES, Metering
from .mono import DemosaicMono
from .picture import Picture
from .remosaic import Remosaic
from .sharpen import Sharpen
from .stages import MakeContext, RunContext, StageSpec, Table
from .temporal import Temporal
from .xtrans import DemosaicXTrans
from .yuv import Yuv

Highlights = Literal["rebuild", "clip"]
DefectPixels = Literal["auto", "listed", "off"]
Quad = Literal["remosaic", "bin"]


@dataclass(frozen=True, slots=True)
class Development:
    """Settings of raw development; `dataclasses.replace` changes one. GroundglassError if a value is invalid.

    `demosaic` is `rcd`, `best`, `lmmse`, `malvar`, `bilinear`, or `half` or `quarter` of the size. `exposure_ev`
    brightens the scene light, in stops; with `metering` "auto" (centre-weighted for raw frames, off for pictures),
    "centre-weighted", "average", "spot", "spot:X,Y" or "highlight-weighted" it is added to the metered exposure.
    `white_balance` is "as-shot", "auto", a temperature ("5200K", with a tint "5200K,+10"), the multipliers of red,
    green and blue ("2,1,1.6"), or "grey:X,Y", which makes that position grey (fractions of the upright picture, from
    the top left).

    `highlights` treats clipped channels: "rebuild" estimates them from unclipped ones, "clip" cuts all channels at the
    level of the first that clips. `defects` replaces dead and hot photosites: "listed" those in the file, "auto" also
    outliers. `denoise`, `temporal` (noise reduction over frames) and `sharpen` (capture sharpening) are 0 to 1.
    `aberration`, lateral colour, is "off", "auto", or the outward shift of red and blue from green in thousandths
    ("0.4,-0.3"). `quad` is the output of a quad-Bayer sensor: "remosaic" for full size, "bin" for half size.
    """

    demosaic: Annotated[
        Method,
        Setting("--demosaic", f"{', '.join(METHODS)}; half and quarter of the size.", as_text=True),
    ] = "rcd"
    exposure_ev: Annotated[
        float, Setting("--exposure", "Exposure compensation in stops, -10 to 10.", metavar="EV", first=True)
    ] = 0.0
    metering: Annotated[
        str,
        Setting(
            "--metering",
            "auto (centre-weighted for raw), off, centre-weighted, average, spot, spot:X,Y or highlight-weighted.",
            metavar="MODE",
            check=Metering.parse,
            first=True,
        ),
    ] = "off"
    white_balance: Annotated[
        str,
        Setting(
            "--wb",
            "as-shot, auto, 5200K, 5200K,+10 (tint), 2,1,1.6 (red, green, blue), grey:X,Y.",
            metavar="BALANCE",
            check=balance.Setting.parse,
        ),
    ] = "as-shot"
    highlights: Annotated[Highlights, Setting("--highlights", "Treatment of clipped channels.")] = "rebuild"
    defects: Annotated[
        DefectPixels, Setting("--defects", "Dead and hot photosites to replace; auto detects more.", on="auto")
    ] = "listed"
    denoise: Annotated[float, Setting("--denoise", "Raw noise reduction.", low=0.0, high=1.0, on=1.0)] = 0.0
    temporal: Annotated[float, Setting("--temporal", "Noise reduction over frames.", low=0.0, high=1.0, on=1.0)] = 0.0
    aberration: Annotated[
        str,
        Setting(
            "--aberration",
            "Lateral colour: outward shift from green in thousandths.",
            metavar="off|auto|RED,BLUE",
            check=parse_aberration,
            on="0.4,-0.3",
        ),
    ] = "off"
    sharpen: Annotated[float, Setting("--sharpen", "Capture sharpening.", low=0.0, high=1.0, on=1.0)] = 0.0
    quad: Annotated[Quad, Setting("--quad", "Quad-Bayer sensors: remosaic for full size, bin for half.")] = "remosaic"

    def __post_init__(self) -> None:
        check_settings(self)
        object.__setattr__(self, "metering", OLD_MODES.get(self.metering, self.metering))

    def with_all_stages(self) -> Development:
        """This development with every optional stage enabled, for the benchmark."""
        values: dict[str, Any] = {
            name: setting.on for name, (setting, _) in settings_of(Development).items() if setting.on
        }
        return replace(self, **values)


def scene_size(frame: Frame, development: Development) -> tuple[int, int]:
    """(width, height) of the scene planes of a frame."""
    width, height = Binning(frame.cfa).size_of(frame.size) if _is_binned(frame, development) else frame.size
    return demosaiced_size(width, height, development.demosaic) if _is_bayer(frame, development) else (width, height)


def drawn_size(frame: Frame, development: Development, scale: float) -> tuple[int, int]:
    """(width, height) of the scene planes at `scale`, above 0 to 1; at least one pixel each."""
    width, height = scene_size(frame, development)
    return max(round(scale * width), 1), max(round(scale * height), 1)


def development_at(frame: Frame, development: Development, scale: float) -> Development:
    """The development for a scale: by `quarter` or `half` if the picture that they make of a mosaic is large enough."""
    if not _is_bayer(frame, development):
        return development
    needed = drawn_size(frame, development, scale)
    for method in HALVING:
        smaller = _by_method(development, method)
        if all(side >= minimum for side, minimum in zip(scene_size(frame, smaller), needed, strict=True)):
            return smaller
    return development


@lru_cache(maxsize=64)
def _by_method(development: Development, method: Method) -> Development:
    """Kept for the next frame: a copy checks all settings."""
    return replace(development, demosaic=method)


def _is_mosaic(frame: Frame, development: Development) -> bool:
    return frame.encoding is Encoding.MOSAIC


def _is_bayer(frame: Frame, development: Development) -> bool:
    return frame.encoding is Encoding.MOSAIC and frame.cfa.kind in ("bayer", "quad")


def _is_kind(kind: str, frame: Frame) -> bool:
    return frame.encoding is Encoding.MOSAIC and frame.cfa.kind == kind


def _is_binned(frame: Frame, development: Development) -> bool:
    is_quartered = _is_bayer(frame, development) and development.demosaic == "quarter" and min(frame.size) >= 4
    return is_quartered or (_is_kind("quad", frame) and development.quad == "bin")


def _rebuilds_highlights(frame: Frame, development: Development) -> bool:
    return _is_bayer(frame, development) and development.highlights == "rebuild"


def _corrects_defects(frame: Frame, development: Development) -> bool:
    is_listed = development.defects == "listed" and frame.profile.defects is not None
    is_supported = _is_mosaic(frame, development) and frame.cfa.kind != "xtrans"
    return is_supported and (is_listed or development.defects == "auto")


def _run_picture(stage: Picture | Yuv, run: RunContext) -> None:
    """Applies the white balance relative to the balance of the picture itself."""
    stage.run(run.frame, run.to_scene * (np.array(run.profile.white_balance) / run.frame.profile.white_balance))


def _run_linearize(stage: Linearize, run: RunContext) -> None:
    if stage.binning is not None:
        run.profile, run.is_binned = stage.binning.profile(run.profile), True
    clip = run.encoded and not _rebuilds_highlights(run.frame, run.development)
    stage.queue(run.frame, run.profile, clip=clip, encoded=run.encoded)
    if run.is_binned:
        run.cfa = Cfa(run.cfa.pattern)


def _make_linearize(make: MakeContext) -> Linearize:
    is_binned = _is_binned(make.frame, make.development)
    return Linearize(make.device, make.frame, Binning(make.frame.cfa) if is_binned else None)


def _run_remosaic(stage: Remosaic, run: RunContext) -> None:
    stage.run(run.cfa, run.encoded)
    run.cfa = Remosaic.bayer_of(run.cfa)


def _run_defects(stage: Defects, run: RunContext) -> None:
    stage.set_listed(run.profile.defects)
    stage.run(run.cfa, detect=run.development.defects == "auto")


def _run_highlights(stage: HighlightsStage, run: RunContext) -> None:
    stage.run(run.cfa, clips(run.profile), run.encoded, run.profile.gain_map)


def _run_temporal(stage: Temporal, run: RunContext) -> None:
    stage.run(run.cfa, run.noise, cfa_gains(run.profile, run.cfa), run.development.temporal, encoded=run.encoded)


def _run_denoise(stage: Denoise, run: RunContext) -> None:
    stage.run(run.cfa, run.noise, cfa_gains(run.profile, run.cfa), run.development.denoise, encoded=run.encoded)


def _make_demosaic(make: MakeContext) -> Demosaic:
    method = make.development.demosaic
    return Demosaic(make.planes, make.new_planes(demosaiced_size(*make.planes.size, method), 3), method)


def _run_sharpen(stage: Sharpen, run: RunContext) -> None:
    """Shot noise is uniform in the square-root domain; a brightness factor multiplies it by the factor's root."""
    slope = 0.0 if run.profile.noise is None else run.profile.noise.shot
    stage.run(run.development.sharpen, noise=0.5 * (slope * run.brightness) ** 0.5)


# In processing order. A picture passes through one of the first two stages and the last, a mosaic through the others.
RAW_STAGES: Table = (
    StageSpec(
        "picture",
        applies=lambda frame, _: frame.encoding in (Encoding.DISPLAY, Encoding.SCENE),
        make=lambda make: Picture(make.device, make.frame),
        run=_run_picture,
        key=lambda frame, _: (frame.encoding, frame.pixels.dtype),
    ),
    StageSpec(
        "yuv",
        applies=lambda frame, _: frame.encoding is Encoding.YUV,
        make=lambda make: Yuv(make.device, make.frame),
        run=_run_picture,
        key=lambda frame, _: (frame.yuv, frame.pixels.shape),
    ),
    StageSpec(
        "linearize",
        applies=_is_mosaic,
        make=_make_linearize,
        load=lambda stage, frame: stage.load(frame),
        run=_run_linearize,
        repeats=True,
        key=lambda frame, dev: (frame.packing, frame.pixels.strides, frame.cfa.kind, _is_binned(frame, dev)),
    ),
    StageSpec(
        "remosaic",
        applies=lambda frame, dev: _is_kind("quad", frame) and not _is_binned(frame, dev),
        make=lambda make: Remosaic(make.planes),
        run=_run_remosaic,
    ),
    StageSpec("defects", applies=_corrects_defects, make=lambda make: Defects(make.planes), run=_run_defects),
    StageSpec(
        "highlights",
        applies=_rebuilds_highlights,
        make=lambda make: HighlightsStage(make.planes),
        run=_run_highlights,
        repeats=True,
    ),
    StageSpec(
        "temporal",
        applies=lambda frame, dev: _is_mosaic(frame, dev) and dev.temporal > 0,
        make=lambda make: Temporal(make.planes),
        run=_run_temporal,
        reset=lambda stage: stage.reset(),
    ),
    StageSpec(
        "denoise",
        applies=lambda frame, dev: _is_mosaic(frame, dev) and dev.denoise > 0,
        make=lambda make: Denoise(make.planes),
        run=_run_denoise,
    ),
    StageSpec(
        "aberration",
        applies=lambda frame, dev: _is_bayer(frame, dev) and dev.aberration != "off",
        make=lambda make: Aberration(make.planes),
        run=lambda stage, run: stage.run(run.cfa, run.estimates.shifts(run.frame, run.development.aberration)),
        key=lambda _, dev: dev.aberration,
    ),
    StageSpec(
        "demosaic",
        applies=_is_bayer,
        make=_make_demosaic,
        run=lambda stage, run: stage.run(run.cfa, run.to_scene, run.encoded),
        key=lambda _, dev: dev.demosaic,
        repeats=True,
    ),
    StageSpec(
        "demosaic X-Trans",
        applies=lambda frame, _: _is_kind("xtrans", frame),
        make=lambda make: DemosaicXTrans(make.planes, make.new_planes(make.planes.size, 3)),
        run=lambda stage, run: stage.run(run.cfa, clips(run.profile), run.to_scene),
    ),
    StageSpec(
        "demosaic monochrome",
        applies=lambda frame, _: _is_kind("mono", frame),
        make=lambda make: DemosaicMono(make.planes, make.new_planes(make.planes.size, 3)),
        run=lambda stage, run: stage.run(run.to_scene, run.encoded),
        repeats=True,
    ),
    # Part of every chain, so that switching it on keeps the chain. It allocates planes when it first sharpens.
    StageSpec(
        "sharpen", applies=lambda *_: True, make=lambda make: Sharpen(make.planes), run=_run_sharpen, repeats=True
    ),
)
