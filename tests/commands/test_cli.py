"""The command line: arguments, output files and errors. The tests call `main` as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from groundglass import cli
from groundglass.commands.output import json_target
from groundglass.commands.parsing import parse_size
from groundglass.commands.render import frames_to_write, numbered, path_of
from groundglass.commands.start import sized_scene
from groundglass.errors import OutputError
from PIL import Image
from tolerances import assert_same_codes

SCENE = "scene:?size=160x90&seed=7"


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def groundglass(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path):
    """Runs the command in an empty folder and without a display."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    def call(*arguments: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["groundglass", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        return Outcome(code if isinstance(code, int) else 0, *capfd.readouterr())

    return call


def assert_error_line(outcome: Outcome, *words: str) -> None:
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1, outcome.err
    assert outcome.err.startswith("groundglass: ")
    assert all(word in outcome.err for word in words), outcome.err


# Arguments


@pytest.mark.parametrize("command", ["view", "render", "bench", "devices"])
def test_each_command_has_help(groundglass, command: str) -> None:
    outcome = groundglass(command, "--help")
    assert outcome.code == 0, outcome
    assert "--json" in outcome.out or command == "render"


def test_the_bench_times_every_stage(groundglass, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groundglass.bench.launches.compiled_kernels", lambda source: {})  # it takes 20 s
    outcome = groundglass("bench", "--size", "160x96", "--seconds", "0.01", "--json", "-")
    assert outcome.code == 0, outcome
    report = json.loads(outcome.out)
    assert report["size"] == [160, 96]
    assert {
        "demosaic rcd",
        "defocus live",
        "transfer",
        "look classic",
        "look classic by kernel",
        "whole chain",
    } <= report["stages"].keys()
    assert all(stage["host_ms"]["p50"] > 0 for stage in report["stages"].values())


def test_help_does_not_wait_for_drivers() -> None:
    drivers = "{'pyopencl', 'cupy', 'glfw', 'av', 'OpenEXR'} & set(sys.modules)"
    code = f"import sys, groundglass.cli; print({drivers})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_version_is_the_version_of_the_package(groundglass) -> None:
    outcome = groundglass("--version")
    assert outcome.code == 0, outcome
    assert outcome.out.startswith("groundglass 0.")


def test_python_m_runs_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "groundglass", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("groundglass 0.")


@pytest.mark.parametrize(("text", "size"), [("1920x1080", (1920, 1080)), ("64X32", (64, 32)), (None, None)])
def test_a_size_is_width_by_height(text: str | None, size: tuple[int, int] | None) -> None:
    assert parse_size("--size", text) == size


@pytest.mark.parametrize("text", ["1920", "0x10", "axb", "20000x10", "-4x4"])
def test_a_bad_size_is_a_usage_error(groundglass, text: str) -> None:
    outcome = groundglass("view", "--headless", f"--size={text}")
    assert outcome.code == 2
    assert "--size" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("scene:", "scene:?size=64x32"),
        ("scene:?seed=7", "scene:?seed=7&size=64x32"),
        ("scene:?size=8x8", "scene:?size=8x8"),
        ("photo.dng", "photo.dng"),
    ],
)
def test_the_size_applies_to_a_scene_without_a_size(source: str, expected: str) -> None:
    assert sized_scene(source, (64, 32)) == expected
    assert sized_scene(source, None) == source


# Errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere.dng",), ("nowhere.dng", "no such file")),
        (("scene:?size=banana",), ("banana", "1920x1080")),
        ((SCENE, "--look", "clasic"), ("clasic", "classic")),
        ((SCENE, "--lens", "noct50"), ("noct50", "noct-50")),
        ((SCENE, "--demosaic", "rdc"), ("rdc", "rcd")),
        ((SCENE, "--f-number", "99"), ("f/99",)),
        ((SCENE, "--focus", "0.01"), ("0.01",)),
        ((SCENE, "--focus", "-1"), ("-1",)),
        ((SCENE, "--device", "vulkan"), ("vulkan", "opencl")),
        ((SCENE, "--device", "opencl:77"), ("opencl:77", "opencl:0")),
        ((SCENE, "--save-frame", "picture.xyz"), ("picture.xyz", ".png")),
        ((SCENE, "--save-frame", "nowhere/picture.png"), ("nowhere", "does not exist")),
        ((SCENE, "--json", "nowhere/report.json"), ("nowhere", "does not exist")),
        ((SCENE, "--raw-size", "16x16"), ("--raw-format",)),
        ((SCENE, "--raw-black", "64"), ("--raw-black", "--raw-format")),
        ((SCENE, "--depth", "plane:x"), ("plane:",)),
    ],
)
def test_an_invalid_argument_gives_one_line(groundglass, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    assert_error_line(groundglass("view", *arguments, "--headless", "--frames", "1"), *words)


def test_a_truncated_raw_file_gives_one_line(groundglass, data_dir: Path) -> None:
    cut = data_dir / "raw" / "leica_m10_truncated.dng"
    if not cut.exists():
        pytest.skip(f"no {cut.name} among the real input files")
    assert_error_line(groundglass("render", cut, "-o", "out.png"), cut.name)
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "command", [("view", "--frames", "0"), ("view", "--strength", "2"), ("render", SCENE), ("wiew",)]
)
def test_a_usage_error_is_status_2(groundglass, command: tuple[str, ...]) -> None:
    outcome = groundglass(*command)
    assert outcome.code == 2
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("strength", ["1.1", "101%", "-5%", "nan", "%", "half"])
def test_a_strength_outside_0_to_1_or_0_to_100_percent_is_refused(groundglass, strength: str) -> None:
    outcome = groundglass("render", SCENE, "-o", "still.png", f"--strength={strength}")
    assert outcome.code == 2
    assert "write 0 to 1, or 0%" in " ".join(outcome.err.replace("│", " ").split())


def test_strength_sets_the_amount_of_the_look(groundglass) -> None:
    for name, strength in (("part", "0.5"), ("percent", "50%"), ("none", "0%"), ("all", "100%")):
        command = ("render", SCENE, "-o", f"{name}.png", "--look", "monochrome", "--strength", strength)
        assert groundglass(*command).code == 0
    part, percent, none, whole = (
        np.asarray(Image.open(f"{name}.png")).astype(float) for name in ("part", "percent", "none", "all")
    )
    np.testing.assert_array_equal(part, percent)
    chroma = [np.ptp(picture, axis=2).mean() for picture in (none, part, whole)]
    assert chroma[0] > 1.3 * chroma[1] > 2.6 * chroma[2]


@pytest.mark.parametrize("ev", ["-10.5", "11", "nan", "inf", "-inf", "bright"])
def test_an_exposure_beyond_ten_stops_is_refused(groundglass, ev: str) -> None:
    outcome = groundglass("render", SCENE, "-o", "still.png", f"--exposure={ev}")
    assert outcome.code == 2
    assert "--exposure" in outcome.err
    assert "Traceback" not in outcome.err


# view


def test_standard_output_contains_only_the_json(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "groundglass", "view", SCENE, "--headless", "--frames", "5", "--json", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done
    report = json.loads(done.stdout)
    assert report["frames"] == 5
    assert report["size"] == [160, 90]
    keys = "frames seconds fps late_frames dropped_frames reconnects scale frames_by_scale size stages interval_ms "
    keys += "latency_ms rss_mb first_picture_s device gl"
    assert set(keys.split()) <= set(report)
    assert list(tmp_path.iterdir()) == []


def test_view_without_a_display_writes_a_picture(groundglass) -> None:
    outcome = groundglass("view", SCENE, "--frames", "3")
    assert outcome.code == 0, outcome
    assert "off screen" in outcome.err
    assert "view.png" in outcome.out
    assert "fps" in outcome.out
    assert Image.open("view.png").size == (160, 90)


def test_a_recording_has_the_requested_size(groundglass) -> None:
    pytest.importorskip("av")
    outcome = groundglass(
        *("view", SCENE, "--headless", "--frames", "3", "--json", "report.json"),
        *("--record", "small.mp4", "--record-size", "80x44"),
    )
    assert outcome.code == 0, outcome
    report = json.loads(Path("report.json").read_text())
    assert report["recorded_size"] == [80, 44]
    assert report["scale"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--record-size", "80x44"), ("--record-size", "--record FILE")),
        (("--record-size", "81x45", "--record", "a.mp4"), ("81x45", "even", "80x44")),
        (("--record-size", "320x180", "--record", "a.mp4"), ("160x90", "smaller")),
        (("--record-size", "80x60", "--record", "a.mp4"), ("shape", "80x44")),
        (("--record-size", "80x44", "--record", "a.mp4", "--scale", "0.5"), ("--scale",)),
    ],
)
def test_an_impossible_record_size_gives_one_line(
    groundglass, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert_error_line(groundglass("view", SCENE, *arguments, "--headless", "--frames", "1"), *words)
    assert os.listdir() == []


def test_headless_view_saves_the_requested_frame(groundglass) -> None:
    outcome = groundglass(
        *("view", "scene:", "--size", "96x64", "--headless", "--frames", "2"),
        *("--save-frame", "last.png", "--json", "report.json"),
    )
    assert outcome.code == 0, outcome
    assert Image.open("last.png").size == (96, 64)
    assert json.loads(Path("report.json").read_text())["frames"] == 2
    assert sorted(os.listdir()) == ["last.png", "report.json"]


# render


def test_one_picture_gives_one_file(groundglass) -> None:
    outcome = groundglass("render", SCENE, "-o", "still.png")
    assert outcome.code == 0, outcome
    picture = np.asarray(Image.open("still.png"))
    assert picture.shape == (90, 160, 3)
    assert picture.std() > 5


def test_one_stop_doubles_the_scene_values(groundglass) -> None:
    openexr = pytest.importorskip("OpenEXR")
    assert groundglass("render", SCENE, "-o", "plain.exr").code == 0
    assert groundglass("render", SCENE, "-o", "bright.exr", "--exposure", "1").code == 0
    plain, bright = (openexr.File(f"{name}.exr").channels()["RGB"].pixels for name in ("plain", "bright"))
    assert np.allclose(bright, 2 * plain, rtol=2e-3, atol=1e-4)


def test_the_raw_options_reach_the_reader_of_a_headerless_mosaic(groundglass) -> None:
    np.tile(np.array([[400, 200], [200, 100]], "<u2"), (32, 48)).tofile("green.raw")
    options = ("--raw-format", "rggb10", "--raw-size", "96x64", "--look", "neutral")
    assert groundglass("render", "green.raw", *options, "--wb", "0.5,1,2", "-o", "given.png").code == 0
    assert groundglass("render", "green.raw", *options, "--wb", "grey:0.5,0.5", "-o", "measured.png").code == 0
    given_rgb, measured_rgb = np.asarray(Image.open("given.png")), np.asarray(Image.open("measured.png"))
    assert_same_codes(measured_rgb, given_rgb)  # a measured balance is a rounded mean
    assert int(np.ptp(given_rgb[8:-8, 8:-8].astype(int), axis=2).max()) <= 1


@pytest.mark.parametrize("output", ["out/%04d.png", "out/", "out"])
def test_many_frames_give_numbered_files(groundglass, output: str) -> None:
    outcome = groundglass("render", SCENE, "-o", output, "--frames", "3")
    assert outcome.code == 0, outcome
    assert sorted(path.name for path in Path("out").iterdir()) == ["0001.png", "0002.png", "0003.png"]


def test_an_exr_is_written_and_a_tiff_has_16_bits(groundglass) -> None:
    tifffile = pytest.importorskip("tifffile")
    pytest.importorskip("OpenEXR")
    assert groundglass("render", SCENE, "-o", "light.exr").code == 0
    assert groundglass("render", SCENE, "-o", "print.tif").code == 0
    assert Path("light.exr").stat().st_size > 1000
    values = tifffile.imread("print.tif")
    assert values.dtype == np.uint16
    assert np.any(values % 257)  # widened 8-bit values would be multiples of 257


class Frames:
    """The attributes of a source that `frames_to_write` reads."""

    def __init__(self, name: str, frames: int | None) -> None:
        self.name, self.frames = name, frames


@pytest.mark.parametrize(
    ("frames", "many", "requested", "count"),
    [
        (1, False, None, 1),
        (12, True, None, 12),
        (12, True, 5, 5),
        (12, True, 50, 12),
        (None, True, 5, 5),
        (12, False, 1, 1),
    ],
)
def test_the_number_of_written_frames(frames: int | None, many: bool, requested: int | None, count: int) -> None:
    assert frames_to_write(Frames("clip", frames), Path("out.png"), many, requested) == count


def test_one_file_for_several_frames_is_refused() -> None:
    with pytest.raises(OutputError, match="12 frames"):
        frames_to_write(Frames("clip", 12), Path("out.png"), False, None)
    with pytest.raises(OutputError, match="--frames"):
        frames_to_write(Frames("scene:", None), Path("out"), True, None)


def test_a_numbered_name_has_exactly_one_number(tmp_path: Path) -> None:
    assert numbered(tmp_path) == tmp_path / "%04d.png"
    assert numbered(Path("a.png")) is None
    assert path_of(Path("out/f%03d.tif"), 7) == Path("out/f007.tif")
    for name in ("%s.png", "%d-%d.png", "100%.png"):
        with pytest.raises(OutputError, match="one %d"):
            numbered(Path(name))


# devices, and the target of the report


def test_devices_reports_the_device_that_auto_chooses(groundglass) -> None:
    outcome = groundglass("devices", "--json", "-")
    report = json.loads(outcome.out)
    assert report["chosen"] in [device["spec"] for device in report["devices"]]
    assert report["gl"]
    assert report["look_route"] in ("kernel", "gl")
    assert f"look    {report['look_route']}: " in outcome.err
    assert f"decoder {report['decoder']}: " in outcome.err
    assert "auto" in outcome.err
    assert all(failure["remedy"] for failure in report["failures"])


def test_driver_output_does_not_reach_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    with json_target("-") as write_json:
        os.write(1, b"driver chatter\n")
        print("more chatter")
        write_json({"fps": 60.0})
    out, err = capfd.readouterr()
    assert json.loads(out) == {"fps": 60.0}
    assert "driver chatter" in err


def test_render_reports_a_doubt(groundglass, tmp_path: Path) -> None:
    wall = tmp_path / "wall.png"
    Image.new("RGB", (64, 48), (90, 170, 60)).save(wall)
    outcome = groundglass("render", wall, "-o", "balanced.png", "--wb", "auto")
    assert outcome.code == 0, outcome
    assert "--wb auto is not sure: the picture has only one colour; compare with --wb as-shot, 5200K" in outcome.err
    assert "not sure" not in groundglass("render", wall, "-o", "as_shot.png").err
    outcome = groundglass("render", wall, "-o", "blurred.png", "--depth", "plane:0.3..0.5@0", "--f-number", "1.4")
    assert "nothing is in focus at 1.2 m: everything is 0.3" in outcome.err
    assert outcome.err.rstrip().endswith("away; try --focus auto")
