"""A process compiles ahead; what it built is then built here, and nothing of it disturbs the frames."""

from __future__ import annotations

import time

import groundglass as gg
import numpy as np
import pytest
from groundglass.errors import DeviceError
from groundglass.frame import Frame
from groundglass.look.look import load_look
from groundglass.warm_up_process import WarmUpProcess

WIDTH = 96


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


def test_invalid_settings_are_left_to_the_frame_that_uses_them() -> None:
    with gg.Engine("opencl") as engine, WarmUpProcess(engine.device) as process:
        process.draw(Frame(np.zeros((4, 4), np.uint16)), gg.Settings())
        process.draw(frame(), gg.Settings())
        assert engine.device.kernels.names()


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
        while (warming := engine._warm_up._engine) is None:
            time.sleep(0.001)
    assert isinstance(warming, WarmUpProcess)
    assert warming._process.poll() is not None
