"""Remote control over real sockets: valid, invalid and malicious input."""

from __future__ import annotations

import json
import os
import random
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.display.statistics import FrameLog
from groundglass.display.tool import Invalidation
from groundglass.look.look import load_look
from groundglass.remote import server as serving
from groundglass.remote.exchange import MAX_REQUESTS_PER_FRAME
from groundglass.remote.protocol import read_request
from groundglass.remote.remote import Remote
from live_engine import tool_context
from remote_support import Client, Harness
from window_support import Live, Screen, until

DEMO = Path(__file__).resolve().parents[2] / "demos" / "remote.py"


def test_every_control_is_listed_with_its_value(harness: Harness) -> None:
    client = harness.client()
    listed = {control["name"]: control for control in harness.request({"list": True}, client)["value"]}
    assert {control.name for control in harness.controls} | {"look.tone_curve.toe"} <= set(listed)
    assert listed["zebra"] == {
        **{
            "name": "zebra",
            "title": "Zebra",
            "group": "aids",
            "kind": "switch",
            "key": "C",
            "aid": True,
            "value": False,
        }
    }
    assert listed["metering"]["choices"] == ["centre-weighted", "average", "spot", "highlight-weighted"]
    assert (listed["exposure"]["least"], listed["exposure"]["most"], listed["exposure"]["unit"]) == (-10, 10, "EV")
    assert "value" not in listed["wave"]
    for name, control in listed.items():
        if "value" in control:
            assert harness.request({"get": name}, client) == {"ok": True, "value": control["value"]}
    assert harness.invalidations == {Invalidation.NOTHING}


def test_controls_keys_and_the_look_are_set(harness: Harness) -> None:
    client = harness.client()
    assert harness.request({"set": "zebra", "to": True, "id": 7}, client) == {"id": 7, "ok": True, "value": True}
    assert harness.request({"press": "C"}, client) == {"ok": True}
    assert harness.controls.get("zebra") is False
    assert harness.request({"set": "zebra_limit", "to": 0.7}, client)["value"] == 0.7
    assert harness.request({"do": "wave"}, client) == {"ok": True}
    assert harness.request({"press": "F8"}, client) == {"ok": True}
    assert harness.done == ["wave", "wave"]
    assert harness.request({"set": "look.tone_curve.toe", "to": [0.7, 0.7, 0.7]}, client)["value"] == [0.7, 0.7, 0.7]
    assert harness.engine.look.passes[2].values["toe"] == (0.7, 0.7, 0.7)
    assert harness.request({"do": "undo"}, client) == {"ok": True}
    assert harness.engine.look.passes[2].values["toe"] != (0.7, 0.7, 0.7)
    assert harness.request({"set": "look", "to": "natural"}, client)["value"] == "natural"
    assert Invalidation.REDRAW in harness.invalidations
    state = harness.request({"state": True}, client)["value"]
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
def test_an_invalid_request_gives_an_error(harness: Harness, request_: object, error: str) -> None:
    client = harness.client()
    answer = harness.request(request_, client)
    assert answer["ok"] is False
    assert error in answer["error"]
    assert "\n" not in answer["error"]
    assert harness.request({"get": "zebra"}, client) == {"ok": True, "value": False}


@pytest.mark.parametrize(
    "line", [b"GET / HTTP/1.1\r\n", b'{"token": "guess"}\n', b'{"get": "zebra"}\n', b'{"token": 7}\n']
)
def test_a_connection_requires_the_token(harness: Harness, line: bytes) -> None:
    client = Client(harness.port, None)
    client.send_raw(line)
    answer = client.receive()
    assert answer["ok"] is False
    assert client.receive() is None


def test_only_the_user_can_read_the_control_file(harness: Harness) -> None:
    assert stat.S_IMODE(harness.file.stat().st_mode) == 0o600
    assert json.loads(harness.file.read_text())["pid"] == os.getpid()
    assert len(harness.token) >= 20
    harness.remote.close()
    assert list(harness.file.parent.iterdir()) == []
    with pytest.raises(OSError, match=r"refused|reset"):
        socket.create_connection(("127.0.0.1", harness.port), timeout=2)


def test_a_watcher_receives_the_changes_of_others(harness: Harness) -> None:
    watcher, other = harness.client(), harness.client()
    before = harness.request({"watch": True}, watcher)["value"]
    assert before["zebra"] is False
    assert harness.remote.busy
    harness.request({"set": "zebra", "to": True}, other)
    assert harness.receive(watcher) == {"changed": {"zebra": True}}
    harness.editing.set("tone_curve", "toe", (0.5, 0.5, 0.5))
    assert harness.receive(watcher) == {"changed": {"look.tone_curve.toe": [0.5, 0.5, 0.5]}}
    assert harness.request({"watch": False}, watcher) == {"ok": True}
    assert not harness.remote.busy


def test_many_requests_are_answered_in_their_order(harness: Harness) -> None:
    client = harness.client()
    count = 3 * serving.MAX_WAITING
    client.send_raw(b"".join(json.dumps({"id": number, "get": "zebra"}).encode() + b"\n" for number in range(count)))
    client.socket.shutdown(socket.SHUT_WR)
    assert [harness.receive(client)["id"] for _ in range(count)] == list(range(count))
    assert client.receive() is None


def test_invalid_input_does_not_affect_other_clients(harness: Harness) -> None:
    generator = random.Random(5)
    other = harness.client()
    lines = [bytes(generator.randrange(256) for _ in range(generator.randrange(60))) for _ in range(300)]
    lines += [b"[" * 60000, b'{"id":' * 9000, b'{"get": NaN}', b'{"set": "zebra_limit", "to": Infinity}']
    hostile = harness.client()
    hostile.send_raw(b"\n".join(lines) + b"\n")
    answers = [harness.receive(hostile)]
    hostile.send({"id": "last", "get": "zebra"})
    while answers[-1].get("id") != "last":
        answers.append(harness.receive(hostile))
    assert not any(answer["ok"] for answer in answers[:-1])
    hostile.send_raw(b"x" * (serving.MAX_LINE_BYTES + 2))
    assert "longer than" in harness.receive(hostile)["error"]
    for _ in range(5):  # sends a part of a line and disconnects
        leaving = Client(harness.port, harness.token)
        leaving.send_raw(b'{"set": "zebra"')
        leaving.socket.close()
    assert harness.request({"get": "zebra"}, other) == {"ok": True, "value": False}


def test_a_client_that_never_reads_is_disconnected(harness: Harness) -> None:
    stalled, other = harness.client(), harness.client()
    stalled.socket.settimeout(0.05)

    def is_disconnected() -> bool:
        for _ in range(20):
            harness.turn()
        try:
            stalled.socket.sendall(b'{"list": true}\n' * 20)
        except TimeoutError:
            return False
        except OSError:
            return True
        return False

    until(is_disconnected, "it is disconnected")
    assert harness.request({"get": "zebra"}, other) == {"ok": True, "value": False}


def test_only_local_connections_are_accepted(harness: Harness) -> None:
    """The server listens on 127.0.0.1 only, and on no other address of the machine."""
    harness.client()
    assert harness.remote._server._socket.getsockname() == ("127.0.0.1", harness.port)
    with pytest.raises(OSError, match=r"refused|assign|unreachable"):
        socket.create_connection(("127.0.0.2", harness.port), timeout=2)


def test_a_line_has_at_most_65536_bytes(harness: Harness) -> None:
    line = b'{"get": "zebra"}'
    client = harness.client()
    client.send_raw(line.ljust(65536) + b"\n")
    assert harness.receive(client) == {"ok": True, "value": False}
    client.send_raw(line.ljust(65537) + b"\n")
    assert harness.receive(client) == {"ok": False, "error": "a line is longer than 65536 bytes"}


def test_the_documented_limits() -> None:
    assert (serving.MAX_CLIENTS, serving.MAX_WAITING, serving.MAX_UNREAD_BYTES) == (16, 64, 1 << 20)
    assert MAX_REQUESTS_PER_FRAME == 32


def test_a_frame_answers_at_most_32_requests(harness: Harness) -> None:
    """Queued requests do not stop the picture."""
    client = harness.client()
    client.send_raw(b'{"get": "zebra"}\n' * 40)
    until(lambda: harness.remote._server._requests.qsize() == 40, "all requests are queued")
    harness.turn()
    assert harness.remote._server._requests.qsize() == 8


def test_the_number_of_connections_is_limited(harness: Harness) -> None:
    clients = [harness.client() for _ in range(serving.MAX_CLIENTS)]
    assert "connections is reached" in Client(harness.port, None).receive()["error"]
    clients.pop().socket.close()
    time.sleep(0.2)
    harness.client()


def test_a_port_in_use_is_an_error(harness: Harness, tmp_path: Path) -> None:
    ctx = tool_context(
        harness.engine, harness.source, harness.messages.append, harness.controls, FrameLog(1 / 30), harness.surface
    )
    with pytest.raises(gg.GroundglassError, match=r"--control \d+: .*use 0"):
        Remote(ctx, harness.editing, harness.port, tmp_path / "other.json")
    with pytest.raises(gg.GroundglassError, match=r"cannot be written"):
        Remote(ctx, harness.editing, 0, harness.file / "below" / "control.json")


def test_requests_are_objects() -> None:
    assert read_request(b'{"get": "zebra"}') == {"get": "zebra"}
    for line in (b"\xff", b"", b"{", b"3", b'{"a": NaN}'):
        assert "JSON object" in str(read_request(line))


def test_answers_have_the_order_of_the_lines(harness: Harness) -> None:
    client = harness.client()
    client.send_raw(b'{"id": 1, "get": "zebra"}\nnonsense\n{"id": 2, "get": "zebra"}\n' + b"\n" * 5000)
    assert [harness.receive(client).get("id") for _ in range(3)] == [1, None, 2]


def test_a_script_controls_a_run_without_a_window(tmp_path: Path) -> None:
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path)}
    words = [sys.executable, "-m", "groundglass", "view", "scene:?size=96x64&fps=30", "--headless", "--seconds", "60"]
    run = subprocess.Popen(
        [*words, "--control", "0", "--save-frame", "last.png"],
        **{"cwd": tmp_path, "env": environment, "stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL, "text": True},
    )
    try:
        file = tmp_path / "groundglass" / "control.json"
        until(file.exists, "it listens")

        def remote(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, str(DEMO), *arguments, "--file", str(file)]
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
        assert "no viewfinder is running" in remote("get", "look").stderr
        from PIL import Image

        picture = np.asarray(Image.open(tmp_path / "last.png").convert("RGB"), int)
        assert np.ptp(picture, axis=2).max() <= 1  # the matrix rounds each channel separately
    finally:
        run.kill()
        run.communicate()


def test_a_sleeping_window_handles_requests(screen: Screen, tmp_path: Path) -> None:
    live = Live(screen, tmp_path, "--control", "0")
    try:
        address = json.loads((tmp_path / "groundglass" / "control.json").read_text())
        client = Client(address["port"], address["token"])
        assert client.receive() == {"ok": True}
        for key, text in (("Space", "frozen"), ("Space", "fps"), ("Space", "frozen")):
            client.send({"press": key})
            assert client.receive() == {"ok": True}
            until(lambda text=text: text in live.title, text)
        for f_number in (1.4, 2.0, 2.8, 4.0, 5.6):
            client.send({"set": "f_number", "to": f_number})
            assert client.receive()["value"] == f_number
            until(lambda f_number=f_number: live.f_number == f_number, "the title shows it")
    finally:
        live.end()


def test_former_names_of_controls_choices_and_passes_are_accepted(harness: Harness) -> None:
    client = harness.client()
    assert harness.request({"set": "metering", "to": "highlights"}, client)["value"] == "highlight-weighted"
    harness.editing.open(load_look("vibrant"))
    assert harness.request({"set": "look.hues.red_turn", "to": 5.0}, client)["value"] == 5.0
    assert harness.request({"get": "look.hsl_mixer.red_turn"}, client)["value"] == 5.0


def test_undo_covers_steps_of_remote_control_keys_and_the_editor(harness: Harness) -> None:
    client, history = harness.client(), harness.engine.history
    before = history.now
    harness.request({"set": "exposure", "to": 1.0}, client)
    harness.editing.set("tone_curve", "toe", (0.5, 0.5, 0.5))
    harness.controls.set("strength", 0.5)
    for strength, exposure_ev in ((1.0, 1.0), (1.0, 1.0), (1.0, 0.0)):
        assert harness.request({"press": "Ctrl+Z"}, client)["ok"]
        assert (history.now.strength, history.now.development.exposure_ev) == (strength, exposure_ev)
    assert history.now == before
    for _ in range(3):
        harness.controls.press("Ctrl+Shift+Z")
    assert (history.now.strength, history.now.development.exposure_ev) == (0.5, 1.0)
    assert harness.editing.value("tone_curve", "toe") == (0.5, 0.5, 0.5)


def test_connections_without_a_token_do_not_shut_the_owner_out(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Far more than all places, before and after the owner's first connection."""
    assert (serving.MAX_UNKNOWN, serving.TOKEN_S) == (64, 5.0)
    monkeypatch.setattr(serving, "MAX_UNKNOWN", 8)
    idle = [socket.create_connection(("127.0.0.1", harness.port)) for _ in range(3 * serving.MAX_UNKNOWN)]
    client = harness.client()
    idle += [socket.create_connection(("127.0.0.1", harness.port)) for _ in range(3 * serving.MAX_UNKNOWN)]
    assert harness.request({"get": "zebra"}, client)["ok"]
    assert harness.request({"get": "zebra"})["ok"]
    until(lambda: len(harness.remote._server._unknown()) <= serving.MAX_UNKNOWN, "the oldest are closed")
    for each in idle:
        each.close()


def test_a_connection_without_a_token_ends_in_time(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "TOKEN_S", 0.2)
    owner, idle = harness.client(), Client(harness.port, None)
    answer = harness.receive(idle)
    assert answer == {"ok": False, "error": "no token within 0.2 s; connect again and send it first"}
    assert idle.receive() is None
    slow = Client(harness.port, None)
    slow.send_raw(b'{"token": ')
    assert "no token" in harness.receive(slow)["error"]
    assert harness.request({"get": "zebra"}, owner)["ok"]


def test_a_refused_connection_that_reads_nothing_ends_in_time(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "TOKEN_S", 0.2)
    silent = socket.create_connection(("127.0.0.1", harness.port))
    until(lambda: not harness.remote._server._clients, "the connection is closed")
    silent.close()


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads the sockets of Linux")
def test_the_server_listens_on_loopback_alone(harness: Harness) -> None:
    """Every listening socket of this process with this port is 127.0.0.1; another address of the machine refuses."""
    listening, port = "0A", f"{harness.port:04X}"
    addresses = set()
    for table in ("/proc/self/net/tcp", "/proc/self/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:] if Path(table).exists() else ():
            words = line.split()
            if words[3] == listening and words[1].endswith(f":{port}"):
                addresses.add(words[1].partition(":")[0])
    assert addresses == {"0100007F"}
    for address in ("127.0.0.2", "::1"):
        with pytest.raises(OSError, match=r"refused|assign|unreachable|supported"):
            socket.create_connection((address, harness.port), timeout=10)
