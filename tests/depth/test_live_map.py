"""The maps of a real network in a live picture: they do not swim, follow the picture, and end at cuts."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.capture.base import BaseSource
from groundglass.capture.source import Timing
from groundglass.depth.onnx_model import MonocularModel
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.tool import Tool
from groundglass.display.viewer import Viewer
from groundglass.frame import Encoding, Frame
from groundglass.settings import SettingsHistory
from groundglass.tools.depth_model import DepthModelTool
from live_engine import LiveEngine
from monocular_support import ANY_SIZE, threads, until, write_graph, write_model, write_slow_model, write_unsteady_model
from onnx import TensorProto, helper

SIZE = (192, 108)


def wide_picture(seed: int = 0) -> np.ndarray:
    """(108, 400) grey levels: smooth patches, brighter ones are nearer to the model."""
    spectrum = np.fft.rfft2(np.random.default_rng(seed).normal(size=(SIZE[1], 400)))
    frequency = np.hypot(np.fft.fftfreq(SIZE[1])[:, None], np.fft.rfftfreq(400))
    picture = np.fft.irfft2(spectrum / (frequency + 0.02) * (frequency < 0.1), (SIZE[1], 400))
    return np.clip(128 + 40 * picture / picture.std(), 10, 245)


def live_frame(index: int, x: int = 100, *, seed: int = 0, gain: float = 1.0, noise: float = 3.0) -> Frame:
    """Frame `index`, captured at index / 30 s, of the picture from column `x` on, with its own noise."""
    part = gain * wide_picture(seed)[:, x : x + SIZE[0]]
    grey = part + noise * np.random.default_rng(1000 + index).normal(size=part.shape)
    pixels = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    return Frame(pixels, Encoding.DISPLAY, index=index, captured_s=index / 30, arrived_s=index / 30)


def draw_with_new_map(engine: LiveEngine, frame: Frame) -> Frame:
    """Draws until the map of this frame has arrived, and returns the frame with it."""
    engine.draw(frame)
    model = engine.depth_model
    if model.age_ms != 0.0:
        assert until(lambda: engine.is_outdated)
        engine.draw(frame)
    while model.age_ms != 0.0:  # the model was busy with a frame before
        assert until(lambda: engine.is_outdated)
        engine.draw(frame)
    assert engine.last is not None
    return engine.last


def depth_of(engine: LiveEngine, frame: Frame) -> np.ndarray | None:
    engine.draw(frame)
    assert engine.last is not None
    return engine.last.depth_m


def test_the_map_of_a_static_noisy_scene_does_not_swim(tmp_path: Path) -> None:
    """The network's maps change by a fifth in scale and offset, and have noise."""
    path = write_unsteady_model(tmp_path / "unsteady.onnx")
    frames = [live_frame(index) for index in range(14)]
    with LiveEngine(depth_model=path) as engine:
        maps = [draw_with_new_map(engine, frame).depth_m for frame in frames]
    model = MonocularModel(path)
    alone = [model.depth_of(np.moveaxis(frame.pixels, -1, 0) / np.float32(255)).depth_m for frame in frames]
    changes = []
    for some in (maps, alone):
        nearness = 1 / np.stack([depth_m for depth_m in some[4:] if depth_m is not None])
        changes.append(float(np.abs(np.diff(nearness, axis=0)).mean() / np.ptp(nearness)))
    assert changes[0] < 0.01  # mean change between two maps, relative to their range of 1 / distance
    assert changes[0] < changes[1] / 3


def test_between_maps_a_static_picture_keeps_the_same_map(tmp_path: Path) -> None:
    with LiveEngine(depth_model=write_model(tmp_path / "m.onnx", ANY_SIZE)) as engine:
        first = draw_with_new_map(engine, live_frame(0)).depth_m
        engine.depth_model._retry_s = np.inf  # no further maps
        assert all(depth_of(engine, live_frame(index)) is first for index in range(1, 9))
        assert depth_of(engine, live_frame(9, gain=0.6)) is first  # the exposure of the camera changed
        assert engine.depth_model.age_ms == pytest.approx(300)


def test_a_pan_carries_the_map_nearer_to_the_fresh_one(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", ANY_SIZE, gain=4.0)
    with LiveEngine(depth_model=f"{path}?metric") as engine:
        held = draw_with_new_map(engine, live_frame(0)).depth_m
        engine.depth_model._retry_s = np.inf
        errors = []
        for index in (1, 4, 8):
            frame = live_frame(index, 100 + 4 * index)
            carried = depth_of(engine, frame)
            assert carried is not None
            assert held is not None
            fresh = fresh_depth(path, frame, held.shape)
            errors.append((np.abs(carried - fresh).mean(), np.abs(held - fresh).mean()))
    assert all(carried < 0.5 * held for carried, held in errors)


def fresh_depth(path: Path, frame: Frame, shape: tuple[int, ...]) -> np.ndarray:
    with LiveEngine(depth_model=f"{path}?metric") as engine:
        engine.render(frame)
        assert engine.last is not None
        assert engine.last.depth_m is not None
        assert engine.last.depth_m.shape == shape
        return engine.last.depth_m


def test_a_cut_ends_the_map_and_the_next_one_is_exact(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", ANY_SIZE, gain=4.0)
    with LiveEngine(depth_model=f"{path}?metric") as engine:
        for index in range(3):
            draw_with_new_map(engine, live_frame(index))
        other = live_frame(3, seed=5)
        assert depth_of(engine, other) is None
        found = draw_with_new_map(engine, other).depth_m
        assert found is not None
        assert np.array_equal(found, fresh_depth(path, other, found.shape))


def test_another_size_in_the_middle_ends_the_map(tmp_path: Path) -> None:
    with LiveEngine(depth_model=write_model(tmp_path / "m.onnx", ANY_SIZE)) as engine:
        draw_with_new_map(engine, live_frame(0))
        tall = Frame(np.ascontiguousarray(live_frame(1).pixels[:, :100]), Encoding.DISPLAY, index=1, captured_s=1.0)
        assert depth_of(engine, tall) is None
        assert draw_with_new_map(engine, tall).depth_m is not None


def test_a_model_that_is_off_leaves_everything_in_focus(tmp_path: Path) -> None:
    with LiveEngine(depth_model=write_model(tmp_path / "m.onnx", ANY_SIZE)) as engine:
        draw_with_new_map(engine, live_frame(0))
        engine.depth_model.is_on = False
        assert depth_of(engine, live_frame(1)) is None
        assert not engine.is_outdated
        engine.depth_model.is_on = True
        assert draw_with_new_map(engine, live_frame(2)).depth_m is not None


def test_a_model_that_returns_nan_leaves_the_picture(tmp_path: Path) -> None:
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, "height", "width"])
    depth = helper.make_tensor_value_info("depth", TensorProto.FLOAT, [None] * 3)
    nodes = [
        helper.make_node("Sub", ["picture", "picture"], ["zero"]),
        helper.make_node("Div", ["zero", "zero"], ["nan"]),
        helper.make_node("ReduceMean", ["nan"], ["depth"], axes=[1], keepdims=0),
    ]
    with LiveEngine(depth_model=write_graph(tmp_path / "nan.onnx", nodes, [picture], [depth])) as engine:
        engine.draw(live_frame(0))
        assert until(lambda: engine.is_outdated)
        assert depth_of(engine, live_frame(1)) is None
        assert "nan.onnx: no distance in the whole picture" in engine.depth_model.problem


def test_a_map_is_freed_when_the_next_one_arrives(tmp_path: Path) -> None:
    with LiveEngine(depth_model=write_unsteady_model(tmp_path / "m.onnx")) as engine:
        seen = []
        for index in range(12):
            draw_with_new_map(engine, live_frame(index))
            seen.append(weakref.ref(engine.depth_model._live.fused.nearness))
        gc.collect()
        assert sum(reference() is not None for reference in seen) <= 2


def test_a_running_model_is_stopped_at_the_end(tmp_path: Path) -> None:
    path = write_slow_model(tmp_path / "slow.onnx", 200_000)  # more than a minute
    engine = LiveEngine(depth_model=path)
    engine.draw(live_frame(0))
    assert until(lambda: engine.depth_model.has_result or engine.depth_model._pending is not None)
    time.sleep(0.2)
    engine.engine.close()
    assert until(lambda: threads() == [])


class Camera(BaseSource):
    """A live source that pans."""

    name, size, timing, fps = "camera", SIZE, Timing.LIVE, 30.0

    def __iter__(self) -> Iterator[Frame]:
        for index in range(10_000):
            time.sleep(0.02)
            yield live_frame(index, 100 + index % 20)


def test_a_live_view_reports_the_age_and_switches_the_model(tmp_path: Path) -> None:
    surface, messages = OffscreenSurface(SIZE), list[str]()
    with gg.Engine(depth_model=write_model(tmp_path / "m.onnx", ANY_SIZE), gl=surface.gl) as engine, Camera() as source:

        class UntilAMap(Tool):
            def on_frame(self, drawn: gg.Drawn) -> None:
                if drawn.has_depth and viewer._log.recent_depth_age_ms:
                    viewer.controls.press("Q")

        tools = [DepthModelTool, lambda context: UntilAMap()]
        viewer = Viewer(engine, source, SettingsHistory(gg.Settings()), surface=surface, tools=tools)
        viewer.messages.listeners.append(lambda message, is_loss: messages.append(message))
        statistics = viewer.run(seconds=60)
        assert statistics.depth_age_ms["p50"] > 0
        assert "depth model" in statistics.stages
        viewer.controls["depth_model"].set(False)
        assert engine.depth_model is not None
        assert not engine.depth_model.is_on
        assert messages == ["depth model off"]
    surface.close()
