"""How a frame is developed: the settings that a person may choose, and the stages from sensor numbers to scene light.

A new stage is its own file, a row in `RAW_STAGES` and, where it has a setting, a field of `Development`: the option
with its help, the checks, the cache key, the order of release and the row of the bench follow from these.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np

from ..cfa import Cfa
from ..frame import Encoding, Frame
from . import balance
from .aberration import Aberration, parse_aberration
from .defects import Defects
from .demosaic import METHODS, Demosaic, Method, demosaiced_size
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

Highlights = Literal["rebuild", "clip"]
DefectPixels = Literal["auto", "listed", "off"]
Quad = Literal["remosaic", "bin"]


@dataclass(frozen=True, slots=True)
class Development:
    """Settings of the raw stage; `dataclasses.replace` changes one. GroundglassError where one is unknown.

    `demosaic` is `rcd`, `best`, `lmmse`, `malvar`, `bilinear` or `half` (half the size). `exposure_ev` brightens the
    scene light, in stops; with `metering` "centre-weighted", "average", "spot", "spot:X,Y" or "highlight-weighted" it
    is added to what is metered. `white_balance` is "as-shot", "auto", a temperature ("5200K", with a tint
    "5200K,+10"), the multipliers of red, green and blue ("2,1,1.6"), or "grey:X,Y", which makes that place grey
    (fractions of the upright picture, from the top left).

    `highlights` says what becomes of clipped channels: "rebuild" from the others, or "clip" all where the first clips.
    `defects` replaces dead and hot sites: those that the file lists, with "auto" also those that stick out. `denoise`,
    `temporal` (noise reduction over frames) and `sharpen` (capture sharpening) are 0 to 1. `aberration`, lateral
    colour, is "off", "auto", or by how many thousandths red and blue lie farther out than green ("0.4,-0.3"). `quad`
    is what a quad-Bayer sensor gives: "remosaic" its full size, "bin" half of it.
    """

    demosaic: Annotated[
        Method, Setting("--demosaic", f"{', '.join(METHODS)}; half gives half the size.", as_text=True)
    ] = "rcd"
    exposure_ev: Annotated[
        float, Setting("--exposure", "Brighter by so many stops, -10 to 10.", metavar="EV", first=True)
    ] = 0.0
    metering: Annotated[
        str,
        Setting(
            "--metering",
            "off, centre-weighted, average, spot, spot:X,Y or highlight-weighted; plus --exposure.",
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
    highlights: Annotated[Highlights, Setting("--highlights", "What becomes of clipped channels.")] = "rebuild"
    defects: Annotated[DefectPixels, Setting("--defects", "Which dead and hot sites are replaced.", on="auto")] = (
        "listed"
    )
    denoise: Annotated[float, Setting("--denoise", "Raw noise reduction.", low=0.0, high=1.0, on=1.0)] = 0.0
    temporal: Annotated[float, Setting("--temporal", "Noise reduction over frames.", low=0.0, high=1.0, on=1.0)] = 0.0
    aberration: Annotated[
        str,
        Setting(
            "--aberration",
            "Lateral colour: how many thousandths farther out than green.",
            metavar="off|auto|RED,BLUE",
            check=parse_aberration,
            on="0.4,-0.3",
        ),
    ] = "off"
    sharpen: Annotated[float, Setting("--sharpen", "Capture sharpening.", low=0.0, high=1.0, on=1.0)] = 0.0
    quad: Annotated[Quad, Setting("--quad", "Of a quad-Bayer sensor: its full size, or half of it.")] = "remosaic"

    def __post_init__(self) -> None:
        check_settings(self)
        object.__setattr__(self, "metering", OLD_MODES.get(self.metering, self.metering))

    def with_all_stages(self) -> Development:
        """This development with every stage that has a setting switched on, as the bench times them."""
        on: dict[str, Any] = {name: said.on for name, (said, _) in settings_of(Development).items() if said.on}
        return replace(self, **on)


def scene_size(frame: Frame, development: Development) -> tuple[int, int]:
    """(width, height) of the scene planes that a frame becomes."""
    width, height = (side // 2 for side in frame.size) if _is_binned(frame, development) else frame.size
    return demosaiced_size(width, height, development.demosaic) if _is_bayer(frame, development) else (width, height)


def drawn_size(frame: Frame, development: Development, scale: float) -> tuple[int, int]:
    """(width, height) of the scene planes at `scale`, above 0 to 1; at least one pixel each."""
    width, height = scene_size(frame, development)
    return max(round(scale * width), 1), max(round(scale * height), 1)


def development_at(frame: Frame, development: Development, scale: float) -> Development:
    """The development for a scale: a mosaic of which half the size is enough is demosaiced at half size."""
    if not _is_bayer(frame, development):
        return development
    at_half = replace(development, demosaic="half")
    enough = zip(scene_size(frame, at_half), drawn_size(frame, development, scale), strict=True)
    return at_half if all(half >= drawn for half, drawn in enough) else development


def _is_mosaic(frame: Frame, development: Development) -> bool:
    return frame.encoding is Encoding.MOSAIC


def _is_bayer(frame: Frame, development: Development) -> bool:
    return frame.encoding is Encoding.MOSAIC and frame.cfa.kind in ("bayer", "quad")


def _is_kind(kind: str, frame: Frame) -> bool:
    return frame.encoding is Encoding.MOSAIC and frame.cfa.kind == kind


def _is_binned(frame: Frame, development: Development) -> bool:
    return _is_kind("quad", frame) and development.quad == "bin"


def _rebuilds_highlights(frame: Frame, development: Development) -> bool:
    return _is_bayer(frame, development) and development.highlights == "rebuild"


def _corrects_defects(frame: Frame, development: Development) -> bool:
    is_listed = development.defects == "listed" and frame.profile.defects is not None
    is_known = _is_mosaic(frame, development) and frame.cfa.kind != "xtrans"
    return is_known and (is_listed or development.defects == "auto")


def _run_picture(stage: Picture, on: RunContext) -> None:
    """The picture has its own balance already: what was chosen comes on top of it."""
    stage.run(on.frame, on.to_scene * (np.array(on.profile.white_balance) / on.frame.profile.white_balance))


def _run_linearize(stage: Linearize, on: RunContext) -> None:
    clip = on.encoded and not _rebuilds_highlights(on.frame, on.development)
    stage.run(on.frame, on.profile, clip=clip, encoded=on.encoded)
    if _is_binned(on.frame, on.development):
        on.cfa = Cfa(on.cfa.pattern)


def _run_remosaic(stage: Remosaic, on: RunContext) -> None:
    stage.run(on.cfa, on.encoded)
    on.cfa = Remosaic.bayer_of(on.cfa)


def _run_defects(stage: Defects, on: RunContext) -> None:
    stage.set_listed(on.frame.profile.defects)
    stage.run(on.cfa, detect=on.development.defects == "auto")


def _run_highlights(stage: HighlightsStage, on: RunContext) -> None:
    gain_map = None if _is_binned(on.frame, on.development) else on.profile.gain_map
    stage.run(on.cfa, clips(on.profile), on.encoded, gain_map)


def _run_temporal(stage: Temporal, on: RunContext) -> None:
    stage.run(on.cfa, on.noise, cfa_gains(on.profile, on.cfa), on.development.temporal, encoded=on.encoded)


def _run_denoise(stage: Denoise, on: RunContext) -> None:
    stage.run(on.cfa, on.noise, cfa_gains(on.profile, on.cfa), on.development.denoise, encoded=on.encoded)


def _make_demosaic(made: MakeContext) -> Demosaic:
    method = made.development.demosaic
    return Demosaic(made.planes, made.new_planes(demosaiced_size(*made.planes.size, method), 3), method)


def _run_sharpen(stage: Sharpen, on: RunContext) -> None:
    """In the domain of the square root shot noise is even; brightening raises it by its own root."""
    shot = 0.0 if on.profile.noise is None else on.profile.noise.shot
    stage.run(on.development.sharpen, noise=0.5 * (shot * on.brightness) ** 0.5)


# In the order in which a frame goes through them: a picture through the first and the last, a mosaic through the rest.
RAW_STAGES: Table = (
    StageSpec(
        "picture",
        applies=lambda frame, _: frame.encoding is not Encoding.MOSAIC,
        make=lambda made: Picture(made.device, made.frame),
        run=_run_picture,
        key=lambda frame, _: (frame.encoding, frame.pixels.dtype),
    ),
    StageSpec(
        "linearize",
        applies=_is_mosaic,
        make=lambda made: Linearize(made.device, made.frame, binned=_is_binned(made.frame, made.development)),
        run=_run_linearize,
        key=lambda frame, asked: (frame.packing, frame.pixels.strides, frame.cfa.kind, _is_binned(frame, asked)),
    ),
    StageSpec(
        "remosaic",
        applies=lambda frame, asked: _is_kind("quad", frame) and asked.quad == "remosaic",
        make=lambda made: Remosaic(made.planes),
        run=_run_remosaic,
    ),
    StageSpec("defects", applies=_corrects_defects, make=lambda made: Defects(made.planes), run=_run_defects),
    StageSpec(
        "highlights",
        applies=_rebuilds_highlights,
        make=lambda made: HighlightsStage(made.planes),
        run=_run_highlights,
    ),
    StageSpec(
        "temporal",
        applies=lambda frame, asked: _is_mosaic(frame, asked) and asked.temporal > 0,
        make=lambda made: Temporal(made.planes),
        run=_run_temporal,
        reset=lambda stage: stage.reset(),
    ),
    StageSpec(
        "denoise",
        applies=lambda frame, asked: _is_mosaic(frame, asked) and asked.denoise > 0,
        make=lambda made: Denoise(made.planes),
        run=_run_denoise,
    ),
    StageSpec(
        "aberration",
        applies=lambda frame, asked: _is_bayer(frame, asked) and asked.aberration != "off",
        make=lambda made: Aberration(made.planes),
        run=lambda stage, on: stage.run(on.cfa, on.estimates.shifts(on.frame, on.development.aberration)),
        key=lambda _, asked: asked.aberration,
    ),
    StageSpec(
        "demosaic",
        applies=_is_bayer,
        make=_make_demosaic,
        run=lambda stage, on: stage.run(on.cfa, on.to_scene, on.encoded),
        key=lambda _, asked: asked.demosaic,
    ),
    StageSpec(
        "demosaic X-Trans",
        applies=lambda frame, _: _is_kind("xtrans", frame),
        make=lambda made: DemosaicXTrans(made.planes, made.new_planes(made.planes.size, 3)),
        run=lambda stage, on: stage.run(on.cfa, clips(on.profile), on.to_scene),
    ),
    StageSpec(
        "demosaic monochrome",
        applies=lambda frame, _: _is_kind("mono", frame),
        make=lambda made: DemosaicMono(made.planes, made.new_planes(made.planes.size, 3)),
        run=lambda stage, on: stage.run(on.to_scene, on.encoded),
    ),
    # Always there, and without planes of its own until it has something to do: a chain goes on when it is switched on.
    StageSpec("sharpen", applies=lambda *_: True, make=lambda made: Sharpen(made.planes), run=_run_sharpen),
)
