"""Reloading without a window: edits are kept, broken files are retried, working versions are restored."""

from __future__ import annotations

import re
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
    """The loop of the viewer without a window: it draws one pixel with the edited look."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.save("tint.glsl", TINT)
        self.save("grainy.toml", "[pass.tint]\nred = 0.4\n")
        SHADERS.set_search_path(folder)
        live = unused_engine(look=load_look(folder / "grainy.toml"))
        self.editing = Editing(live.history)
        self.surface = OffscreenSurface((1, 1), gl=context())
        ctx = tool_context(live, None, print, Controls(), FrameLog(0.1), self.surface)
        self.tool = Reloading(ctx, self.editing, lambda: load_look(folder / "grainy.toml"))
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

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
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


def test_edits_survive_a_saved_shader_or_look(loop: Loop) -> None:
    loop.editing.set("tint", "blue", 0.25)
    loop.save("tint.glsl", TINT.replace("0.0, tint_blue", "0.1, tint_blue"))
    loop.until(lambda: loop.rgb[1] > 0.2)
    assert loop.editing.value("tint", "blue") == 0.25
    loop.save("grainy.toml", "[pass.tint]\nred = 0.9\n")
    loop.until(lambda: loop.editing.value("tint", "red") == 0.9)
    assert loop.editing.value("tint", "blue") == 0.25
    loop.editing.history.undo()
    loop.editing.history.undo()
    assert (loop.editing.value("tint", "red"), loop.editing.value("tint", "blue")) == (0.4, 0.5)


def test_parameters_follow_the_shader(loop: Loop) -> None:
    text = (
        TINT.replace("blue", "green").replace("0.0, tint_green", "tint_green, 0.0").replace("1.0 0.01", "0.3 0.01", 1)
    )
    loop.save("tint.glsl", text.replace("0.5 0.0 0.3", "0.1 0.0 0.3"))
    loop.until(lambda: loop.rgb[2] < 0.1)
    assert loop.editing.look.passes[0].values == {"red": 0.3, "green": 0.5}  # limited to the new range, and the default
    assert loop.tool.problem is None


def test_the_problem_of_the_second_broken_file_is_shown_after_the_first_is_fixed(loop: Loop) -> None:
    before = loop.rgb
    loop.save("tint.glsl", TINT.replace("vec3(tint_red", "vec3(tint_red + tint_rde"))
    loop.until(lambda: loop.tool.problem)
    loop.save("grainy.toml", "[pass.tint]\nred = 4\n")
    loop.until(lambda: loop.tool.problem is not None and loop.tool.problem.file == "grainy.toml")
    loop.save("grainy.toml", "[pass.tint]\nred = 0.4\n")
    loop.until(lambda: loop.tool.problem is not None and loop.tool.problem.place == "tint.glsl:7")
    np.testing.assert_allclose(loop.rgb, before, atol=STAGE)
    loop.save("tint.glsl", TINT)
    loop.until(lambda: loop.tool.problem is None)
    np.testing.assert_allclose(loop.rgb, before, atol=STAGE)


def test_other_files_are_reloaded_although_one_is_broken(loop: Loop) -> None:
    loop.save("tint.glsl", TINT.replace("vec3(tint_red", "vec3(tint_red + tint_rde"))
    loop.until(lambda: loop.tool.problem)
    loop.save("grainy.toml", "[pass.tint]\nred = 0.9\n")
    loop.until(lambda: loop.editing.value("tint", "red") == 0.9)
    assert loop.tool.problem is not None
    assert loop.tool.problem.place == "tint.glsl:7"
    loop.save("tint.glsl", TINT)
    loop.until(lambda: loop.tool.problem is None)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (TINT.replace('"Red"', '"Red').encode(), 2, "no closing quotation"),
        (TINT.replace("tint_blue);", "tint_blue); // \xe9").encode("latin-1"), 7, "not UTF-8 text"),
        (TINT.replace("0.5 0.0 1.0 0.01", "0.5 0.0 inf 0.01", 1).encode(), 2, "must be finite"),
        (b'#include "none.glsl"\n' + TINT.encode(), 1, "no such shader file"),
    ],
)
def test_a_slip_of_any_kind_is_shown_until_the_file_is_repaired(
    loop: Loop, text: bytes, line: int, reason: str
) -> None:
    (loop.folder / "tint.glsl").write_bytes(text)
    loop.until(lambda: loop.tool.problem is not None)
    problem = loop.tool.problem
    assert problem is not None
    assert (problem.file, problem.line) == ("tint.glsl", line)
    assert reason in problem.message
    assert loop.rgb[0] > 0.3
    loop.save("tint.glsl", TINT.replace("0.0, tint_blue", "0.9, tint_blue"))
    loop.until(lambda: loop.rgb[1] > 0.8)
    loop.until(lambda: loop.tool.problem is None)


def test_an_unused_broken_pass_is_restored_when_a_look_uses_it(loop: Loop) -> None:
    good = TINT.replace("tint", "wash")
    loop.save("wash.glsl", good)
    loop.until(lambda: SHADERS.read("wash.glsl") == good)
    loop.go(3)
    loop.save("wash.glsl", good.replace("vec3(wash_red", "vec3(wash_red + nonsense"))
    loop.until(lambda: SHADERS.read("wash.glsl") != good)
    loop.go(3)
    assert loop.tool.problem is None
    loop.save("grainy.toml", "[pass.wash]\n")
    loop.until(lambda: loop.tool.problem)
    assert loop.tool.problem is not None
    assert loop.tool.problem.place == "wash.glsl:7"
    assert loop.editing.look.passes[0].name == "tint"
    loop.save("wash.glsl", good)
    loop.until(lambda: loop.editing.look.passes[0].name == "wash" and loop.tool.problem is None)


def test_an_unrelated_error_is_not_recovered(loop: Loop) -> None:
    assert not loop.tool.recover(ShaderError("unrelated"))


def test_a_look_saved_under_another_name_is_reloaded_from_there(loop: Loop) -> None:
    loop.editing.set("tint", "red", 0.7)
    path = loop.editing.save_as(loop.folder / "mine.toml")
    loop.go(30)
    time.sleep(0.2)
    loop.go(30)
    path.write_text(path.read_text().replace("0.7", "0.8"))
    loop.until(lambda: loop.editing.value("tint", "red") == 0.8)
    assert not loop.editing.is_changed


def test_all_errors_are_printed_for_an_editor(loop: Loop, capsys: pytest.CaptureFixture[str]) -> None:
    broken = TINT.replace("return vec3(tint_red", "return vec3(tint_red + tint_rde").replace("}", "rgb = grn;}")
    loop.save("tint.glsl", broken)
    loop.until(lambda: not loop.tool.busy and loop.tool.problem)
    printed = capsys.readouterr().err.splitlines()
    places = [re.fullmatch(r"(.+):(\d+):(\d+): (.+)", line) for line in printed]
    errors = [place for place in places if place]
    assert {Path(place[1]) for place in errors} == {loop.folder / "tint.glsl"}
    for name in ("tint_rde", "grn"):
        (error,) = [place for place in errors if f"`{name}'" in place[4]]
        assert broken.splitlines()[int(error[2]) - 1][int(error[3]) - 1 :].startswith(name)
    assert ">    7 |     return vec3(tint_red + tint_rde, 0.0, tint_blue);" in printed
    assert "     6 | vec3 tint(vec3 rgb, PixelContext place) {" in printed
    loop.save("tint.glsl", TINT)
    loop.until(lambda: loop.tool.problem is None)


@pytest.mark.parametrize(
    ("message", "place", "problem_message"),
    [
        ("grain.glsl:12: 'x' undeclared (and 2 more)", "grain.glsl:12", "'x' undeclared (and 2 more)"),
        (
            "kernels/add.cl does not compile: add.cl:2:52: error: no 'y' here; did you mean 'x'?; add.cl:3:1: more",
            "add.cl:2",
            "no 'y' here; did you mean 'x'?",
        ),
        ("grainy.toml:4: unknown pass 'z'", "grainy.toml:4", "unknown pass 'z'"),
        ("/a/b/grainy.cube:7: not three numbers", "grainy.cube:7", "not three numbers"),
        ("wash.glsl: no '#pragma pass'", "wash.glsl", "no '#pragma pass'"),
    ],
)
def test_a_message_is_parsed_into_file_line_and_text(message: str, place: str, problem_message: str) -> None:
    problem = problem_of(message, "wash.glsl", "\n".join("abcdefghijklmno"))
    assert (problem.place, problem.message) == (place, problem_message)
    assert all(text == "abcdefghijklmno"[number - 1] for number, text in problem.excerpt)
    assert [number for number, _ in problem.excerpt] == (
        [] if not problem.line else [number for number in range(problem.line - 2, problem.line + 3) if number > 0]
    )
