"""The search for connected cameras: kinds that list, fail, hang or lack their library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from groundglass.capture.connected import find_cameras
from groundglass.commands.cameras import as_dict, print_cameras, problems

PLUGIN = """
from groundglass.capture.kinds import ConnectedCamera
from groundglass.errors import MissingExtraError, SourceError

def open_source(name, request):
    raise SourceError(f"{name}: is never opened")

"""
LISTS = {
    "works": 'return [ConnectedCamera("works:0", "Maker Model", ("SRGGB10 640x480 at 30", "GREY 640x480 at 60"))]',
    "fails": 'raise OSError("the driver is broken")',
    "denied": 'raise SourceError("denied: permission denied; join the group video")',
    "lacks": 'raise MissingExtraError("lacks", "libgrey", "grey")',
    "lacks2": 'raise MissingExtraError("lacks2", "libblack", "black")',
    "hangs": "import threading; threading.Event().wait(60)",
    "loads": """import time
    while time.thread_time() < 2.5:
        pass
    return [ConnectedCamera("loads:0", "Maker Model")]""",
}


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Installs packages with kinds of LISTS."""

    def make(*names: str) -> None:
        for name in names:
            (tmp_path / f"camera_{name}.py").write_text(f"{PLUGIN}def list_cameras():\n    {LISTS[name]}\n")
            info = tmp_path / f"{name}_plugin-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-plugin\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text(f"[groundglass.sources]\n{name} = camera_{name}\n")
        monkeypatch.syspath_prepend(tmp_path)

    yield make
    for name in LISTS:
        sys.modules.pop(f"camera_{name}", None)


def test_a_kind_that_fails_or_hangs_does_not_stop_the_others(install: Callable[..., None]) -> None:
    install(*(name for name in LISTS if name != "loads"))
    before = threading.active_count()
    found = {kind.scheme: kind for kind in find_cameras(timeout_s=1.0)}
    assert threading.active_count() <= before + 1  # only the hanging search is left
    assert [camera.source for camera in found["works:"].cameras] == ["works:0"]
    assert "the driver is broken" in found["fails:"].problem
    assert found["denied:"].problem == "denied: permission denied; join the group video"
    assert (found["lacks:"].extra, found["hangs:"].problem[:9]) == ("grey", "no answer")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports the processor time of another thread")
def test_a_search_that_still_computes_has_more_time(install: Callable[..., None]) -> None:
    install("loads", "hangs")
    found = {kind.scheme: kind for kind in find_cameras(timeout_s=0.2)}
    assert [camera.source for camera in found["loads:"].cameras] == ["loads:0"]
    assert found["hangs:"].problem.startswith("no answer after ")


def test_the_report_names_sources_modes_and_remedies(
    install: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    install("works", "fails", "denied", "lacks", "lacks2")
    found = [kind for kind in find_cameras() if kind.scheme.strip(":") in LISTS]
    document = as_dict(found)
    assert document["cameras"] == [
        {
            "source": "works:0",
            "name": "Maker Model",
            "kind": "works:",
            "modes": ["SRGGB10 640x480 at 30", "GREY 640x480 at 60"],
        }
    ]
    assert [kind["extra"] for kind in document["missing"]] == ["grey", "black"]
    assert len(document["failed"]) == 2
    assert sorted(problems(found)) == [
        "failed  denied: permission denied; join the group video",
        "failed  fails: OSError: the driver is broken",
        "not searched: lacks: and lacks2: need libraries; pip install groundglass[grey,black]",
    ]
    print_cameras(found)
    printed = capsys.readouterr().out
    assert "works:0  Maker Model  SRGGB10 640x480 at 30" in printed
    assert printed.index("GREY") > printed.index("SRGGB10")


def test_the_command_prints_json_alone(install: Callable[..., None], tmp_path: Path) -> None:
    install("works", "fails")
    command = [sys.executable, "-m", "groundglass", "cameras", "--json", "-"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), *filter(None, sys.path)))}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    document = json.loads(done.stdout)
    assert "works:0" in [camera["source"] for camera in document["cameras"]]
    assert "the driver is broken" in done.stderr
