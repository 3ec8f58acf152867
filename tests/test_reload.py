"""What is saved while the window is open: shaders, includes, kernels, looks and LUTs, whole and broken."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from window_support import Live, Screen, until

PLAIN = """#pragma pass pixel
#pragma parameter level "Level" 0.5 0.0 1.0 0.01
#include "colour.glsl"
uniform float plain_level;
vec3 plain(vec3 rgb, Place place) {
    return plain_level * colour() + 0.001 * rgb;
}
"""
COLOUR = "vec3 colour() { return vec3(1.0, 0.0, 0.0); }\n"
LOOK = 'name = "flat"\n\n[pass.plain]\nlevel = 1.0\n'
CUBE = "LUT_3D_SIZE 2\n" + "0.0 0.0 1.0\n" * 8
RED, GREEN, BLUE = range(3)


class Bench:
    """`groundglass tune` on a folder of its own, and what the screen shows of it."""

    def __init__(self, screen: Screen, folder: Path) -> None:
        self.folder = folder
        for name, text in (("plain.glsl", PLAIN), ("colour.glsl", COLOUR), ("flat.toml", LOOK), ("blue.cube", CUBE)):
            self.save(name, text)
        self.live = Live(screen, folder, "--shaders", ".", "--look", "flat.toml", command="tune")
        until(lambda: self.shows(RED), "the look is red")

    def save(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    @property
    def middle(self) -> np.ndarray:
        """The colour of the screen where neither a plate nor text is."""
        left, top, width, height = self.live.place
        return self.live.screen.grab()[top + height * 3 // 4, left + width * 7 // 8].astype(int)

    def shows(self, channel: int) -> bool:
        """Whether the middle is bright, and mostly of that channel."""
        others = np.delete(self.middle, channel)
        return bool(self.middle[channel] > 150 and (others < self.middle[channel] - 60).all())

    @property
    def tells(self) -> bool:
        """Whether a source line is marked: a bar of a red that is nowhere else."""
        left, top, width, height = self.live.place
        upper = self.live.screen.grab()[top : top + height // 2, left : left + width].astype(int)
        return int(np.abs(upper - (130, 40, 30)).max(axis=-1).__lt__(32).sum()) > 500

    def breaks(self, name: str, text: str, channel: int) -> None:
        """Saves something broken: it is told, and the picture stays."""
        self.save(name, text)
        until(lambda: self.tells, f"what is wrong with {name} is told")
        assert self.shows(channel)
        assert self.live.process.poll() is None


@pytest.fixture(scope="module")
def bench(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(screen, tmp_path_factory.mktemp("tune"))
    yield bench
    bench.live.end()


def test_a_pass_that_is_saved_changes_the_picture(bench: Bench) -> None:
    bench.save("plain.glsl", PLAIN.replace("colour()", "colour().yxz"))
    until(lambda: bench.shows(GREEN), "green")
    bench.save("plain.glsl", PLAIN)
    until(lambda: bench.shows(RED), "red again")


def test_an_include_does_too(bench: Bench) -> None:
    bench.save("colour.glsl", COLOUR.replace("1.0, 0.0, 0.0", "0.0, 1.0, 0.0"))
    until(lambda: bench.shows(GREEN), "green")


def test_an_editor_may_write_another_file_and_rename_it(bench: Bench) -> None:
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
def test_what_is_broken_is_told_over_its_line_and_the_picture_stays(
    bench: Bench, name: str, good: str, broken: str
) -> None:
    bench.breaks(name, broken, RED)
    bench.save(name, good)
    until(lambda: not bench.tells, "nothing is wrong any more")
    assert bench.shows(RED)


def test_a_broken_file_waits_for_the_one_that_it_needs(bench: Bench) -> None:
    bench.breaks("plain.glsl", PLAIN.replace("colour()", "tint()"), RED)
    bench.save("colour.glsl", COLOUR.replace("colour", "tint").replace("1.0, 0.0, 0.0", "0.0, 1.0, 0.0"))
    until(lambda: bench.shows(GREEN) and not bench.tells, "both together are green")
    bench.save("colour.glsl", COLOUR)
    bench.save("plain.glsl", PLAIN)
    until(lambda: bench.shows(RED) and not bench.tells, "and red again")


def test_a_look_and_its_lut(bench: Bench) -> None:
    bench.save("flat.toml", LOOK + '\n[pass.lut]\nfile = "blue.cube"\n')
    until(lambda: bench.shows(BLUE), "blue, by a pass that is new in the look")
    bench.save("blue.cube", CUBE.replace("0.0 0.0 1.0", "0.0 1.0 0.0"))
    until(lambda: bench.shows(GREEN), "green, by the LUT")
    bench.breaks("blue.cube", CUBE.replace("0.0 0.0 1.0", "0.0 none 0.0", 1), GREEN)
    bench.save("blue.cube", CUBE)
    until(lambda: bench.shows(BLUE) and not bench.tells, "blue")
    bench.save("flat.toml", LOOK)
    until(lambda: bench.shows(RED), "red")


def test_a_kernel(bench: Bench, repository: Path) -> None:
    """The light of the scene goes through `hand_over.cl` alone, whatever lens and look."""
    kernel = (repository / "kernels" / "hand_over.cl").read_text(encoding="utf-8")
    bench.save(
        "plain.glsl", PLAIN.replace("plain_level * colour() + 0.001 * rgb", "clamp(plain_level * rgb, 0.0, 1.0)")
    )
    until(lambda: not bench.shows(RED), "the scene")
    bench.save("flat.toml", LOOK.replace("1.0", "0.0"))
    until(lambda: bench.middle.max() < 5, "black")
    bench.save("flat.toml", LOOK)
    until(lambda: bench.middle.max() > 5, "the scene")
    bench.save("hand_over.cl", kernel.replace("KERNEL", "nonsense KERNEL", 1))
    until(lambda: bench.tells, "what is wrong with the kernel is told")
    assert bench.middle.max() > 5
    bench.save("hand_over.cl", kernel.replace("BITS(bounded *", "BITS(0.0f * bounded *"))
    until(lambda: bench.middle.max() < 5 and not bench.tells, "the kernel hands over darkness")
    (bench.folder / "hand_over.cl").unlink()
    until(lambda: bench.middle.max() > 5, "the kernel that ships")
