"""The accuracy of the blur on synthetic scenes: `groundglass bench --quality`.

The engine gets the data of a camera, the all-in-focus picture and its depth. Its picture is compared with the ground
truth of `ground_truth`, which renders the scene's layers through points of the aperture. The baseline is `scatter`.
"""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from ..camera import CameraProfile
from ..engine import Engine
from ..frame import Encoding, Frame
from ..lens import Lens, list_lenses, load_lens
from ..optics.defocus import QUALITIES
from ..settings import Settings
from .ground_truth import POINTS, lens_ground_truth, smooth_ground_truth
from .mixed_edges import FOCUS_M as MIXED_FOCUS_M
from .mixed_edges import compare_edges
from .scatter import scatter
from .scenes import Surface, layered_scene, smooth_scene
from .score import Score, compare

Picture = NDArray[np.float32]
Rows = dict[str, dict[str, Any]]

SIZE = (480, 270)
LENS = Lens(focal_mm=50, f_number=1.4, sensor_width_mm=36.0, name="50 mm f/1.4 on 36 mm")
FOCUS_M = (1.0, 2.5)
LAYERS, EDGES = "layers", "layers, near edges"
SURFACES: tuple[Surface, ...] = get_args(Surface)
BASELINE = "scatter"

LIGHT = 50.0  # times white
# Fractions of the picture plus pixel offsets: first the phases of the smaller scales, then off-axis positions.
MIDDLE = tuple((0.5, 0.5, dx, dy) for dx, dy in ((0, 0), (1, 2), (2, 1), (3, 3)))
FIELD = ((0.15, 0.22, 0, 0), (0.2, 0.76, 0, 0), (0.69, 0.69, 0, 0), (0.84, 0.25, 0, 0))
DISTANCES = (4.0, 0.6)  # times the focus

DISC_SIZE = (1920, 256)
DISCS = (  # lens, f-number, distance in metres, with the focus at 1 m
    ("phone-1inch", 1.63, 5.0),
    ("phone-1inch", 4.0, 5.0),
    ("phone-1inch", 1.63, 0.3),
    ("phone-1inch", 4.0, 0.3),
    ("noct-50", 0.95, 5.0),
)


def run_quality(
    device: str = "auto", seeds: int = 2, size: tuple[int, int] = SIZE, points: int = POINTS
) -> dict[str, Any]:
    """Measures on scenes of the seeds 0 to `seeds` - 1 at `size`, (width, height) in pixels.

    Returns a dictionary with the keys `device`, `gl`, `size`, `seeds`, `lens`, `focus_m`, `lens_points` and:

    - `psnr_db`: a row for each kind of scene. PSNR against the ground truth of `points` points of the aperture, mean
      over seeds and focus distances, for no blur, plain scatter and each quality, and the gain of each quality over
      the plain scatter.
    - `highlight_energy`: for each lens, the worst ratio of the energy of a highlight after and before the defocus.
    - `disc_px`: the measured diameters of discs and those of the thin lens.
    - `mixed_edges_db`: PSNR within 2 px of edges in focus before a blurred background, of a hard cut-out and of each
      quality, without and with noise (`mixed_edges`).
    """
    kinds = [partial(layered, size, points), *(partial(smooth, kind, size, points) for kind in SURFACES)]
    with ThreadPoolExecutor(os.cpu_count()) as workers, Engine(device) as engine:
        return {
            "device": engine.device_name,
            "gl": engine.gl_name,
            "size": list(size),
            "seeds": seeds,
            "lens": LENS.name,
            "focus_m": list(FOCUS_M),
            "lens_points": points,
            "psnr_db": psnr_db(engine, workers, kinds, range(seeds)),
            "highlight_energy": {name: highlight_energy(engine, load_lens(name), size, (*MIDDLE, *FIELD))
                             for name in list_lenses()},
            "disc_px": disc_px(engine),
            "mixed_edges_db": mixed_edges_db(engine, size, seeds, points),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A picture, its depth and its ground truth; `scattered` is the baseline, None for a surface without edges."""

    name: str
    focus_m: float
    picture: Picture
    depth_m: Picture
    ground_truth: Picture
    scattered: Picture | None


def layered(size: tuple[int, int], points: int, seed: int, focus_m: float) -> Case:
    scene = layered_scene(seed, size)
    ground_truth = lens_ground_truth(scene, LENS, focus_m, points=points)
    scattered = scatter(scene.picture, scene.depth_m, LENS, focus_m)
    return Case(LAYERS, focus_m, scene.picture, scene.depth_m, ground_truth, scattered)


def smooth(kind: Surface, size: tuple[int, int], points: int, seed: int, focus_m: float) -> Case:
    scene = smooth_scene(kind, seed, size)
    inner = (slice(scene.margin, -scene.margin),) * 2
    ground_truth = smooth_ground_truth(scene, LENS, focus_m, points=points)
    return Case(kind, focus_m, scene.picture[inner], scene.depth_m[inner], ground_truth, None)


def psnr_db(
    engine: Engine, workers: ThreadPoolExecutor, kinds: Iterable[Callable[[int, float], Case]], seeds: Iterable[int]
) -> Rows:
    """Mean PSNR of each of `kinds` over `seeds` and FOCUS_M; `workers` compute the ground truths."""
    tasks = deque(workers.submit(kind, *case) for kind in kinds for case in itertools.product(seeds, FOCUS_M))
    scores: dict[str, list[dict[str, float]]] = {}
    try:
        while tasks:
            for name, score in _scores(engine, tasks.popleft().result()):
                scores.setdefault(name, []).append(score)
    finally:
        for task in tasks:  # only those left after an error
            task.cancel()
    means = {
        name: {column: float(np.mean([score[column] for score in of_kind])) for column in of_kind[0]}
        for name, of_kind in scores.items()
    }
    for row in means.values():
        if BASELINE in row:
            row.update({f"{quality}_gain": row[quality] - row[BASELINE] for quality in QUALITIES})
    return means


def _scores(engine: Engine, case: Case) -> Iterator[tuple[str, dict[str, float]]]:
    """The PSNR by column, for one or two rows of the table."""
    settings = Settings(lens=LENS, focus_m=case.focus_m)
    pictures = {"no_blur": case.picture}
    if case.scattered is not None:
        pictures[BASELINE] = case.scattered
    for quality in QUALITIES:
        pictures[quality] = rendered(engine, settings.with_(quality=quality), case.picture, case.depth_m)
    depth_m = None if case.scattered is None else case.depth_m
    by_column: dict[str, Score] = {
        name: compare(picture, case.ground_truth, depth_m) for name, picture in pictures.items()
    }
    yield case.name, {name: score.whole_db for name, score in by_column.items()}
    if depth_m is not None:
        yield EDGES, {name: score.edges_db for name, score in by_column.items()}


def mixed_edges_db(engine: Engine, size: tuple[int, int], seeds: int, points: int) -> dict[str, dict[str, float]]:
    """PSNR at mixed pixels, as in `mixed_edges.compare_edges`, for LENS."""

    def draw(quality: str, picture: Picture, depth_m: Picture) -> Picture:
        return rendered(engine, Settings(lens=LENS, focus_m=MIXED_FOCUS_M).with_(quality=quality), picture, depth_m)

    return compare_edges(draw, LENS, size, seeds, points)


def rendered(
    engine: Engine, settings: Settings, picture: Picture, depth_m: Picture, matte: Picture | None = None
) -> Picture:
    """The engine's picture from an all-in-focus picture, its depth and its matte, if any: (H, W, 3) float32,
    scene-linear.
    """
    plain = CameraProfile(camera_to_scene=np.eye(3))
    pixels, metres = np.ascontiguousarray(picture), np.ascontiguousarray(depth_m)
    return engine.scene(Frame(pixels, Encoding.SCENE, profile=plain, depth_m=metres, matte=matte), settings)


def highlight_energy(
    engine: Engine, lens: Lens, size: tuple[int, int], places: tuple[tuple[float, float, int, int], ...]
) -> dict[str, float]:
    """For each quality the ratio of a highlight's energy after and before the defocus that deviates most from 1.

    The highlights are before and behind the focus, at each of `places`, in each colour. Vignetting and breathing are
    off, because both change the energy.
    """
    focus_m = lens.clamp_focus_m(FOCUS_M[0])
    even = replace(lens, vignetting=0.0, breathing_percent=0.0)
    width, height = size
    worst: dict[str, float] = {}
    for quality in QUALITIES:
        settings = Settings(lens=even, focus_m=focus_m, quality=quality)
        ratios = [1.0]
        for distance in DISTANCES:
            depth_m = np.full((height, width), distance * focus_m, np.float32)
            for x, y, dx, dy in places:
                light = point_light(size, int(x * width) + dx, int(y * height) + dy)
                ratios += list(rendered(engine, settings, light, depth_m).sum(axis=(0, 1), dtype=np.float64) / LIGHT)
        worst[quality] = float(max(ratios, key=lambda ratio: abs(ratio - 1)))
    return worst


def point_light(size: tuple[int, int], x: int, y: int) -> Picture:
    """One bright pixel on black."""
    picture = np.zeros((size[1], size[0], 3), np.float32)
    picture[y, x] = LIGHT
    return picture


def disc_px(engine: Engine) -> Rows:
    """Diameters of DISCS in pixels: of the thin lens, and of each quality as the mean over MIDDLE."""
    rows: Rows = {}
    width, height = DISC_SIZE
    for name, f_number, distance_m in DISCS:
        lens = load_lens(name).at(f_number)
        even = replace(lens, vignetting=0.0, breathing_percent=0.0)
        theory_px = float(lens.coc_px(distance_m, FOCUS_M[0], width))
        row = {"theory": theory_px}
        depth_m = np.full((height, width), distance_m, np.float32)
        for quality in QUALITIES:
            settings = Settings(lens=even, focus_m=FOCUS_M[0], quality=quality)
            row[quality] = float(
                np.mean([
                    diameter_px(
                        rendered(engine, settings, point_light(DISC_SIZE, width // 2 + dx, height // 2 + dy), depth_m),
                        theory_px,
                    )
                    for _, _, dx, dy in MIDDLE
                ])
            )  # fmt: skip
        rows[f"{name} f/{f_number:g} at {distance_m:g} m"] = row
    return rows


def diameter_px(disc: Picture, about_px: float) -> float:
    """The diameter of the uniform disc with the area of a disc (H, W, 3) on black, measured in green.

    The area of a large disc is its pixels above half of its mean, so it does not depend on the light within the disc. A
    small disc consists mostly of its rim: its area is its energy divided by the brightness in its middle.
    """
    light = disc[..., 1].astype(np.float64)
    if about_px > 8:
        mean = light[light > 0.1 * light.max()].mean()
        return float(2 * np.sqrt((light > 0.5 * mean).sum() / np.pi))
    y, x = np.indices(light.shape)
    energy = light.sum()
    from_middle = np.hypot(y - (y * light).sum() / energy, x - (x * light).sum() / energy)
    return float(2 * np.sqrt(energy / (np.pi * light[from_middle <= max(0.3 * about_px, 0.75)].mean())))
