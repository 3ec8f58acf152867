"""Fits a look to pairs, and evaluates it on samples left out of the fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ...colour.difference import delta_e00, lab_of_scene
from ...errors import GroundglassError
from ...gl.passes import Value, load_pass
from ..look import Look, PassSettings
from ..lut import Lut
from ..reference import Light, shown
from .model import COLOUR, MONOCHROME, Model, Vector
from .pair import AlignedPair, Pair, align_pair, samples_of
from .residual import Cube, residual_cube, through_cube
from .solve import Problem, Samples, lab_of_display

MAX_SAMPLES = 3000  # maximum number of fitted samples; all samples are evaluated
FOLDS = 4
COLOURLESS = 2.5  # maximum spread of the colours of one lightness in a monochrome picture, in Lab
FAR = 3.0  # mean CIEDE2000 above which a note warns
COLOURFUL = 6.0  # minimum chroma of a scene that determines the colours of a look


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fitted look. `left_out` (N,) is the CIEDE2000 of the areas, each by a fit without its region (or pair); `seen`
    (N,) is the CIEDE2000 by the look itself.

    `corner_light` is the light in the corners of the picture relative to the raw; above 1 the camera corrected its
    lens, which no look does. `cube` is the residual of the passes, None if it was not requested; `passes_alone` (N,) is
    `left_out` without the cube. `notes` are warnings for the user.
    """

    look: Look
    model: Model
    vector: Vector
    samples: Samples
    left_out: NDArray[np.float64]
    seen: NDArray[np.float64]
    corner_light: float
    pairs: tuple[AlignedPair, ...] = ()
    notes: tuple[str, ...] = field(default=())
    cube: Cube | None = None
    passes_alone: NDArray[np.float64] | None = None

    def drawn(self, scene: Light, place2: NDArray[np.float64]) -> Light:
        """Display sRGB (N, 3) of linear Rec.2020 light (N, 3) by the look, with the corner light of the pictures."""
        return _drawn(self.model, self.vector, self.cube, scene, place2)

    @property
    def mean(self) -> float:
        return float(self.left_out.mean())

    @property
    def p95(self) -> float:
        return float(np.percentile(self.left_out, 95))

    @property
    def maximum(self) -> float:
        return float(self.left_out.max())


def fit_look(pairs: Sequence[Pair], name: str = "learnt", intent: str | None = None, *, residual: bool = False) -> Fit:
    """Fits a look that turns the scene of each pair into its picture.

    `intent` is the look's; by default it states the source and the accuracy of the fit. With `residual` the remaining
    difference becomes a smooth cube of display colours. Raises GroundglassError if a picture does not show its scene,
    or too little of it is usable.
    """
    if not pairs:
        raise GroundglassError("no pair to learn from; give a raw and the picture made of it")
    aligned = tuple(align_pair(pair) for pair in pairs)
    return fit_samples(samples_of(aligned), aligned, name, intent, residual=residual)


def fit_samples(
    samples: Samples,
    aligned: tuple[AlignedPair, ...],
    name: str,
    intent: str | None = None,
    *,
    default_intent: str = "",
    residual: bool = False,
) -> Fit:
    """Fits a look to samples, cross-validated by fold. `default_intent` names their source if there are no pairs."""
    is_grey = is_colourless(samples)
    model = Model(MONOCHROME if is_grey else COLOUR)
    vector = fitted(model, samples)
    left_out, passes_alone = np.empty(len(samples)), np.empty(len(samples))
    for fold in np.unique(samples.fold):
        in_fold = samples.fold == fold
        others = samples if in_fold.all() else samples.only(~in_fold)
        without_fold = fitted(model, others)
        passes_alone[in_fold] = left_out[in_fold] = _apart(model, without_fold, None, samples.only(in_fold))
        if residual:
            fold_cube = _cube_of(model, without_fold, others)
            left_out[in_fold] = _apart(model, without_fold, fold_cube, samples.only(in_fold))
    cube = _cube_of(model, vector, samples) if residual else None
    corner_light = float(vector[model.index("vignette", "corner_light")])
    notes = _notes(samples, is_grey, corner_light, float(left_out.mean()))
    return Fit(
        look=_with_cube(model.look(vector, name, intent or _intent(left_out, default_intent or _names(aligned))), cube),
        model=model,
        vector=vector,
        samples=samples,
        left_out=left_out,
        seen=_apart(model, vector, cube, samples),
        corner_light=corner_light,
        pairs=aligned,
        notes=notes,
        cube=cube,
        passes_alone=passes_alone if residual else None,
    )


def _with_cube(look: Look, cube: Cube | None) -> Look:
    """The look with a last pass that reads the cube from a file with the look's name."""
    if cube is None:
        return look
    values: dict[str, Value] = {parameter.name: parameter.default for parameter in load_pass("lut").parameters}
    values["file"] = Lut(f"{look.name}.cube", cube=cube.astype(np.float32))
    return replace(look, passes=(*look.passes, PassSettings("lut", MappingProxyType(values))))


def _drawn(model: Model, vector: Vector, cube: Cube | None, scene: Light, place2: NDArray[np.float64]) -> Light:
    display = shown(model.steps(vector, scene, place2)[-1])
    return display if cube is None else through_cube(cube, display)


def _apart(model: Model, vector: Vector, cube: Cube | None, samples: Samples) -> NDArray[np.float64]:
    """(N,) CIEDE2000 between the rendering of each sample and the picture."""
    drawn = _drawn(model, vector, cube, samples.scene, samples.place2)
    return delta_e00(lab_of_display(drawn), lab_of_display(samples.display))


def _cube_of(model: Model, vector: Vector, samples: Samples) -> Cube:
    return residual_cube(_drawn(model, vector, None, samples.scene, samples.place2), samples.display)


def fitted(model: Model, samples: Samples) -> Vector:
    """The model's numbers, fitted in the order brightness, tone, colour."""
    problem = Problem(model, balanced(samples))
    vector = model.start
    for passes, rounds in (
        (("exposure", "tone_curve", "monochrome"), 12),
        (("vignette", "exposure", "tone_curve", "color_matrix", "saturation", "monochrome"), 12),
        (model.chain, 40),
    ):
        vector = problem.solve(vector, model.parameters_of(*passes), rounds)
    return vector


def balanced(samples: Samples, maximum: int = MAX_SAMPLES) -> Samples:
    """At most `maximum` samples. Rare colours are preferred: a uniform wall must not outweigh a flower."""
    if len(samples) <= maximum:
        return samples
    steps = np.floor(samples.display * 12).astype(np.intp)
    _, kind, count = np.unique(steps @ np.array([1, 16, 256]), return_inverse=True, return_counts=True)
    share = count[kind] ** -0.5
    # Without replacement by weights: the largest keys u^(1/w) (P. S. Efraimidis, P. G. Spirakis, IPL 97, 2006).
    keys = np.log(np.random.default_rng(1).random(len(samples))) / share
    return samples.only(np.sort(np.argpartition(-keys, maximum)[:maximum]))


def is_colourless(samples: Samples) -> bool:
    """Whether the scene has colours but the picture has one tint for each lightness, like a monochrome print, toned or
    not."""
    lab = lab_of_display(samples.display)
    level = np.clip((lab[:, 0] / 5).astype(np.intp), 0, 20)
    apart = np.zeros(len(lab))
    for number in np.unique(level):
        equal = level == number
        apart[equal] = np.hypot(*(lab[equal, 1:] - np.median(lab[equal, 1:], axis=0)).T)
    return bool(np.percentile(apart, 97) < COLOURLESS and _colourfulness(samples) > COLOURFUL)


def _colourfulness(samples: Samples) -> float:
    scene = np.maximum(samples.scene, 0)
    lab = lab_of_scene(scene / max(float(np.percentile(scene, 99)), 1e-6))
    return float(np.percentile(np.hypot(lab[:, 1], lab[:, 2]), 95))


def _notes(samples: Samples, is_grey: bool, corner_light: float, mean: float) -> tuple[str, ...]:
    notes = []
    if is_grey:
        notes.append("the pictures have no colours: the look is black and white")
    elif _colourfulness(samples) < COLOURFUL:
        notes.append("the scenes have hardly any colours: the look's treatment of colours is a guess")
    if corner_light > 1.015:
        notes.append(
            f"the corners are {100 * (corner_light - 1):.0f} % brighter than in the raw: the camera corrected its "
            "lens, which is not part of the look"
        )
    light = samples.scene.max(axis=1)
    low, high = np.percentile(light[light > 0], [2, 98]) if (light > 0).any() else (1.0, 1.0)
    if high < 8 * low:
        notes.append(f"the areas span {np.log2(high / low):.1f} stops only: the ends of the tone curve are a guess")
    if mean > FAR:
        notes.append(
            "the look is only an approximation: the pictures had other processing than passes, or have hardly any tones"
        )
    return tuple(notes)


def _names(aligned: tuple[AlignedPair, ...]) -> str:
    return aligned[0].name if len(aligned) == 1 else f"{len(aligned)} pictures"


def _intent(left_out: NDArray[np.float64], source: str) -> str:
    near, p95 = left_out.mean(), np.percentile(left_out, 95)
    return f"learnt from {source}; colours left out of the fit differ by dE00 {near:.2f}, 95 % by {p95:.1f} at most"
