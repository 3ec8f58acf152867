"""The first view of an installation draws sharp pictures until the kernels are compiled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.commands import first_start
from groundglass.commands.first_engine import FirstEngine
from groundglass.commands.first_start import NOTICE, FirstStart
from groundglass.frame import Frame

SIZE = (96, 64)
SETTINGS = gg.Settings(lens="noct-50", look="natural")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "groundglass"


def frame() -> Frame:
    mosaic = np.random.default_rng(3).integers(600, 9000, SIZE[::-1]).astype(np.uint16)
    return Frame(mosaic, depth_m=np.full(SIZE[::-1], 8.0, np.float32))


def pixels(drawn: gg.Drawn) -> np.ndarray:
    return np.frombuffer(drawn.texture.read(), np.uint8)


def test_pictures_are_sharp_until_everything_is_compiled(state):
    begun = FirstStart("opencl", SIZE)
    assert begun.applies()
    with FirstEngine(begun, "opencl") as first, gg.Engine("opencl") as engine:
        captured = frame()
        first.compile_for(SIZE, SETTINGS)
        drawn = first.draw(captured, SETTINGS)
        assert first.is_preparing
        assert (state / first_start.UNFINISHED).exists()
        assert (drawn.captured, drawn.settings) == (captured, SETTINGS)
        assert drawn.has_depth
        assert "optics" not in first.clock.stages()
        sharp = pixels(drawn)
        until_s = time.perf_counter() + 60.0
        while first.is_preparing and time.perf_counter() < until_s:
            time.sleep(0.05)
            drawn = first.draw(captured, SETTINGS)
        complete = pixels(first.draw(captured, SETTINGS))
        assert "optics" in first.clock.stages()
        expected = pixels(engine.draw(captured, SETTINGS))
        assert np.abs(complete.astype(int) - expected).max() <= 1
        assert np.abs(sharp.astype(int) - complete).max() > 10
    assert not (state / first_start.UNFINISHED).exists()


def test_a_start_is_the_first_one_without_a_cache_or_after_an_unfinished_one(state, tmp_path, monkeypatch):
    cache = tmp_path / "kcache"
    monkeypatch.setenv("POCL_CACHE_DIR", str(cache))
    monkeypatch.setattr(FirstStart, "_work", lambda self: self._opened.set())
    assert FirstStart.of("opencl", SIZE) is not None
    (cache / "AB").mkdir(parents=True)
    FirstStart._note_unfinished()
    unfinished = FirstStart.of("opencl", SIZE)
    assert unfinished is not None
    unfinished.complete()
    assert FirstStart.of("opencl", SIZE) is None


def test_another_driver_draws_everything_at_once(state, monkeypatch):
    monkeypatch.setenv("POCL_KERNEL_CACHE", "0")
    begun = FirstStart("opencl", SIZE)
    assert not begun.applies()
    with FirstEngine(begun, "opencl") as first:
        first.draw(frame(), SETTINGS)
        assert "optics" in first.clock.stages()
    assert not (state / first_start.UNFINISHED).exists()


def test_a_device_that_does_not_exist_is_reported_by_the_engine():
    begun = FirstStart("opencl:9", SIZE)
    with pytest.raises(gg.GroundglassError, match="opencl:9"):
        FirstEngine(begun, "opencl:9")


def test_the_view_of_a_new_installation(state, tmp_path):
    environment = os.environ | {"POCL_CACHE_DIR": str(tmp_path / "kcache")}
    words = ["view", "scene:?size=96x64", "--headless", "--seconds", "0.3", "--json", "-"]
    command = [sys.executable, "-m", "groundglass", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert NOTICE in done.stderr
    statistics, _ = json.JSONDecoder().raw_decode(done.stdout)
    assert statistics["frames"] > 0
    assert "optics" not in statistics["stages"]
    assert (state / first_start.UNFINISHED).exists()
