"""SIGKILL at random moments while files are written: each file is whole or absent, of a video all but the end is kept.

`GROUNDGLASS_KILLS=300 make test ARGS="tests/output/test_kills.py"` kills more often.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import av
import numpy as np
import pytest
import tifffile
from groundglass.files import whole_file
from groundglass.look.look import load_look
from groundglass.output.reserved_paths import reserved_path
from PIL import Image

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
KILLS = int(os.environ.get("GROUNDGLASS_KILLS", "6"))
FPS, KEPT_S = 30, 1.0

# Prints a line for each file or picture that is done.
WRITER = """
import dataclasses, itertools, sys, time
from pathlib import Path
import numpy as np
import groundglass as gg
from groundglass.output.raw_sequence import RawSequenceWriter
from groundglass.output.stills import save_still
from groundglass.output.video import VideoWriter
from groundglass.look.look_files import write_look
from groundglass.tools.saved_settings import write_settings

kind, folder = sys.argv[1], Path(sys.argv[2])
look = gg.load_look("classic")
frame = gg.Frame(np.arange(64 * 96, dtype=np.uint16).reshape(64, 96), name="a")
rgb = np.zeros((64, 96, 3), np.uint8)
print("ready", flush=True)
if kind == "video":  # of a codec
    video = VideoWriter(folder / "a.mp4", (96, 64), sys.argv[3])
    began_s = time.perf_counter()
    for number in itertools.count():
        time.sleep(max(0.0, began_s + number / 30 - time.perf_counter()))
        video.add(np.full((64, 96, 4), number % 250, np.uint8), number / 30)
        print(video.written, flush=True)
if kind == "sequence":
    writer = RawSequenceWriter(folder / "sequence", look)
    for number in itertools.count():
        writer.add(frame)
        print(number, flush=True)
        time.sleep(0.003)
for number in itertools.count():
    if kind == "still":
        save_still(folder, frame, rgb, look)
    elif kind == "look":
        write_look(folder / "mine.toml", dataclasses.replace(look, name=f"number {number}"))
    else:
        write_settings(folder / "settings.toml", {"focus": float(number), "look": "classic" * 500})
    print(number, flush=True)
"""


def killed(kind: str, folder: Path, after_s: float, codec: str = "h264") -> tuple[int, bool]:
    """The last number that a writer has printed before it was killed, and whether a later one may follow."""
    folder.mkdir()
    words = [sys.executable, "-c", WRITER, kind, str(folder), codec]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(after_s)
    child.kill()
    lines = child.communicate()[0].split("\n")[:-1]
    return (int(lines[-1]) if lines else -1), bool(lines)


def check_whole(file: Path) -> None:
    """Reads a file to its end."""
    match file.suffix:
        case ".jpg":
            with Image.open(file) as image:
                assert np.asarray(image).shape == (64, 96, 3)
        case ".dng":
            assert tifffile.imread(file, key=0).size > 0
        case ".toml" if file.stem == "settings":
            assert tomllib.loads(file.read_text())["look"] == "classic" * 500
        case ".toml":
            assert load_look(file).passes
        case _:
            raise AssertionError(f"unexpected file {file}")


@pytest.mark.parametrize("kind", ["still", "sequence", "look", "settings"])
def test_a_killed_writer_leaves_whole_files(tmp_path: Path, kind: str) -> None:
    rng = random.Random(kind)
    for number in range(max(KILLS * 3 // 20, 2)):
        folder = tmp_path / str(number)
        killed(kind, folder, rng.random() * 0.5)
        visible = [file for file in folder.rglob("*") if file.is_file() and not file.name.startswith(".")]
        for file in visible:
            check_whole(file)
        with whole_file(folder / "next"), reserved_path(folder):
            pass  # the next program removes what the killed one has left
        assert not [file for file in folder.iterdir() if file.name.startswith(".")]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_killed_recording_keeps_all_but_its_end(tmp_path: Path, codec: str) -> None:
    rng = random.Random(f"video {codec}")
    for number in range(max(KILLS // 5, 2)):
        folder, after_s = tmp_path / str(number), rng.random() * 2.5
        written, _ = killed("video", folder, after_s, codec)
        file = folder / "a.mp4"
        if not file.exists():
            assert written < FPS // 2
            continue
        with av.open(str(file)) as container:
            shown = [picture.to_ndarray(format="gray8").mean() for picture in container.decode(video=0)]
        assert len(shown) >= max(written - KEPT_S * FPS, 1)
        assert np.abs(np.array(shown) - [number % 250 for number in range(len(shown))]).max() < 8
