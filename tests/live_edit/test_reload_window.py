"""Files that are saved while the window is open: valid and broken shaders, includes, kernels, looks and LUTs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from reload_support import BLUE, COLOUR, CUBE, GREEN, LOOK, PLAIN, RED, Bench
from window_support import Screen, until


@pytest.fixture(scope="module")
def bench(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(screen, tmp_path_factory.mktemp("tune"))
    yield bench
    bench.live.end()


def test_a_saved_pass_changes_the_picture(bench: Bench) -> None:
    bench.save("plain.glsl", PLAIN.replace("colour()", "colour().yxz"))
    until(lambda: bench.shows(GREEN), "green")
    bench.save("plain.glsl", PLAIN)
    until(lambda: bench.shows(RED), "red again")


def test_a_saved_include_changes_the_picture(bench: Bench) -> None:
    bench.save("colour.glsl", COLOUR.replace("1.0, 0.0, 0.0", "0.0, 1.0, 0.0"))
    until(lambda: bench.shows(GREEN), "green")


def test_a_renamed_temporary_file_is_reloaded(bench: Bench) -> None:
    bench.save(".colour.glsl.swp", COLOUR)
    bench.save("colour.glsl~", COLOUR)
    bench.save("4913", COLOUR)
    os.replace(bench.folder / "4913", bench.folder / "colour.glsl")
    until(lambda: bench.shows(RED), "red")


@pytest.mark.parametrize(
    ("name", "good", "broken"),
    [
        ("plain.glsl", PLAIN, PLAIN.replace("rgb;", "missing;")),
        ("plain.glsl", PLAIN, PLAIN.replace("0.5 0.0 1.0", "0.5 high low")),
        ("colour.glsl", COLOUR, COLOUR.replace("vec3(", "vec7(")),
        ("flat.toml", LOOK, LOOK.replace("level = 1.0", "lvel = 1.0")),
        ("flat.toml", LOOK, LOOK.replace("]", "")),
    ],
)
def test_a_broken_file_shows_its_line_and_keeps_the_picture(bench: Bench, name: str, good: str, broken: str) -> None:
    bench.breaks(name, broken, RED)
    bench.save(name, good)
    until(lambda: not bench.shows_error, "the message disappears")
    assert bench.shows(RED)


def test_a_broken_file_is_retried_when_another_file_changes(bench: Bench) -> None:
    bench.breaks("plain.glsl", PLAIN.replace("colour()", "tint()"), RED)
    bench.save("colour.glsl", COLOUR.replace("colour", "tint").replace("1.0, 0.0, 0.0", "0.0, 1.0, 0.0"))
    until(lambda: bench.shows(GREEN) and not bench.shows_error, "green by both files")
    bench.save("colour.glsl", COLOUR)
    bench.save("plain.glsl", PLAIN)
    until(lambda: bench.shows(RED) and not bench.shows_error, "and red again")


def test_a_saved_look_and_its_lut_change_the_picture(bench: Bench) -> None:
    bench.save("flat.toml", LOOK + '\n[pass.lut]\nfile = "blue.cube"\n')
    until(lambda: bench.shows(BLUE), "blue, by a pass that is new in the look")
    bench.save("blue.cube", CUBE.replace("0.0 0.0 1.0", "0.0 1.0 0.0"))
    until(lambda: bench.shows(GREEN), "green, by the LUT")
    bench.breaks("blue.cube", CUBE.replace("0.0 0.0 1.0", "0.0 none 0.0", 1), GREEN)
    bench.save("blue.cube", CUBE)
    until(lambda: bench.shows(BLUE) and not bench.shows_error, "blue")
    bench.save("flat.toml", LOOK)
    until(lambda: bench.shows(RED), "red")


def test_a_saved_kernel_changes_the_picture(bench: Bench, repository: Path) -> None:
    """Every scene passes `pack_scene.cl`, with any lens and look."""
    kernel = (repository / "kernels" / "pack_scene.cl").read_text(encoding="utf-8")
    bench.save(
        "plain.glsl", PLAIN.replace("plain_level * colour() + 0.001 * rgb", "clamp(plain_level * rgb, 0.0, 1.0)")
    )
    until(lambda: not bench.shows(RED), "the scene")
    bench.save("flat.toml", LOOK.replace("1.0", "0.0"))
    until(lambda: bench.middle.max() < 5, "black")
    bench.save("flat.toml", LOOK)
    until(lambda: bench.middle.max() > 5, "the scene")
    bench.save("pack_scene.cl", kernel.replace("KERNEL", "nonsense KERNEL", 1))
    until(lambda: bench.shows_error, "the error of the kernel is shown")
    assert bench.middle.max() > 5
    bench.save("pack_scene.cl", kernel.replace("BITS(OF_BITS(bounded)", "BITS(0.0f * OF_BITS(bounded)"))
    until(lambda: bench.middle.max() < 5 and not bench.shows_error, "the kernel outputs black")
    (bench.folder / "pack_scene.cl").unlink()
    until(lambda: bench.middle.max() > 5, "the built-in kernel")
