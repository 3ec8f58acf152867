"""Remote control: real sockets, whatever comes over them."""

from __future__ import annotations

import json
import os
import random
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.controls import Action, Controls
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.statistics import FrameLog
from groundglass.display.tool import Invalidation
from groundglass.live_edit.editing import Editing
from groundglass.live_edit.look_keys import LookKeys
from groundglass.look.look import load_look
from groundglass.remote import server as serving
from groundglass.remote.protocol import read_request
from groundglass.remote.remote import MAX_PER_FRAME, Remote
from groundglass.tools.aids import Aids
from groundglass.tools.exposure import ExposureTool
from live_engine import LiveEngine, tool_context
from look_support import context
from window_support import Live, Screen, until

DEMO = Path(__file__).resolve().parents[2] / "demos" / "remote.py"


class Caller:
    """A client: one line to say, one to hear."""

    def __init__(self, port: int, token: str | None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.lines = self.socket.makefile("rwb")
        if token is not None:
            self.notify({"token": token})

    def notify(self, request: object) -> None:
        self.say_raw(json.dumps(request).encode() + b"\n")

    def say_raw(self, line: bytes) -> None:
        self.lines.write(line)
        self.lines.flush()

    def hear(self) -> dict[str, Any] | None:
        """The next line; None where the connection has ended."""
        try:
            line = self.lines.readline()
        except ConnectionError:
            return None
        return json.loads(line) if line else None


class Bench:
    """A viewer's tools without its window; `turn` is a round of its loop."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "control.json"
        self.engine = LiveEngine(gl=context(), look="classic")
        self.controls, self.said = Controls(), []
        self.editing = Editing(self.engine.history)
        self.source = gg.open("scene:?size=96x64")
        self.surface = OffscreenSurface((96, 64), gl=context())
        fitted = tool_context(self.engine, self.source, self.said.append, self.controls, FrameLog(1 / 30), self.surface)
        self.done: list[str] = []
        for tool in (Aids(fitted), ExposureTool(fitted), LookKeys(fitted, self.editing, folder)):
            self.controls.add(tool.controls())
        self.controls.add([Action("wave", "Wave", "window", "F8", do=lambda: self.done.append("wave"))])
        self.remote = Remote(fitted, self.editing, 0, self.file)
        told = json.loads(self.file.read_text())
        self.port, self.token = told["port"], told["token"]
        self.wishes: set[Invalidation] = set()

    def turn(self) -> None:
        self.wishes.add(self.remote.tick(time.perf_counter()))
        time.sleep(0.002)

    def hear(self, caller: Caller) -> dict[str, Any]:
        """The next line for a caller, while the loop goes on."""
        caller.socket.settimeout(0.01)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            self.turn()
            try:
                peeked = caller.socket.recv(1 << 20, socket.MSG_PEEK)
            except TimeoutError:
                continue
            if b"\n" in peeked or not peeked:
                caller.socket.settimeout(20)
                line = b""
                while not line.endswith(b"\n"):
                    line += caller.socket.recv(1)
                return json.loads(line)
        raise AssertionError("no answer")

    def ask(self, request: object, caller: Caller | None = None) -> dict[str, Any]:
        if caller is None:
            caller = self.caller()
        caller.notify(request)
        return self.hear(caller)

    def caller(self) -> Caller:
        caller = Caller(self.port, self.token)
        assert self.hear(caller) == {"ok": True}
        return caller


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.remote.close()
    made.engine.close()
    made.source.close()


def test_everything_is_listed_and_stands_as_it_says(bench: Bench) -> None:
    caller = bench.caller()
    listed = {one["name"]: one for one in bench.ask({"list": True}, caller)["value"]}
    assert {one.name for one in bench.controls} | {"look.tone_curve.toe"} <= set(listed)
    assert listed["zebra"] == {
        **{"name": "zebra", "title": "Zebra", "group": "aids", "kind": "switch", "key": "C", "value": False}
    }
    assert listed["metering"]["choices"] == ["centre-weighted", "average", "spot", "highlight-weighted"]
    assert (listed["exposure"]["least"], listed["exposure"]["most"], listed["exposure"]["unit"]) == (-10, 10, "EV")
    assert "value" not in listed["wave"]
    for name, one in listed.items():
        if "value" in one:
            assert bench.ask({"get": name}, caller) == {"ok": True, "value": one["value"]}
    assert bench.wishes == {Invalidation.NOTHING}


def test_controls_keys_and_the_look_are_set(bench: Bench) -> None:
    caller = bench.caller()
    assert bench.ask({"set": "zebra", "to": True, "id": 7}, caller) == {"id": 7, "ok": True, "value": True}
    assert bench.ask({"press": "C"}, caller) == {"ok": True}
    assert bench.controls.get("zebra") is False
    assert bench.ask({"set": "zebra_limit", "to": 0.7}, caller)["value"] == 0.7
    assert bench.ask({"do": "wave"}, caller) == {"ok": True}
    assert bench.ask({"press": "F8"}, caller) == {"ok": True}
    assert bench.done == ["wave", "wave"]
    assert bench.ask({"set": "look.tone_curve.toe", "to": [0.7, 0.7, 0.7]}, caller)["value"] == [0.7, 0.7, 0.7]
    assert bench.engine.look.passes[2].values["toe"] == (0.7, 0.7, 0.7)
    assert bench.ask({"do": "undo"}, caller) == {"ok": True}
    assert bench.engine.look.passes[2].values["toe"] != (0.7, 0.7, 0.7)
    assert bench.ask({"set": "look", "to": "natural"}, caller)["value"] == "natural"
    assert Invalidation.REDRAW in bench.wishes
    state = bench.ask({"state": True}, caller)["value"]
    assert (state["look"], state["size"], state["lens"]) == ("natural", [96, 64], "noct-50")


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"get": "zebr"}, "did you mean 'zebra'?"),
        ({"set": "zebra", "to": 1}, "takes true or false"),
        ({"set": "zebra_limit", "to": 7}, "0.05 to 1, not 7"),
        ({"set": "zebra_limit", "to": 1e999}, "JSON object"),
        ({"set": "zebra", "to": None}, "not null"),
        ({"set": "zebra"}, '{"set": NAME, "to": SETTING}'),
        ({"set": "look.tone_curve.toe", "to": {"a": 1}}, "a parameter is"),
        ({"set": "look.tone_curve.toe", "to": [1, 2]}, "a parameter is"),
        ({"set": "look.tone_curve.toe", "to": [9, 9, 9]}, "toe"),
        ({"set": "look.tone_curve.toe", "to": "red"}, "toe"),
        ({"set": "look.nothing", "to": 1}, "nothing"),
        ({"get": "wave"}, "is an action, it has no value"),
        ({"do": "zebra"}, "set it"),
        ({"do": 3}, '{"do": NAME}'),
        ({"press": "Ctrl+Alt+Nothing"}, "no control has the key"),
        ({"list": 3}, '{"list": true}'),
        ({"get": "zebra", "do": "wave"}, "not get and do"),
        ({}, "not none"),
        ([1], "not [1]"),
        (None, "not null"),
    ],
)
def test_what_cannot_be_done_is_told(bench: Bench, request_: object, error: str) -> None:
    caller = bench.caller()
    answer = bench.ask(request_, caller)
    assert answer["ok"] is False
    assert error in answer["error"]
    assert "\n" not in answer["error"]
    assert bench.ask({"get": "zebra"}, caller) == {"ok": True, "value": False}


@pytest.mark.parametrize(
    "line", [b"GET / HTTP/1.1\r\n", b'{"token": "guess"}\n', b'{"get": "zebra"}\n', b'{"token": 7}\n']
)
def test_nobody_comes_in_without_the_token(bench: Bench, line: bytes) -> None:
    caller = Caller(bench.port, None)
    caller.say_raw(line)
    answer = caller.hear()
    assert answer["ok"] is False
    assert caller.hear() is None


def test_only_the_user_reads_where_it_is(bench: Bench) -> None:
    assert stat.S_IMODE(bench.file.stat().st_mode) == 0o600
    assert json.loads(bench.file.read_text())["pid"] == os.getpid()
    assert len(bench.token) >= 20
    bench.remote.close()
    assert list(bench.file.parent.iterdir()) == []
    with pytest.raises(OSError, match=r"refused|reset"):
        socket.create_connection(("127.0.0.1", bench.port), timeout=2)


def test_who_watches_is_told_what_others_change(bench: Bench) -> None:
    watcher, other = bench.caller(), bench.caller()
    before = bench.ask({"watch": True}, watcher)["value"]
    assert before["zebra"] is False
    assert bench.remote.busy
    bench.ask({"set": "zebra", "to": True}, other)
    assert bench.hear(watcher) == {"changed": {"zebra": True}}
    bench.editing.set("tone_curve", "toe", (0.5, 0.5, 0.5))
    assert bench.hear(watcher) == {"changed": {"look.tone_curve.toe": [0.5, 0.5, 0.5]}}
    assert bench.ask({"watch": False}, watcher) == {"ok": True}
    assert not bench.remote.busy


def test_many_requests_at_once_are_answered_in_their_order(bench: Bench) -> None:
    caller = bench.caller()
    count = 3 * serving.MAX_WAITING
    caller.say_raw(b"".join(json.dumps({"id": number, "get": "zebra"}).encode() + b"\n" for number in range(count)))
    caller.socket.shutdown(socket.SHUT_WR)
    assert [bench.hear(caller)["id"] for _ in range(count)] == list(range(count))
    assert caller.hear() is None


def test_junk_and_rude_callers_harm_nobody(bench: Bench) -> None:
    chance = random.Random(5)
    good = bench.caller()
    lines = [bytes(chance.randrange(256) for _ in range(chance.randrange(60))) for _ in range(300)]
    lines += [b"[" * 60000, b'{"id":' * 9000, b'{"get": NaN}', b'{"set": "zebra_limit", "to": Infinity}']
    rude = bench.caller()
    rude.say_raw(b"\n".join(lines) + b"\n")
    heard = [bench.hear(rude)]
    rude.notify({"id": "last", "get": "zebra"})
    while heard[-1].get("id") != "last":
        heard.append(bench.hear(rude))
    assert not any(answer["ok"] for answer in heard[:-1])
    rude.say_raw(b"x" * (serving.MAX_LINE_BYTES + 2))
    assert "longer than" in bench.hear(rude)["error"]
    for _ in range(5):  # begins to speak, and goes
        gone = Caller(bench.port, bench.token)
        gone.say_raw(b'{"set": "zebra"')
        gone.socket.close()
    assert bench.ask({"get": "zebra"}, good) == {"ok": True, "value": False}


def test_who_never_reads_is_given_up(bench: Bench) -> None:
    deaf, good = bench.caller(), bench.caller()
    deaf.socket.settimeout(0.05)

    def is_given_up() -> bool:
        for _ in range(20):
            bench.turn()
        try:
            deaf.socket.sendall(b'{"list": true}\n' * 20)
        except TimeoutError:
            return False
        except OSError:
            return True
        return False

    until(is_given_up, "it is given up")
    assert bench.ask({"get": "zebra"}, good) == {"ok": True, "value": False}


def test_it_is_reached_from_this_machine_alone(bench: Bench) -> None:
    """By the one address that it says, not by others that this machine has."""
    bench.caller()
    assert bench.remote._server._socket.getsockname() == ("127.0.0.1", bench.port)
    with pytest.raises(OSError, match=r"refused|assign|unreachable"):
        socket.create_connection(("127.0.0.2", bench.port), timeout=2)


def test_a_line_has_at_most_65536_bytes(bench: Bench) -> None:
    line = b'{"get": "zebra"}'
    caller = bench.caller()
    caller.say_raw(line.ljust(65536) + b"\n")
    assert bench.hear(caller) == {"ok": True, "value": False}
    caller.say_raw(line.ljust(65537) + b"\n")
    assert bench.hear(caller) == {"ok": False, "error": "a line is longer than 65536 bytes"}


def test_the_limits_are_those_that_a_script_can_count_on() -> None:
    assert (serving.MAX_CLIENTS, serving.MAX_WAITING, serving.MAX_UNREAD_BYTES) == (16, 64, 1 << 20)
    assert MAX_PER_FRAME == 32


def test_a_frame_answers_at_most_32_requests(bench: Bench) -> None:
    """However many wait, the picture goes on."""
    caller = bench.caller()
    caller.say_raw(b'{"get": "zebra"}\n' * 40)
    until(lambda: bench.remote._server._requests.qsize() == 40, "all requests are there")
    bench.turn()
    assert bench.remote._server._requests.qsize() == 8


def test_there_are_not_too_many(bench: Bench) -> None:
    callers = [bench.caller() for _ in range(serving.MAX_CLIENTS)]
    assert "connections already" in Caller(bench.port, None).hear()["error"]
    callers.pop().socket.close()
    time.sleep(0.2)
    bench.caller()


def test_a_port_that_is_taken_is_told(bench: Bench, tmp_path: Path) -> None:
    fitted = tool_context(
        bench.engine, bench.source, bench.said.append, bench.controls, FrameLog(1 / 30), bench.surface
    )
    with pytest.raises(gg.GroundglassError, match=r"--control \d+: .*use 0"):
        Remote(fitted, bench.editing, bench.port, tmp_path / "other.json")
    with pytest.raises(gg.GroundglassError, match=r"cannot be written"):
        Remote(fitted, bench.editing, 0, bench.file / "below" / "control.json")


def test_requests_are_objects() -> None:
    assert read_request(b'{"get": "zebra"}') == {"get": "zebra"}
    for junk in (b"\xff", b"", b"{", b"3", b'{"a": NaN}'):
        assert "JSON object" in str(read_request(junk))


def test_answers_come_in_the_order_of_the_lines(bench: Bench) -> None:
    caller = bench.caller()
    caller.say_raw(b'{"id": 1, "get": "zebra"}\nnonsense\n{"id": 2, "get": "zebra"}\n' + b"\n" * 5000)
    assert [bench.hear(caller).get("id") for _ in range(3)] == [1, None, 2]


def test_a_script_changes_the_picture_of_a_run_without_a_window(tmp_path: Path) -> None:
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path)}
    words = [sys.executable, "-m", "groundglass", "view", "scene:?size=96x64&fps=30", "--headless", "--seconds", "60"]
    run = subprocess.Popen(
        [*words, "--control", "0", "--save-frame", "last.png"],
        **{"cwd": tmp_path, "env": environment, "stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL, "text": True},
    )
    try:
        file = tmp_path / "groundglass" / "control.json"
        until(file.exists, "it listens")

        def remote(*said: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, str(DEMO), *said, "--file", str(file)]
            return subprocess.run(command, capture_output=True, text=True, timeout=40)

        assert json.loads(remote("get", "look").stdout) == "classic"
        assert json.loads(remote("set", "look", "monochrome").stdout) == "monochrome"
        assert "zebra" in remote("list").stdout
        refused = remote("set", "strength", "7")
        assert refused.returncode == 1
        assert "'strength' must be 0 to 1, not 7" in refused.stderr
        remote("do", "quit")
        assert run.wait(timeout=40) == 0
        assert "control on 127.0.0.1:" in run.stderr.read()
        assert not file.exists()
        assert "no viewfinder answers" in remote("get", "look").stderr
        from PIL import Image

        picture = np.asarray(Image.open(tmp_path / "last.png").convert("RGB"), int)
        assert np.ptp(picture, axis=2).max() <= 1  # the matrix rounds each channel by itself
    finally:
        run.kill()
        run.communicate()


def test_a_window_that_sleeps_hears_it(screen: Screen, tmp_path: Path) -> None:
    live = Live(screen, tmp_path, "--control", "0")
    try:
        told = json.loads((tmp_path / "groundglass" / "control.json").read_text())
        caller = Caller(told["port"], told["token"])
        assert caller.hear() == {"ok": True}
        for key, ending in (("Space", "frozen"), ("Space", "fps"), ("Space", "frozen")):
            caller.notify({"press": key})
            assert caller.hear() == {"ok": True}
            until(lambda ending=ending: live.title.endswith(ending), ending)
        for f_number in (1.4, 2.0, 2.8, 4.0, 5.6):
            caller.notify({"set": "f_number", "to": f_number})
            assert caller.hear()["value"] == f_number
            until(lambda f_number=f_number: live.f_number == f_number, "the title tells it")
    finally:
        live.end()


def test_former_names_of_controls_choices_and_passes_are_accepted(bench: Bench) -> None:
    caller = bench.caller()
    assert bench.ask({"set": "metering", "to": "highlights"}, caller)["value"] == "highlight-weighted"
    bench.editing.open(load_look("vibrant"))
    assert bench.ask({"set": "look.hues.red_turn", "to": 5.0}, caller)["value"] == 5.0
    assert bench.ask({"get": "look.hsl_mixer.red_turn"}, caller)["value"] == 5.0
