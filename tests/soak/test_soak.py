"""The soak test: a short run holds, its steps repeat, and its checks find what they are for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
from groundglass.controls import Choice, Number, Switch
from groundglass.soak.materials import Materials
from groundglass.soak.plan import rest_steps, steps
from groundglass.soak.run import _broken, _slope

pytest.importorskip("av")
CONTROLS = (
    Switch("zebra", "Zebra", "aids", "C", get=lambda: False, set=lambda on: None),
    Number("focus", "Focus", "focus", minimum=0.1, maximum=9.0, step=0.1, get=lambda: 1.0, set=lambda value: None),
    Choice("metering", "Metering", "a", choices=("spot", "average"), get=lambda: "spot", set=lambda value: None),
)


@pytest.mark.slow
def test_a_run_of_twenty_seconds_holds(tmp_path: Path) -> None:
    """On a busy machine it takes few steps, but none of them may break anything."""
    words = [sys.executable, "-m", "groundglass", "soak", "--minutes", "0.2", "--seed", "7", "--json", "soak.json"]
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=250, check=False
    )
    report = json.loads((tmp_path / "soak.json").read_text())
    assert report["problems"] == []
    assert done.returncode == 0, done.stdout + done.stderr
    assert report["looks"] >= 1
    assert "--seed 7" in done.stdout


def test_the_same_seed_takes_the_same_steps(tmp_path: Path) -> None:
    """Of every kind, and the messages of the same materials."""
    taken = []
    for name in ("first", "again", "other"):
        materials = Materials(tmp_path / name, 3)
        planned = islice(steps(4 if name == "other" else 3, materials, CONTROLS, lambda scale: None), 200)
        taken.append([(step.kind, step.line.replace(str(tmp_path / name).encode(), b"")) for step in planned])
    assert taken[0] == taken[1] != taken[2]
    kinds = {kind for kind, _ in taken[0]}
    assert kinds >= {"control", "look", "lens", "source", "scale", "action", "output", "reload", "bad line"}
    assert kinds >= {"bad source", "bad look", "bad value"}


def test_memory_is_measured_at_the_end_of_a_rest_in_the_same_state() -> None:
    called: list[object] = []
    for step in rest_steps(called.append, lambda: called.append("reset"), lambda: called.append("measured")):
        if step.act is not None:
            step.act()
    assert called == ["reset", 0.25, 0.5, 0.75, 1.0, "measured"]


@pytest.mark.parametrize("name", ["a.jpg", "a.dng", "a.toml", "a.mp4", "a.part"])
def test_a_file_that_is_not_whole_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff\xd8\xff half of a file")
    assert _broken(tmp_path / name)


def test_memory_that_grows_is_found() -> None:
    growing = [(float(second), 300.0 + second / 30) for second in range(100)]
    assert _slope(growing) == pytest.approx(2.0)
    assert _slope([(second, 300.0) for second, _ in growing]) == pytest.approx(0.0, abs=1e-9)
