"""A window whose pictures another process decodes: the process may end at any moment, window and picture stay."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from groundglass.capture.sandbox import HAS_SANDBOX, PROGRAM
from PIL import Image
from remote_support import Client
from window_support import Live, Screen, until

pytestmark = pytest.mark.skipif(not HAS_SANDBOX, reason="not for this system")
RED, BLUE = (200, 40, 40), (40, 60, 220)


def decoding_processes(viewer: int) -> list[int]:
    """The decoding processes that belong to the viewer."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            status = (entry / "status").read_text()
            if f"PPid:\t{viewer}\n" in status and PROGRAM in (entry / "cmdline").read_bytes().decode().split("\0"):
                found.append(int(entry.name))
        except OSError:  # it has ended
            continue
    return found


def clip(folder: Path, colour: tuple[int, int, int]) -> Path:
    """A playing folder: pictures whose left upper corner differs, so that it is seen to move."""
    folder.mkdir()
    for number in range(6):
        picture = np.full((270, 480, 3), colour, np.uint8)
        picture[:20, :20] = 40 * number
        Image.fromarray(picture).save(folder / f"{number}.png")
    return folder


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSEGV])
def test_the_picture_stays_with_the_reason_and_the_next_file_opens(
    screen: Screen, tmp_path: Path, sent: signal.Signals
) -> None:
    red, blue = clip(tmp_path / "red", RED), clip(tmp_path / "blue", BLUE)
    live = Live(screen, tmp_path, "--control", "0", "--sandbox", "--loop")
    try:
        access = json.loads((tmp_path / "groundglass" / "control.json").read_text())
        client = Client(access["port"], access["token"])
        client.receive()

        def request(line: dict[str, Any]) -> Any:
            client.send(line)
            return client.receive()["value"]

        request({"set": "source", "to": str(red)})
        until(lambda: "red" in live.title, "the folder is shown")
        until(lambda: live.picture[100, 100, 0] > 2 * live.picture[100, 100, 1], "it is on the screen")
        (process,) = decoding_processes(live.process.pid)
        os.kill(process, sent)  # while it decodes: it is always a frame ahead
        until(lambda: "decoding process crashed" in request({"state": True})["status"], "the reason is reported")
        assert f"({sent.name})" in request({"state": True})["status"]
        assert live.process.poll() is None
        red_part = live.picture[100, 100].astype(int)
        assert red_part[0] > 2 * red_part[1], "the last picture stays"
        request({"set": "source", "to": str(blue)})
        until(lambda: "blue" in live.title, "another folder is shown")
        until(lambda: live.picture[100, 100, 2] > 2 * live.picture[100, 100, 0], "it is on the screen")
        until(lambda: request({"state": True})["status"] == "", "the reason is gone")
        assert len(decoding_processes(live.process.pid)) == 1
        live.press("q")
        assert live.process.wait(20) == 0
        assert decoding_processes(live.process.pid) == []
    finally:
        live.end()
