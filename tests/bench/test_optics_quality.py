"""`groundglass bench --quality` compares the blur with a traced lens, here on the minimum number of scenes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass import cli
from groundglass.bench import quality as bench_quality
from groundglass.bench.quality import (
    DISCS,
    EDGES,
    FIELD,
    LAYERS,
    LENS,
    MIDDLE,
    SIZE,
    SURFACES,
    disc_px,
    highlight_energy,
    layered,
    point_light,
    psnr_db,
    rendered,
    run_quality,
    smooth,
)
from groundglass.bench.scenes import layered_scene
from groundglass.commands.bench import print_quality
from groundglass.lens import list_lenses, load_lens
from groundglass.optics.defocus import QUALITIES

WIDTH, HEIGHT = SIZE
LAYERED_SIZE = (320, 180)
NOISE = 0.02


@pytest.fixture(scope="module")
def engine() -> Iterator[gg.Engine]:
    with gg.Engine() as made:
        yield made
    assert made.device.live_buffers == 0


@pytest.fixture(scope="module")
def rows(engine: gg.Engine) -> bench_quality.Rows:
    """The rows of one small layered scene and one scene of each smooth surface, which needs fewer points."""
    kinds = [partial(layered, LAYERED_SIZE, 256), *(partial(smooth, kind, SIZE, 64) for kind in SURFACES)]
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        return psnr_db(engine, workers, kinds, [0])


@pytest.mark.parametrize(("region", "live", "best"), [(LAYERS, 1.8, 3.6), (EDGES, 2.1, 3.7)])
def test_layers_are_closer_to_the_ground_truth_than_a_scatter(
    rows: bench_quality.Rows, region: str, live: float, best: float
) -> None:
    assert rows[region]["live_gain"] >= live
    assert rows[region]["best_gain"] >= best
    assert rows[region]["live_gain"] == rows[region]["live"] - rows[region]["scatter"]
    assert rows[region]["no_blur"] < rows[region]["scatter"]


@pytest.mark.parametrize("kind", SURFACES)
def test_smooth_surfaces_are_close_to_the_ground_truth(rows: bench_quality.Rows, kind: str) -> None:
    assert rows[kind]["no_blur"] < 36 <= min(rows[kind]["live"], rows[kind]["best"])


@pytest.mark.parametrize("name", list_lenses())
def test_a_light_keeps_its_energy_through_every_lens(engine: gg.Engine, name: str) -> None:
    worst = highlight_energy(engine, load_lens(name), SIZE, (*MIDDLE, *FIELD))
    for quality in QUALITIES:
        assert worst[quality] == pytest.approx(1, abs=0.005)


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("distance_m", [0.7, 4.0])
def test_a_dim_point_keeps_its_energy(engine: gg.Engine, quality: str, distance_m: float) -> None:
    settings = gg.Settings(lens=LENS, focus_m=1.0, quality=quality)
    depth_m = np.full((HEIGHT, WIDTH), distance_m, np.float32)
    sums = []
    for level in np.linspace(0.09, 0.11, 8):  # the blur keeps half floats, which round each grey in its own way
        grey = np.full((HEIGHT, WIDTH, 3), level, np.float32)
        speck = grey + 0.7 / bench_quality.LIGHT * point_light(SIZE, 241, 137)
        with_speck, without = (rendered(engine, settings, light, depth_m).astype(np.float64) for light in (speck, grey))
        sums.append((with_speck - without).sum(axis=(0, 1)))
    np.testing.assert_allclose(np.mean(sums, axis=0), 0.7, rtol=0.005)


def test_discs_have_the_diameter_of_the_thin_lens(engine: gg.Engine) -> None:
    found = disc_px(engine)
    theory = [5.49, 2.24, 16.0, 6.5, 118.0]
    for row, expected in zip(found.values(), theory, strict=True):
        assert row["theory"] == pytest.approx(expected, rel=0.005)
        for quality in QUALITIES:
            assert row[quality] == pytest.approx(row["theory"], abs=max(0.5, 0.02 * row["theory"]))
    assert len(found) == len(DISCS)


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize(("distance_m", "turned"), [(np.inf, 0.0), (0.55, 180.0)], ids=["behind", "in front"])
@pytest.mark.parametrize(("blades", "rotation"), [(5, 20.0), (6, 0.0), (8, 10.0), (11, -5.0)])
def test_the_disc_has_the_number_and_rotation_of_the_blades(
    engine: gg.Engine, quality: str, distance_m: float, turned: float, blades: int, rotation: float
) -> None:
    """The strongest harmonic of the rim of a polygon is its number of corners. Its phase is the rotation.

    In front of the focus the polygon is upside down.
    """
    lens = gg.Lens(
        focal_mm=100, f_number=2.8, f_number_min=1.4, focus_min_m=0.5, blades=blades, blade_rotation_deg=rotation
    )
    settings = gg.Settings(lens=lens, focus_m=1.0, quality=quality)
    light = rendered(engine, settings, point_light(SIZE, 240, 135), np.full((HEIGHT, WIDTH), distance_m, np.float32))[
        ..., 1
    ]
    y, x = np.indices(light.shape)
    dx, dy = x - 240, y - 135
    weight = light.astype(np.float64) * np.hypot(dx, dy) ** 4
    clockwise = np.arctan2(dx, -dy)  # from the top
    harmonics = {count: (weight * np.exp(1j * count * clockwise)).sum() for count in range(3, 21)}
    assert max(harmonics, key=lambda count: abs(harmonics[count])) == blades
    period = 360 / blades
    error = (np.degrees(np.angle(harmonics[blades])) / blades - rotation - turned + period / 2) % period - period / 2
    assert error == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("quality", QUALITIES)
def test_depth_noise_does_not_flicker_and_a_cut_converges_in_three_frames(engine: gg.Engine, quality: str) -> None:
    """The scenes contain lights and hair. Differences are in 1/255."""
    settings = gg.Settings(lens=LENS, focus_m=1.0, quality=quality)
    plain = gg.CameraProfile(camera_to_scene=np.eye(3))
    scenes = [layered_scene(seed, (240, 136)) for seed in (0, 1)]
    before: np.ndarray | None = None
    for number in range(16):
        scene, since = scenes[number // 8], number % 8
        noise = 1 + NOISE * np.random.default_rng(number).standard_normal(scene.depth_m.shape)
        frame = gg.Frame(
            scene.picture,
            gg.Encoding.SCENE,
            profile=plain,
            depth_m=(scene.depth_m * noise).astype(np.float32),
            depth_noise=NOISE,
        )
        now = 255 * np.clip(engine.scene(frame, settings), 0, 1) ** (1 / 2.2)
        if since == 2:
            converged = now
        if since >= 3:
            assert before is not None
            assert np.abs(now - before).mean() < 0.5
            assert np.abs(now - converged).mean() < 0.5
        before = now


def test_the_command_prints_every_measurement(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_quality, "list_lenses", lambda: ["noct-50", "phone-1inch"])
    monkeypatch.setattr(bench_quality, "DISCS", DISCS[1:3])  # the others have their own test
    report = run_quality(seeds=1, size=(96, 64), points=8)
    json.dumps(report)
    assert (report["seeds"], report["lens_points"], report["size"]) == (1, 8, [96, 64])
    assert set(report["psnr_db"]) == {LAYERS, EDGES, *SURFACES}
    assert set(report["highlight_energy"]) == {"noct-50", "phone-1inch"}
    print_quality(report)
    printed = capsys.readouterr().out
    for rows in (report["psnr_db"], report["highlight_energy"], report["disc_px"], report["mixed_edges_db"]):
        assert all(name in printed for name in rows)
    assert f"{report['psnr_db'][LAYERS]['best_gain']:.2f}" in printed
    assert f"{report['highlight_energy']['noct-50']['live']:.4f}" in printed


@pytest.mark.parametrize(
    "arguments", [("--seeds", "2"), ("--quality", "--seconds", "2"), ("--quality", "--seeds", "0")]
)
def test_options_of_other_benchmarks_are_a_usage_error(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["groundglass", "bench", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "--se" in capsys.readouterr().err


def test_the_command_measures_the_given_number_of_seeds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    requested: list[tuple[str, int]] = []
    report = {"psnr_db": {}, "highlight_energy": {}, "disc_px": {}, "mixed_edges_db": {}, "seeds": 3}
    monkeypatch.setattr(
        bench_quality, "run_quality", lambda device, seeds: (requested.append((device, seeds)), report)[1]
    )
    for arguments in ((), ("--seeds", "3")):
        target = str(tmp_path / "report.json")
        monkeypatch.setattr("sys.argv", ["groundglass", "bench", "--quality", *arguments, "--json", target])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
        assert json.loads((tmp_path / "report.json").read_text()) == report
    assert requested == [("auto", 2), ("auto", 3)]
