"""Dead and hot photosites: detection, false positives and replacement values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass.cfa import Cfa
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.develop.defects import Defects

BAYER, MONO = Cfa(), Cfa("MONO")


def repaired(
    device: Device, light: np.ndarray, cfa: Cfa = BAYER, *, detect: bool = True, positions: np.ndarray | None = None
) -> np.ndarray:
    """(H, W): linear light of the mosaic after defect correction."""
    planes = Planes(device, *light.shape[::-1], 1)
    planes.write(np.sqrt(light + 0.001)[..., None].astype(np.float32))
    planes.mirror()
    defects = Defects(planes)
    defects.set_listed(positions)
    defects.run(cfa, detect=detect)
    result = defects.output.read()[..., 0].astype(np.float64) ** 2 - 0.001
    defects.release()
    defects.release()
    planes.release()
    return result


def colours(height: int = 40, width: int = 60) -> np.ndarray:
    """(H, W): a mosaic of smooth light with different levels for the colours."""
    y, x = np.mgrid[:height, :width]
    light = 0.2 + 0.1 * np.sin(x / 9) * np.cos(y / 7)
    return light * np.where((y % 2 == 0) & (x % 2 == 0), 0.5, np.where((y + x) % 2 == 1, 1.0, 0.7))


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("cfa", [BAYER, MONO])
def test_hot_and_dead_photosites_are_detected_and_replaced(device: Device, value: float, cfa: Cfa) -> None:
    clean = colours() if cfa is BAYER else np.full((40, 60), 0.3)
    positions = [(5, 5), (6, 20), (17, 30), (30, 41), (0, 0), (39, 59), (12, 0)]
    broken = clean.copy()
    for y, x in positions:
        broken[y, x] = value
    result = repaired(device, broken, cfa)
    for y, x in positions:
        assert result[y, x] == pytest.approx(clean[y, x], abs=0.02)
    good = np.ones(clean.shape, bool)
    good[tuple(np.transpose(positions))] = False
    np.testing.assert_allclose(result[good], clean[good], atol=1e-5)


def test_listed_photosites_are_replaced_without_detection(device: Device) -> None:
    clean = colours()
    broken = clean.copy()
    broken[10, 10] *= 1.05
    positions = np.array([[10, 10], [999, 3], [-1, 0]], np.int32)  # column, row; two are outside the mosaic
    result = repaired(device, broken, detect=False, positions=positions)
    assert result[10, 10] != pytest.approx(broken[10, 10], abs=1e-3)
    assert result[10, 10] == pytest.approx(clean[10, 10], abs=0.01)
    np.testing.assert_allclose(repaired(device, broken, detect=False), broken, atol=1e-5)


def test_defective_neighbours_are_not_used_for_replacement(device: Device) -> None:
    clean = np.full((30, 30), 0.4)
    broken = clean.copy()
    positions = np.array([[x, y] for x in (10, 12) for y in (10, 12, 14)], np.int32)
    broken[positions[:, 1], positions[:, 0]] = 1.0
    np.testing.assert_allclose(repaired(device, broken, detect=False, positions=positions), clean, atol=1e-5)


def test_two_adjacent_hot_photosites_are_detected(device: Device) -> None:
    clean = colours()
    broken = clean.copy()
    broken[20, 20] = broken[20, 21] = 1.0
    assert np.abs(repaired(device, broken) - clean).max() < 0.03


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_two_defective_neighbours_of_one_colour_are_detected(device: Device, value: float) -> None:
    clean = colours()
    for dx, dy in ((2, 0), (0, 2), (2, 2), (-2, 2)):
        broken = clean.copy()
        broken[20, 20] = broken[20 + dy, 20 + dx] = value
        assert np.abs(repaired(device, broken) - clean).max() < 0.03


def test_defective_photosites_next_to_the_edge_are_detected(device: Device) -> None:
    clean = colours()
    broken = clean.copy()
    for y, x in ((1, 20), (38, 31), (20, 1), (11, 58)):
        broken[y, x] = 1.0
    assert np.abs(repaired(device, broken) - clean).max() < 0.03


def test_stars_are_kept(device: Device) -> None:
    """The lens spreads each point of light over several photosites."""
    random = np.random.default_rng(3)
    y, x = np.mgrid[:120, :160]
    sky = np.full((120, 160), 0.02)
    for _ in range(25):
        row, column = random.uniform(6, 114), random.uniform(6, 154)
        sky += 0.9 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 0.7**2))
    assert np.abs(repaired(device, sky) - sky).max() < 1e-4


@pytest.mark.parametrize("bright", [True, False])
@pytest.mark.parametrize("line", ["row", "column", "diagonal", "part", "steps"])
def test_thin_lines_are_kept(device: Device, line: str, bright: bool) -> None:
    y, x = np.mgrid[:48, :48]
    distance = {
        "row": y - 20,
        "column": x - 21,
        "diagonal": y - x,
        "part": np.where((x > 15) & (x < 34), y - x, 9),
        "steps": y - x // 2,
    }[line]
    light = np.where((distance == 0) == bright, 0.9, 0.1)
    np.testing.assert_allclose(repaired(device, light)[6:-6, 6:-6], light[6:-6, 6:-6], atol=1e-5)


def test_noise_is_not_a_defect(device: Device) -> None:
    random = np.random.default_rng(4)
    light = np.maximum(colours(200, 300) + random.normal(size=(200, 300)) * 0.01, 0)
    assert (np.abs(repaired(device, light) - light) > 1e-4).mean() < 1e-4


def test_the_defects_of_a_photograph_are_repaired(data_dir: Path, device: Device) -> None:
    paths = [data_dir / "raw" / f"still_768x512_rggb{suffix}.raw" for suffix in ("", "_badpixels")]
    if not all(path.exists() for path in paths):
        pytest.skip("raw/still_768x512_rggb*.raw is missing from the data folder")
    clean, broken = (
        np.clip((np.fromfile(path, "<u2").reshape(512, 768) - 616.0) / (16383 - 616), 0, 1) for path in paths
    )
    bad = clean != broken
    visible = bad & (np.abs(np.sqrt(clean + 0.001) - np.sqrt(broken + 0.001)) > 0.05)
    changed = np.abs(repaired(device, broken) - broken) > 1e-5
    assert changed[visible].mean() > 0.92
    assert np.count_nonzero(changed & ~bad) <= 12  # among 393 000 photosites
    before, after = (np.mean((light - clean)[bad] ** 2) for light in (broken, repaired(device, broken)))
    assert after < before / 30
    assert np.count_nonzero(np.abs(repaired(device, clean) - clean) > 1e-5) <= 12
