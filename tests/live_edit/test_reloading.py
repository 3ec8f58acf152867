"""Reloading without a window: what is kept, what is tried again, what is put back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from groundglass.controls import Controls
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.statistics import FrameLog
from groundglass.errors import GroundglassError, ShaderError
from groundglass.gl.planes import ScenePlanes
from groundglass.gl.program import SHADERS
from groundglass.live_edit.editing import Editing
from groundglass.live_edit.problem import problem_of
from groundglass.live_edit.reloading import LIBRARIES, Reloading
from groundglass.look.grade import Grader
from groundglass.look.look import load_look
from live_engine import tool_context, unused_engine
from look_support import context
from tolerances import STAGE

TINT = """#pragma pass pixel
#pragma parameter red "Red" 0.5 0.0 1.0 0.01
#pragma parameter blue "Blue" 0.5 0.0 1.0 0.01
uniform float tint_red;
uniform float tint_blue;
vec3 tint(vec3 rgb, PixelContext place) {
    return vec3(tint_red, 0.0, tint_blue);
}
"""


class Loop:
    """The viewer's loop without its window: one pixel is drawn in the look that is edited."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.save("tint.glsl", TINT)
        self.save("film.toml", "[pass.tint]\nred = 0.4\n")
        SHADERS.set_search_path(folder)
        live = unused_engine(look=load_look(folder / "film.toml"))
        self.editing = Editing(live.history)
        self.surface = OffscreenSurface((1, 1), gl=context())
        fitted = tool_context(live, None, print, Controls(), FrameLog(0.1), self.surface)
        self.tool = Reloading(fitted, self.editing, lambda: load_look(folder / "film.toml"))
        self._planes, self._grader = ScenePlanes(context()), Grader(context())
        self._planes.write([np.full((1, 1), 0.18, np.float32)] * 3)
        self.rgb = np.zeros(3)
        self.go(5)

    def save(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def go(self, frames: int = 1) -> None:
        for _ in range(frames):
            self.tool.tick(time.perf_counter())
            try:
                texture = self._grader.draw(self._planes, self.editing.look, target="rgba32f")
            except GroundglassError as error:
                if not self.tool.recover(error):
                    raise
                continue
            self.rgb = np.frombuffer(texture.read(), np.float32)[:3]
            self.tool.on_frame(None)  # type: ignore[arg-type]

    def until(self, fact: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not fact():
            assert time.monotonic() < deadline
            self.go()
            time.sleep(0.005)


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    loop = Loop(tmp_path)
    yield loop
    loop.tool.close()
    loop.surface.close()
    for library in LIBRARIES:
        library.set_search_path()


def test_what_was_set_by_hand_stays_when_a_shader_or_the_look_is_saved(loop: Loop) -> None:
    loop.editing.set("tint", "blue", 0.25)
    loop.save("tint.glsl", TINT.replace("0.0, tint_blue", "0.1, tint_blue"))
    loop.until(lambda: loop.rgb[1] > 0.2)
    assert loop.editing.value("tint", "blue") == 0.25
    loop.save("film.toml", "[pass.tint]\nred = 0.9\n")
    loop.until(lambda: loop.editing.value("tint", "red") == 0.9)
    assert loop.editing.value("tint", "blue") == 0.25
    loop.editing.history.undo()
    loop.editing.history.undo()
    assert (loop.editing.value("tint", "red"), loop.editing.value("tint", "blue")) == (0.4, 0.5)


def test_parameters_come_and_go_with_the_shader(loop: Loop) -> None:
    text = (
        TINT.replace("blue", "green").replace("0.0, tint_green", "tint_green, 0.0").replace("1.0 0.01", "0.3 0.01", 1)
    )
    loop.save("tint.glsl", text.replace("0.5 0.0 0.3", "0.1 0.0 0.3"))
    loop.until(lambda: loop.rgb[2] < 0.1)
    assert loop.editing.look.passes[0].values == {"red": 0.3, "green": 0.5}  # at the end of its range, and the default
    assert loop.tool.problem is None


def test_of_two_broken_files_the_other_one_is_told_when_one_is_mended(loop: Loop) -> None:
    before = loop.rgb
    loop.save("tint.glsl", TINT.replace("vec3(tint_red", "vec3(tint_red + tint_rde"))
    loop.until(lambda: loop.tool.problem)
    loop.save("film.toml", "[pass.tint]\nred = 4\n")
    loop.until(lambda: loop.tool.problem is not None and loop.tool.problem.file == "film.toml")
    loop.save("film.toml", "[pass.tint]\nred = 0.4\n")
    loop.until(lambda: loop.tool.problem is not None and loop.tool.problem.place == "tint.glsl:7")
    np.testing.assert_allclose(loop.rgb, before, atol=STAGE)
    loop.save("tint.glsl", TINT)
    loop.until(lambda: loop.tool.problem is None)
    np.testing.assert_allclose(loop.rgb, before, atol=STAGE)


def test_another_file_is_shown_although_one_is_broken(loop: Loop) -> None:
    loop.save("tint.glsl", TINT.replace("vec3(tint_red", "vec3(tint_red + tint_rde"))
    loop.until(lambda: loop.tool.problem)
    loop.save("film.toml", "[pass.tint]\nred = 0.9\n")
    loop.until(lambda: loop.editing.value("tint", "red") == 0.9)
    assert loop.tool.problem is not None
    assert loop.tool.problem.place == "tint.glsl:7"
    loop.save("tint.glsl", TINT)
    loop.until(lambda: loop.tool.problem is None)


def test_a_pass_that_nobody_used_when_it_was_saved_is_put_back_when_it_turns_out_broken(loop: Loop) -> None:
    good = TINT.replace("tint", "wash")
    loop.save("wash.glsl", good)
    loop.until(lambda: SHADERS.read("wash.glsl") == good)
    loop.go(3)
    loop.save("wash.glsl", good.replace("vec3(wash_red", "vec3(wash_red + nonsense"))
    loop.until(lambda: SHADERS.read("wash.glsl") != good)
    loop.go(3)
    assert loop.tool.problem is None
    loop.save("film.toml", "[pass.wash]\n")
    loop.until(lambda: loop.tool.problem)
    assert loop.tool.problem is not None
    assert loop.tool.problem.place == "wash.glsl:7"
    assert loop.editing.look.passes[0].name == "tint"
    loop.save("wash.glsl", good)
    loop.until(lambda: loop.editing.look.passes[0].name == "wash" and loop.tool.problem is None)


def test_an_error_of_something_else_is_none_of_its_business(loop: Loop) -> None:
    assert not loop.tool.recover(ShaderError("somebody's fault"))


def test_a_look_that_is_saved_under_another_name_is_followed_there(loop: Loop) -> None:
    loop.editing.set("tint", "red", 0.7)
    path = loop.editing.save_as(loop.folder / "mine.toml")
    loop.go(30)
    time.sleep(0.2)
    loop.go(30)
    path.write_text(path.read_text().replace("0.7", "0.8"))
    loop.until(lambda: loop.editing.value("tint", "red") == 0.8)
    assert not loop.editing.is_changed


def test_off_screen_a_problem_is_told_on_standard_error(loop: Loop, capsys: pytest.CaptureFixture[str]) -> None:
    loop.save("tint.glsl", TINT.replace("vec3(tint_red", "vec3(tint_red + tint_rde"))
    loop.until(lambda: not loop.tool.busy and loop.tool.problem)
    told = capsys.readouterr().err
    assert "groundglass: tint.glsl:7: " in told
    assert ">    7 |     return vec3(tint_red + tint_rde, 0.0, tint_blue);" in told
    assert "     6 | vec3 tint(vec3 rgb, PixelContext place) {" in told
    loop.save("tint.glsl", TINT)
    loop.until(lambda: loop.tool.problem is None)


@pytest.mark.parametrize(
    ("message", "place", "told"),
    [
        ("grain.glsl:12: 'x' undeclared (and 2 more)", "grain.glsl:12", "'x' undeclared (and 2 more)"),
        (
            "kernels/add.cl does not compile: add.cl:2:52: error: no 'y' here; did you mean 'x'?; add.cl:3:1: more",
            "add.cl:2",
            "no 'y' here; did you mean 'x'?",
        ),
        ("film.toml:4: unknown pass 'z'", "film.toml:4", "unknown pass 'z'"),
        ("/a/b/film.cube:7: not three numbers", "film.cube:7", "not three numbers"),
        ("wash.glsl: no '#pragma pass'", "wash.glsl", "no '#pragma pass'"),
    ],
)
def test_a_message_leads_to_its_line(message: str, place: str, told: str) -> None:
    problem = problem_of(message, "wash.glsl", "\n".join("abcdefghijklmno"))
    assert (problem.place, problem.message) == (place, told)
    assert all(text == "abcdefghijklmno"[number - 1] for number, text in problem.excerpt)
    assert [number for number, _ in problem.excerpt] == (
        [] if not problem.line else [one for one in range(problem.line - 2, problem.line + 3) if one > 0]
    )
