"""Peers do the same work as our stages: their results are compared with ours before their times are."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from groundglass.bench.peers.chains import CHAINS
from groundglass.bench.peers.layers import LAYERS, disc, layers_of
from groundglass.bench.peers.measure import NAMES, comparable, find_peers, psnr_db
from groundglass.bench.peers.peer import Job, strips
from groundglass.bench.peers.pytorch import demosaic_weights
from groundglass.bench.schema import faults
from groundglass.camera import REC2020_TO_REC709
from groundglass.capture import open_source
from groundglass.cfa import Cfa
from groundglass.cli import app
from groundglass.colour.encoding import encode
from groundglass.commands.bench_tables import peer_lines
from groundglass.engine import Engine
from groundglass.errors import GroundglassError
from groundglass.lens import load_lens
from groundglass.look.export import export_look
from groundglass.optics.blur import Blur
from groundglass.settings import Settings
from numpy.typing import NDArray
from typer.testing import CliRunner

MACHINE = {
    "driver": "PoCL",
    "cpu": {"name": "EPYC", "usable_threads": 2, "mhz": None},
    "versions": {"groundglass": "0.1.0"},
    "revision": None,
}
SIZE = (320, 180)
WHITE = 16383  # level of the scene's mosaic
DEMOSAICS = (
    *("OpenCV bilinear, 16 bit", "OpenCV edge-aware, 16 bit", "OpenCV VNG, 8 bit"),
    *("colour-demosaicing bilinear", "colour-demosaicing Malvar2004", "colour-demosaicing Menon2007"),
    "torch bilinear",
)


class Scene:
    """A frame of the built-in scene, our results for it, and its peers by name."""

    def __init__(self, engine: Engine, pool: ThreadPoolExecutor) -> None:
        with open_source("scene:?size={}x{}".format(*SIZE)) as source:
            self.frame = next(iter(source))
        self.settings = Settings()
        self.job = Job(self.frame, self.settings, pool)
        peers, self.missing = find_peers(engine, self.job)
        self.peers = {peer.name: peer for peer in peers}
        self.light = engine.scene(self.frame, self.settings)
        self.picture = engine.render(self.frame, comparable(self.settings))
        self.sharp = engine.render(self.frame, comparable(self.settings.with_(f_number=16.0)))

    def run(self, name: str) -> NDArray[Any]:
        if name not in self.peers:
            reasons = "; ".join(f"{row.library}: {row.reason}; {row.remedy}" for row in self.missing)
            pytest.skip(f"no peer '{name}': {reasons}")
        return self.peers[name].run(self.frame)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with ThreadPoolExecutor(2) as pool, Engine("auto") as engine:
        yield Scene(engine, pool)


@pytest.mark.parametrize("name", CHAINS)
def test_the_chain_of_opencv_makes_roughly_our_picture(scene: Scene, name: str) -> None:
    picture = scene.run(name)
    assert psnr_db(picture, scene.picture) > 25
    assert psnr_db(picture, scene.picture) > psnr_db(scene.sharp, scene.picture) + 3  # its blur is our blur
    mean_codes = np.abs(picture.mean(axis=(0, 1)) - scene.picture.mean(axis=(0, 1)))
    assert mean_codes.max() < 4, "its colours are our colours"


@pytest.mark.parametrize("name", DEMOSAICS)
def test_a_demosaic_keeps_its_samples_and_resembles_the_bilinear_one(scene: Scene, name: str) -> None:
    rgb = scene.run(name)
    rgb = rgb.transpose(1, 2, 0) if rgb.shape[0] == 3 else rgb
    light = np.clip(rgb / {"u1": WHITE / 64, "u2": WHITE, "f4": 1.0}[rgb.dtype.str[1:]], 0, 1)[4:-4, 4:-4]
    bilinear = bilinear_of(scene.frame.pixels / WHITE)[4:-4, 4:-4]
    samples = (scene.frame.pixels / WHITE)[4:-4, 4:-4]
    for colour, y, x in ((0, 0, 0), (1, 0, 1), (1, 1, 0), (2, 1, 1)):  # RGGB
        assert np.abs(light[y::2, x::2, colour] - samples[y::2, x::2]).max() < 6e-3
    assert psnr_db(255 * light, 255 * bilinear) > 30
    if "bilinear" in name:
        assert np.abs(light - bilinear).max() < 1e-4


def bilinear_of(mosaic: NDArray[np.float64]) -> NDArray[np.float64]:
    """(H, W, 3) of RGGB: the mean of the next samples of each colour."""
    rgb = np.zeros((*mosaic.shape, 3))
    for colour, places in enumerate((((0, 0),), ((0, 1), (1, 0)), ((1, 1),))):
        light, weight = np.zeros((2, *mosaic.shape))
        for y, x in places:
            light[y::2, x::2], weight[y::2, x::2] = mosaic[y::2, x::2], 1
        reach = ((0, 1), (1, 0), (0, -1), (-1, 0)) if colour == 1 else [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
        near = 0.25 if colour == 1 else 0.0
        kernel = {(y, x): near or 0.5 ** (abs(y) + abs(x)) for y, x in reach} | {(0, 0): 1.0}
        rgb[..., colour] = sum(share * np.roll(light, at, (0, 1)) for at, share in kernel.items())
    return rgb


def test_the_luts_are_that_of_the_look(scene: Scene) -> None:
    light = scene.light @ REC2020_TO_REC709.T
    lut = export_look(scene.settings.look, "logc", 33).lut
    expected = lut.apply(encode(light, "logc"))
    assert np.abs(scene.run("OpenColorIO, log and LUT") / 255 - expected).max() < 3 / 255
    assert np.abs(scene.run("ffmpeg lut3d, LUT only") - expected).max() < 1e-4


def test_the_blur_of_torch_makes_roughly_our_picture(scene: Scene) -> None:
    light = scene.run("torch disc blur, half size").transpose(1, 2, 0)
    assert light.shape == (SIZE[1], SIZE[0], 3)
    assert np.isfinite(light).all()


def test_layers_cover_all_distances_from_back_to_front() -> None:
    blur = Blur.of(load_lens("noct-50"), 1.2, 1920)
    layers = layers_of(blur, np.array([[0.5, 10.0]], np.float32))
    assert len(layers) == LAYERS
    assert [layer.far_m for layer in layers[1:]] == [layer.near_m for layer in layers[:-1]]
    assert layers[0].far_m == np.inf
    assert layers[-1].near_m == 0
    (focused,) = (layer for layer in layers if layer.radius_px == 0)
    assert focused.near_m < 1.2 < focused.far_m
    assert blur.radius_px(focused.far_m) == pytest.approx(1.0)
    assert layers[-1].radius_px < -blur.radius_px(0.5)


def test_a_disc_keeps_the_light_and_has_the_area_of_its_radius() -> None:
    for radius_px in (0.5, 3.0, 20.5):
        kernel = disc(radius_px)
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        assert (1 / kernel.max()) == pytest.approx(np.pi * radius_px**2, rel=0.35 if radius_px < 1 else 0.03)


def test_strips_cover_every_row_once() -> None:
    assert [row for rows in strips(150) for row in range(rows.start, rows.stop)] == list(range(150))


def test_the_weights_of_a_demosaic_keep_grey() -> None:
    for pattern in ("RGGB", "BGGR", "GRBG", "GBRG"):
        assert np.allclose(demosaic_weights(Cfa(pattern)).sum(axis=(1, 2, 3)), 1)


def peers(*words: str) -> Any:
    return CliRunner().invoke(app, ["bench", "--peers", "--size", "96x64", "--seconds", "0.01", *words])


def test_the_result_follows_the_schema_and_the_table_fits(tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason="OpenCV is not installed; pip install groundglass[bench]")
    pytest.importorskip("PyOpenColorIO", reason="OpenColorIO is not installed; pip install groundglass[bench]")
    json_file, page = tmp_path / "peers.json", tmp_path / "peers.html"
    done = peers("--only", "OpenCV", "--only", "box blur", "--json", str(json_file), "--report", str(page))
    assert done.exit_code == 0, done.output
    assert max(map(len, done.output.splitlines())) <= 80
    result = json.loads(json_file.read_text())
    assert list(faults(result)) == []
    rows = {row["name"]: row for row in result["peers"]}
    chain = rows["chain, box blur, half size"]
    assert set(chain["versions"]) == {"OpenCV", "NumPy", "OpenColorIO"}
    assert chain["psnr_db"] > 15
    assert chain["aim"] is None, "the aims are those of 1920x1080"
    assert chain["rounds"] >= 5
    assert chain["low"] <= chain["ratio"] <= chain["high"]
    assert rows["OpenCV VNG, 8 bit"]["against"] == "demosaic rcd"
    assert "OpenCV VNG, 8 bit" in page.read_text(encoding="utf-8")


def test_a_missing_library_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("cv2", "torch"):
        monkeypatch.setitem(sys.modules, module, None)
    done = peers("--only", "torch", "--only", "OpenCV")
    assert isinstance(done.exception, GroundglassError)
    remedies = "OpenCV: not installed; pip install groundglass[bench]; torch: not installed; pip install torch"
    assert str(done.exception) == f"--peers: {remedies}"


def test_an_unknown_peer_lists_the_peers() -> None:
    done = peers("--only", "halide")
    assert isinstance(done.exception, GroundglassError)
    assert "no peer has such a name; the peers are 'OpenCV bilinear, 16 bit'" in str(done.exception)


def test_the_names_are_those_of_the_peers(scene: Scene) -> None:
    missing = {row.library for row in scene.missing}
    known = {name for library, names in NAMES.items() if library not in missing for name in names}
    assert set(scene.peers) == known


def test_an_aim_that_is_missed_is_reported() -> None:
    row: dict[str, Any] = {"name": "chain", "aim": 6.0, "ratio": 2.9, "versions": {}}
    result = {"size": [1920, 1080], "missing": [], "device": "", "gl": "", "measured": "", "machine": MACHINE}
    for low, high, state in ((2.8, 3.0, "not reached"), (5.9, 6.2, "not certain"), (6.1, 7.0, "reached")):
        peer = row | {"low": low, "high": high, "aim_reached": low >= 6}
        assert ("aim", f"6.00 times: {state}, 2.90 (chain)") in peer_lines(result | {"peers": [peer]})
