"""Built-in looks: agreement with measured responses, also for colours left out of the fit, and the grey axis."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from groundglass.camera import REC709_TO_REC2020
from groundglass.look import reference
from groundglass.look.fit.model import Model
from groundglass.look.fit.solve import Problem, Samples
from groundglass.look.grade import grade
from groundglass.look.look import list_looks, load_look
from look_support import context, srgb_decoded

color = pytest.importorskip("skimage.color")

CHAINS = {
    "classic": ("color_matrix", "tone_curve", "dye_matrix", "print_matrix"),
    "natural": ("color_matrix", "tone_curve", "print_matrix"),
}
TEN_BITS = np.arange(1024) / 1023


def responses(data_dir: Path, name: str) -> tuple[np.ndarray, np.ndarray, list[str], list[float]]:
    """Scene-linear Rec.709 (N, 3), measured sRGB (N, 3), patch names and exposures in EV."""
    file = data_dir / "looks" / "reference_responses.csv"
    if not file.is_file():
        pytest.skip(f"no {file.name} in the data folder")
    with file.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    scene, measured = (
        np.array([[float(row[f"{kind}_{c}"]) for c in "rgb"] for row in rows]) for kind in ("scene", name)
    )
    return scene, measured, [row["patch"] for row in rows], [float(row["ev"]) for row in rows]


def delta_e00(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return color.deltaE_ciede2000(color.rgb2lab(first), color.rgb2lab(second))


def greys(name: str, light: np.ndarray) -> np.ndarray:
    return reference.apply(load_look(name), np.repeat(light[:, None], 3, axis=1))


@pytest.mark.parametrize(("name", "mean"), [("classic", 0.8), ("natural", 0.65)])
def test_a_look_matches_its_measured_response(data_dir: Path, name: str, mean: float) -> None:
    scene, measured, _, _ = responses(data_dir, name)
    drawn = grade(scene[None].astype(np.float32), name, space="rec709", local=False, ctx=context())[0]
    for display in (reference.apply(load_look(name), scene, space="rec709"), drawn.astype(float)):
        differences = delta_e00(measured, display)
        assert differences.mean() <= mean
        assert np.percentile(differences, 95) <= 2.0


@pytest.mark.parametrize(
    ("name", "left_out", "mean", "p95"),
    [
        ("classic", "patches", 0.95, 2.4),
        ("classic", "exposures", 1.0, 2.6),
        ("natural", "patches", 0.55, 1.2),
        ("natural", "exposures", 0.6, 1.3),
    ],
)
def test_colours_left_out_of_the_fit_match_as_well(
    data_dir: Path, name: str, left_out: str, mean: float, p95: float
) -> None:
    """The passes are fitted again with each patch, or each stop of exposure, left out in turn."""
    scene, measured, patches, stops = responses(data_dir, name)
    exposures = [str(int(np.floor(stop))) for stop in stops]
    ramp = [exposure if patch == "grey" else patch for patch, exposure in zip(patches, exposures, strict=True)]
    groups = np.array(ramp if left_out == "patches" else exposures)
    none = np.zeros(len(scene), np.intp)
    samples = Samples(scene @ REC709_TO_REC2020.T, measured, np.zeros(len(scene)), none, none)
    model = Model(CHAINS[name])
    every = np.ones(len(model.fit_parameters), bool)
    start = Problem(model, samples).solve(model.start, every, 40)
    differences = np.empty(len(scene))
    for group in np.unique(groups):
        out = groups == group
        vector = Problem(model, samples.only(~out)).solve(start, every, 12)
        drawn = model.steps(vector, samples.scene[out], samples.place2[out])[-1]
        differences[out] = delta_e00(measured[out], reference.shown(drawn))
    assert differences.mean() <= mean
    assert np.percentile(differences, 95) <= p95


@pytest.mark.parametrize("name", sorted(CHAINS))
def test_a_look_contains_the_fitted_passes(name: str) -> None:
    chain = [settings.name for settings in load_look(name).passes if settings.name not in ("vignette", "grain")]
    assert tuple(chain[: len(CHAINS[name])]) == CHAINS[name]


@pytest.mark.parametrize("name", list_looks())
def test_a_ten_bit_grey_ramp_has_steps_of_at_most_one_eight_bit_code(name: str) -> None:
    steps = np.diff(greys(name, srgb_decoded(TEN_BITS)), axis=0)
    assert steps.min() >= 0.0
    assert steps.max() <= 1 / 255


@pytest.mark.parametrize("name", list_looks())
def test_a_brighter_grey_is_never_darker(name: str) -> None:
    assert np.diff(greys(name, np.geomspace(1e-4, 6e4, 4000)), axis=0).min() >= -1e-12


def test_classic_warms_the_highlights() -> None:
    lab = color.rgb2lab(greys("classic", np.array([0.005, 0.18, 1.0, 4.0])))
    assert np.diff(lab[:, 2]).min() > 0.3
    assert np.abs(lab[:, 1]).max() < 1.5


def test_natural_greys_are_neutral() -> None:
    drawn = greys("natural", np.geomspace(1e-3, 30.0, 60))
    assert delta_e00(drawn, np.repeat(drawn.mean(axis=1, keepdims=True), 3, axis=1)).max() <= 2.0
