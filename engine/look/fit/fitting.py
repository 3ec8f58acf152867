"""The look of pairs: chosen, fitted, and judged by what was not fitted."""

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

MAX_SAMPLES = 3000  # samples that are fitted to; all are judged by
FOLDS = 4
COLOURLESS = 2.5  # how far colours of one lightness differ at most in a picture without colours, in Lab
FAR = 3.0  # mean CIEDE2000 from where a reader is warned
COLOURFUL = 6.0  # chroma of the scene from where a look for colours can be told


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A look that was learnt. `left_out` (N,) are CIEDE2000 of the areas, each by a fit that saw nothing of its region
    (or pair); `seen` (N,) by the look itself.

    `corner_light` is the light in the corners of the picture as a part of the raw's; above 1 the camera mended its
    lens, which no look does. `cube` is what the passes left over, None where that was not asked for; `passes_alone`
    (N,) is what `left_out` would be without it. `notes` say what a reader should know.
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
        """Display sRGB (N, 3) that the look makes of linear Rec.2020 light (N, 3), its corners as in the pictures."""
        return _drawn(self.model, self.vector, self.cube, scene, place2)

    @property
    def mean(self) -> float:
        return float(self.left_out.mean())

    @property
    def p95(self) -> float:
        return float(np.percentile(self.left_out, 95))

    @property
    def most(self) -> float:
        return float(self.left_out.max())


def fit_look(pairs: Sequence[Pair], name: str = "learnt", intent: str | None = None, *, residual: bool = False) -> Fit:
    """Learns the look that makes the picture of each pair of its scene.

    `intent` is the look's; left out, it says what was fitted and how well. With `residual` what the passes leave over
    becomes a smooth cube of display colours. GroundglassError where a picture does not
    show its scene, or too little of it can be used.
    """
    if not pairs:
        raise GroundglassError("there is no pair to learn from; give a raw and the picture made of it")
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
    """The same from samples, by folds of them. `told` names their source where the pairs do not."""
    is_grey = is_colourless(samples)
    model = Model(MONOCHROME if is_grey else COLOUR)
    vector = fitted(model, samples)
    left_out, passes_alone = np.empty(len(samples)), np.empty(len(samples))
    for fold in np.unique(samples.fold):
        mine = samples.fold == fold
        others = samples if mine.all() else samples.only(~mine)
        seen = fitted(model, others)
        passes_alone[mine] = left_out[mine] = _apart(model, seen, None, samples.only(mine))
        if residual:
            left_out[mine] = _apart(model, seen, _cube_of(model, seen, others), samples.only(mine))
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
    """The look with a last pass that reads the cube, from a file of the look's name."""
    if cube is None:
        return look
    values: dict[str, Value] = {one.name: one.default for one in load_pass("lut").parameters}
    values["file"] = Lut(f"{look.name}.cube", cube=cube.astype(np.float32))
    return replace(look, passes=(*look.passes, PassSettings("lut", MappingProxyType(values))))


def _drawn(model: Model, vector: Vector, cube: Cube | None, scene: Light, place2: NDArray[np.float64]) -> Light:
    display = shown(model.steps(vector, scene, place2)[-1])
    return display if cube is None else through_cube(cube, display)


def _apart(model: Model, vector: Vector, cube: Cube | None, samples: Samples) -> NDArray[np.float64]:
    """(N,) CIEDE2000 between what is made of each sample and what the picture shows."""
    drawn = _drawn(model, vector, cube, samples.scene, samples.place2)
    return delta_e00(lab_of_display(drawn), lab_of_display(samples.display))


def _cube_of(model: Model, vector: Vector, samples: Samples) -> Cube:
    return residual_cube(_drawn(model, vector, None, samples.scene, samples.place2), samples.display)


def fitted(model: Model, samples: Samples) -> Vector:
    """The model's numbers, from brightness to tone to colour."""
    problem = Problem(model, balanced(samples))
    vector = model.start
    for passes, rounds in (
        (("exposure", "tone_curve", "monochrome"), 12),
        (("vignette", "exposure", "tone_curve", "color_matrix", "saturation", "monochrome"), 12),
        (model.chain, 40),
    ):
        vector = problem.solve(vector, model.parameters_of(*passes), rounds)
    return vector


def balanced(samples: Samples, most: int = MAX_SAMPLES) -> Samples:
    """At most so many samples, rare colours before common ones: a wall shall not outvote a flower."""
    if len(samples) <= most:
        return samples
    steps = np.floor(samples.display * 12).astype(np.intp)
    _, kind, count = np.unique(steps @ np.array([1, 16, 256]), return_inverse=True, return_counts=True)
    share = count[kind] ** -0.5
    # Without replacement by weights: the largest keys u^(1/w) (P. S. Efraimidis, P. G. Spirakis, IPL 97, 2006).
    keys = np.log(np.random.default_rng(1).random(len(samples))) / share
    return samples.only(np.sort(np.argpartition(-keys, most)[:most]))


def is_colourless(samples: Samples) -> bool:
    """Whether the picture has one tint for each lightness, as a black-and-white print has, toned or not; and the scene
    has colours."""
    lab = lab_of_display(samples.display)
    level = np.clip((lab[:, 0] / 5).astype(np.intp), 0, 20)
    apart = np.zeros(len(lab))
    for one in np.unique(level):
        mine = level == one
        apart[mine] = np.hypot(*(lab[mine, 1:] - np.median(lab[mine, 1:], axis=0)).T)
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
        notes.append("the scenes have hardly any colours: what the look does to colours is a guess")
    if corner_light > 1.015:
        notes.append(
            f"the corners are {100 * (corner_light - 1):.0f} % brighter than in the raw: the camera mended its lens, "
            "which is no part of the look"
        )
    light = samples.scene.max(axis=1)
    low, high = np.percentile(light[light > 0], [2, 98]) if (light > 0).any() else (1.0, 1.0)
    if high < 8 * low:
        notes.append(f"the areas span {np.log2(high / low):.1f} stops only: the ends of the tone curve are a guess")
    if mean > FAR:
        notes.append(
            "the look comes only near: what made the pictures does more than passes do, or hardly shows any tones"
        )
    return tuple(notes)


def _names(aligned: tuple[AlignedPair, ...]) -> str:
    return aligned[0].name if len(aligned) == 1 else f"{len(aligned)} pictures"


def _intent(left_out: NDArray[np.float64], of: str) -> str:
    near, p95 = left_out.mean(), np.percentile(left_out, 95)
    return f"learnt from {of}; colours left out of the fit differ by dE00 {near:.2f}, 95 % by {p95:.1f} at most"
