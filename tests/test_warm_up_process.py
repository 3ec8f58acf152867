"""A process compiles ahead; what it built is then built here, and nothing of it disturbs the frames."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.compute.compiled_record import CompiledRecord
from groundglass.errors import DeviceError
from groundglass.frame import Frame
from groundglass.gl.program import SHADERS
from groundglass.look.look import load_look
from groundglass.warm_up_process import WarmUpProcess

WIDTH = 96


@pytest.fixture(autouse=True)
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the record, empty at first."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "groundglass" / "compiled"


def frame() -> Frame:
    mosaic = np.random.default_rng(3).integers(0, 65535, (64, WIDTH)).astype(np.uint16)
    return Frame(mosaic, depth_m=np.full((64, WIDTH), 2.0, np.float32))


def test_what_the_process_compiled_is_built_here_without_a_frame() -> None:
    with gg.Engine("opencl") as engine, WarmUpProcess(engine.device) as process:
        assert engine.device.kernels.names() == []
        process.draw(frame(), gg.Settings(look=load_look("natural")))
        built = engine.device.kernels.names()
        assert {"unpack.cl", "linearize.cl"} & {source.partition("?")[0] for source, _ in built}
        assert len(built) > 10
        assert not any(source.startswith("look-") for source, _ in built)  # generated texts have their own thread
        engine.draw(frame(), gg.Settings(look=load_look("natural")))
        assert set(engine.device.kernels.names()) <= set(built)


def test_what_an_earlier_run_compiled_is_built_without_a_process(record: Path) -> None:
    with gg.Engine("opencl") as engine, WarmUpProcess(engine.device) as process:
        process.draw(frame(), gg.Settings())
        built = engine.device.kernels.names()
        process.draw(frame(), gg.Settings(quality="best"))
        assert len(list(record.iterdir())) == 3  # two draws and a look
    with gg.Engine("opencl") as engine, WarmUpProcess(engine.device) as process:
        process.draw(frame(), gg.Settings())
        assert engine.device.kernels.names() == built
        process.draw(frame(), gg.Settings(quality="best"))
        assert len(engine.device.kernels.names()) > len(built)
        assert process._process is None


def test_another_driver_keeps_no_record(record: Path) -> None:
    CompiledRecord(None).add("draw", note=[])
    assert not record.exists()
    assert CompiledRecord(None).find("draw") is None


def test_a_record_that_cannot_be_read_or_written_is_none(tmp_path: Path) -> None:
    folder = tmp_path / "record"
    folder.write_text("a file in the place of the folder")
    CompiledRecord("cache", folder).add("draw", note=[])
    assert CompiledRecord("cache", folder).find("draw") is None
    folder.unlink()
    notes = CompiledRecord("cache", folder)
    notes.add("draw", note=[["coc.cl", "coc"]])
    assert notes.find("draw") == [["coc.cl", "coc"]]
    assert CompiledRecord("another cache", folder).find("draw") is None
    (file,) = folder.iterdir()
    file.write_text("[half a no")
    assert notes.find("draw") is None
    file.unlink()
    file.mkdir()
    notes.add("draw", note=[])
    assert list(folder.iterdir()) == [file]  # nothing half-written stays


def test_an_edited_text_is_another_draw() -> None:
    first = SHADERS.digest()
    SHADERS.put({"grain.glsl": (SHADERS.read("grain.glsl") or "") + "\n"})
    try:
        assert SHADERS.digest() != first
    finally:
        SHADERS.put({"grain.glsl": (SHADERS.read("grain.glsl") or "")[:-1]})
    assert SHADERS.digest() == first


def test_a_look_that_an_earlier_run_compiled_is_drawn_by_its_kernel_at_once() -> None:
    for route in ("gl", "kernel"):
        with gg.Engine("opencl", size=(WIDTH, 64), settings=gg.Settings(look="natural")) as engine:
            engine.draw(frame(), gg.Settings(look="natural"))
            assert engine.look_route == route
            engine.compile_look(gg.Settings(look="natural"))


def test_invalid_settings_are_left_to_the_frame_that_uses_them() -> None:
    with gg.Engine("opencl") as engine, WarmUpProcess(engine.device) as process:
        process.draw(Frame(np.zeros((4, 4), np.uint16)), gg.Settings())
        process.draw(frame(), gg.Settings())
        assert engine.device.kernels.names()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc lists the children of a process")
def test_the_process_starts_no_process() -> None:
    with gg.Engine("opencl") as engine, WarmUpProcess(engine.device) as process:
        for look in ("classic", "natural", "classic"):
            process.draw(frame(), gg.Settings(look=look))
        assert process._process is not None
        children = Path(f"/proc/{process._process.pid}/task").glob("*/children")
        assert [pids for file in children if (pids := file.read_text())] == []


def test_an_interrupted_process_ends_a_draw_at_once() -> None:
    with gg.Engine("opencl") as engine, WarmUpProcess(engine.device) as process:
        process.interrupt()
        began_s = time.perf_counter()
        with pytest.raises(DeviceError, match="compiles ahead has ended"):
            process.draw(frame(), gg.Settings())
        assert time.perf_counter() - began_s < 5.0


def test_a_closed_engine_leaves_no_process() -> None:
    with gg.Engine("opencl") as engine:
        drawn = engine.draw(frame(), gg.Settings())
        engine.prepare(drawn, gg.Settings(quality="best"))
        while not isinstance(warming := engine._warm_up._engine, WarmUpProcess) or warming._process is None:
            time.sleep(0.001)
    assert warming._process.poll() is not None
