"""Focus breathing: the picture is magnified around its centre, and pointer positions follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import groundglass as gg
import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.compute.registry import open_device
from groundglass.controls import Controls
from groundglass.lens import Lens, load_lens
from groundglass.optics import breathing
from groundglass.optics.breathing import Breathing, magnification
from groundglass.tools.aids import Aids
from groundglass.tools.focus import FocusTool
from live_engine import LiveEngine, tool_context
from tolerances import ANOTHER_COMPILER, FEW_OPERATIONS

# A lens with breathing only: 10 % at the closest focus, everything in focus.
LENS = Lens(f_number=32, f_number_min=32, focus_min_m=0.5, breathing_percent=10.0, name="bellows")
WIDTH, HEIGHT = 160, 96


@pytest.fixture(scope="module")
def engine() -> Iterator[LiveEngine]:
    with LiveEngine(look="neutral", lens=LENS, focus_m=0.5) as made:
        yield made
    assert made.device.live_buffers == 0


@pytest.fixture(autouse=True)
def settings(engine: LiveEngine) -> None:
    engine.lens, engine.focus_m, engine.development = LENS, 0.5, gg.Development()


def enlarged(device: Device, scene: np.ndarray, factor: float) -> np.ndarray:
    """(H, W, 3) float32 result of Breathing."""
    height, width = scene.shape[:2]
    planes, stage = Planes(device, width, height, 3), Breathing(device, width, height)
    planes.write(scene)
    result = stage.run(planes, factor).read()
    stage.release()
    planes.release()
    return result


def cubic(t: np.ndarray) -> list[np.ndarray]:
    """Catmull-Rom weights of the four neighbours."""
    return [
        0.5 * (-t + 2 * t**2 - t**3),
        0.5 * (2 - 5 * t**2 + 3 * t**3),
        0.5 * (t + 4 * t**2 - 3 * t**3),
        0.5 * (-(t**2) + t**3),
    ]


def by_formula(scene: np.ndarray, factor: float, axis: int = 0) -> np.ndarray:
    """Cubic interpolation of rows, then columns, limited to the range of the two neighbours."""
    count = scene.shape[axis]
    position = (np.arange(count) + 0.5 - count / 2) / factor + count / 2 - 0.5
    first = np.floor(position).astype(int)
    padded = np.pad(scene.astype(np.float64), [(2, 2) if n == axis else (0, 0) for n in range(3)], mode="reflect")
    four = [np.take(padded, first + 1 + n, axis) for n in range(4)]
    weights = [weight.reshape([-1 if n == axis else 1 for n in range(3)]) for weight in cubic(position - first)]
    value = sum(weight * light for weight, light in zip(weights, four, strict=True))
    value = np.clip(value, np.minimum(four[1], four[2]), np.maximum(four[1], four[2]))
    return value if axis else by_formula(value, factor, axis=1)


@pytest.mark.parametrize("factor", [1.004, 1.02, 1 / 0.95, 1.25, 1.5])
@pytest.mark.parametrize(("width", "height"), [(160, 96), (159, 97), (21, 40), (11, 24)])
def test_interpolation_is_cubic_and_limited_to_its_neighbours(
    device: Device, width: int, height: int, factor: float
) -> None:
    scene = np.random.default_rng(2).random((height, width, 3)).astype(np.float32)
    np.testing.assert_allclose(enlarged(device, scene, factor), by_formula(scene, factor), atol=1e-4)


@pytest.mark.parametrize("run_length", [1, 8, 16])
def test_breathing_is_independent_of_the_run_length(device: Device, run_length: int) -> None:
    if device.run_length in (1, run_length):
        pytest.skip(f"{device.spec} has the run length {device.run_length}; only a CPU supports others")
    other = open_device(device.spec)
    other.run_length = run_length
    scene = np.random.default_rng(2).random((50, 201, 3)).astype(np.float32)
    for factor in (1.03, 1.4):
        np.testing.assert_allclose(
            enlarged(other, scene, factor), enlarged(device, scene, factor), atol=ANOTHER_COMPILER
        )
    other.close()


def test_uniform_areas_are_unchanged_and_lamps_have_no_dark_rims(device: Device) -> None:
    scene = np.full((40, 60, 3), 0.2, np.float32)
    np.testing.assert_allclose(enlarged(device, scene, 1.07), scene, rtol=FEW_OPERATIONS)
    scene[20, 30] = 50
    assert enlarged(device, scene, 1.07).min() >= 0.2 - 1e-6


def test_magnification_follows_the_focus() -> None:
    assert magnification(LENS, np.inf) == 1.0
    assert magnification(LENS, 0.5) == pytest.approx(1 / 0.9)
    assert magnification(LENS, 0.95) == pytest.approx(1 / 0.95)  # half of the extension
    widening = replace(LENS, breathing_percent=-10.0)  # the frame is its widest view, at the closest focus
    assert magnification(widening, 0.5) == pytest.approx(1.0)
    assert magnification(widening, np.inf) == pytest.approx(1.1)
    assert magnification(replace(LENS, breathing_percent=0.0), 0.5) == 1.0
    assert not breathing.shows(1.0, 8000)


def test_breathing_of_the_capturing_lens_is_subtracted() -> None:
    assert magnification(LENS, 0.95, LENS, 0.95) == 1.0
    assert magnification(LENS, 0.5, LENS, 0.95) == pytest.approx(0.95 / 0.9)
    assert magnification(LENS, 5.0, LENS, 0.95) == 1.0  # the light outside the frame is unknown
    assert magnification(LENS, 0.5, load_lens("phone-1inch"), None) == pytest.approx(1 / 0.9)


def spots(**fields: object) -> gg.Frame:
    """A grey wall at 4 m with a red square at 0.8 m near its upper left corner."""
    scene = np.full((HEIGHT, WIDTH, 3), 0.1, np.float32)
    depth_m = np.full((HEIGHT, WIDTH), 4.0, np.float32)
    scene[12:16, 20:24] = (0.9, 0.1, 0.1)
    depth_m[12:16, 20:24] = 0.8
    return gg.Frame(scene, gg.Encoding.SCENE, **{"depth_m": depth_m, **fields})


def red_at(scene: np.ndarray) -> tuple[float, float]:
    """Centre of the red area, as fractions of the picture."""
    red = np.clip(scene[..., 0] - scene[..., 1] - 0.01, 0, None).astype(np.float64)
    y, x = np.indices(red.shape) + 0.5
    return (red * x).sum() / red.sum() / WIDTH, (red * y).sum() / red.sum() / HEIGHT


def test_the_picture_is_magnified_around_its_centre(engine: LiveEngine) -> None:
    engine.focus_m = np.float32(1e3)
    x, y = red_at(engine.scene(spots()))
    assert (x, y) == pytest.approx((22 / WIDTH, 14 / HEIGHT), abs=0.001)
    engine.focus_m = 0.5
    near_x, near_y = red_at(engine.scene(spots()))
    assert (near_x - 0.5) / (x - 0.5) == pytest.approx(1 / 0.9, rel=0.005)
    assert (near_y - 0.5) / (y - 0.5) == pytest.approx(1 / 0.9, rel=0.005)


def test_a_click_uses_the_magnified_position(engine: LiveEngine) -> None:
    frame = spots()
    for focus_m in (0.5, 0.7, 2.0):
        engine.focus_m = focus_m
        picture = engine.render(frame)
        assert engine.magnification == pytest.approx(magnification(LENS, focus_m))
        x, y = red_at((picture / 255) ** 2.2)
        assert engine.depth_at(x, y) == pytest.approx(0.8)
        offset = 3.5 / WIDTH
        assert engine.depth_at(x - offset, y) == engine.depth_at(x + offset, y) == pytest.approx(4.0)
    engine.focus_m = 50.0  # the drawn frame counts, not the next one
    assert engine.depth_at(x, y) == pytest.approx(0.8)


def test_grey_picking_uses_the_magnified_position(engine: LiveEngine) -> None:
    pixels = np.full((HEIGHT, WIDTH), 20000, np.uint16)
    pixels[8:24:2, 12:28:2] = 40000  # the red photosites of RGGB
    frame = gg.Frame(pixels, depth_m=np.full((HEIGHT, WIDTH), 4.0, np.float32))
    picture = engine.render(frame)
    x, y = red_at((picture / 255) ** 2.2)
    assert x < 20 / WIDTH - 0.03
    assert engine.grey_at(x, y).startswith("0.5,1,1")


def test_peaking_and_the_face_box_are_magnified(engine: LiveEngine) -> None:
    engine.draw(spots())
    ctx = tool_context(engine, None, lambda message: None, Controls(), None)  # type: ignore[arg-type]
    focus_tool, aids = FocusTool(ctx), Aids(ctx)
    ctx.controls.add(aids.controls())
    ctx.controls.set("peaking", True)
    focus_tool._face, focus_tool._face_until_s = (0.4, 0.1, 0.6, 0.3), np.inf
    shown = focus_tool.overlays(engine.drawn) | aids.overlays(engine.drawn)
    assert shown.circles is not None
    assert shown.circles.magnification == engine.magnification == pytest.approx(1 / 0.9)
    assert shown.face == pytest.approx((0.5 - 0.1 / 0.9, 0.5 - 0.4 / 0.9, 0.5 + 0.1 / 0.9, 0.5 - 0.2 / 0.9))


def test_a_rack_breathes_smoothly(engine: LiveEngine) -> None:
    rack, frame = gg.Rack(from_m=0.5, to_m=20.0, seconds=1.0), spots()
    positions = []
    for time_s in np.linspace(0, 1, 31):
        engine.focus_m = rack.focus_m(float(time_s))
        positions.append(red_at(engine.scene(frame))[0] * WIDTH)
    steps = np.diff(positions)
    assert steps.min() > -0.02  # pixels
    assert steps.max() < 0.6  # 6.4 pixels in total, eased
    assert positions[-1] - positions[0] == pytest.approx((80 - 22) * (1 / 0.9 - 1), rel=0.08)


def test_a_lens_without_breathing_has_no_stage() -> None:
    with LiveEngine(lens=replace(LENS, breathing_percent=0.0), focus_m=0.5) as fresh:
        fresh.draw(spots())
        assert (len(fresh._pipeline.breathing), fresh.magnification) == (0, 1.0)


def test_a_frame_without_depth_is_not_magnified(engine: LiveEngine) -> None:
    engine.draw(spots(depth_m=None))
    assert engine.magnification == 1.0
    assert red_at(engine.scene(spots(depth_m=None)))[0] == pytest.approx(22 / WIDTH, abs=1e-4)


@pytest.mark.parametrize("unknown", [0.0, -1.0, np.nan])
def test_an_unknown_distance_is_none(engine: LiveEngine, unknown: float) -> None:
    engine.draw(spots())
    depth_m = np.full((8, 8), 2.0, np.float32)
    depth_m[:, :4] = unknown
    engine.drawn = replace(engine.drawn, frame=replace(engine.last, depth_m=depth_m))
    assert engine.depth_at(0.2, 0.5) is None
    assert engine.depth_at(0.8, 0.5) == 2.0
