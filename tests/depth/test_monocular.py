"""Monocular depth models: files, results, input copy and thread."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.camera import REC709_TO_REC2020
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.depth.model_picture import taps
from groundglass.depth.monocular import FOLLOW_STAGE, STAGE, MonocularDepth
from groundglass.depth.onnx_model import MonocularModel, SteadyExtremes
from groundglass.depth.relative import DepthRange
from groundglass.frame import Encoding, Frame
from groundglass.timing import Clock
from monocular_support import ANY_SIZE, Slow, threads, until, write_graph, write_model
from onnx import TensorProto, helper

SPAN = DepthRange(0.5, 4.0)


def stripes(width: int = 28, height: int = 14) -> np.ndarray:
    """(3, H, W) float32: the left half dark, the right half bright."""
    grey = np.full((height, width), 0.2, np.float32)
    grey[:, width // 2 :] = 0.8
    return np.repeat(grey[None], 3, axis=0)


def picture(index: int = 0) -> Frame:
    """A frame with a dark and a bright half."""
    pixels = np.moveaxis((255 * stripes()).astype(np.uint8), 0, -1)
    return Frame(np.ascontiguousarray(pixels), Encoding.DISPLAY, index=index)


# The model


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("result", ["HW", "NHW", "N1HW", "NHW1"])
def test_bright_is_near_between_the_two_distances(tmp_path: Path, layout: str, result: str) -> None:
    model = MonocularModel(write_model(tmp_path / "m.onnx", layout=layout, result=result), SPAN)
    assert model.size_for(1920, 1080) == (28, 14)
    found = model.depth_of(stripes())
    assert found.depth_m.shape == (14, 28)
    assert found.depth_m[:, :14] == pytest.approx(4.0, rel=1e-4)
    assert found.depth_m[:, 14:] == pytest.approx(0.5, rel=1e-4)
    assert found.noise > 0


def test_the_default_range_suits_a_portrait(tmp_path: Path) -> None:
    found = MonocularModel(write_model(tmp_path / "m.onnx")).depth_of(stripes())
    assert (found.depth_m.min(), found.depth_m.max()) == pytest.approx((0.5, 5.0), rel=1e-4)


def test_a_range_may_define_bright_as_far(tmp_path: Path) -> None:
    model = MonocularModel(write_model(tmp_path / "m.onnx"), DepthRange(6.0, 0.8, linear=True))
    assert model.depth_of(stripes()).depth_m[0, [0, -1]] == pytest.approx([0.8, 6.0], rel=1e-4)


def test_a_metric_model_returns_metres(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", gain=10.0)
    assert MonocularModel(f"{path}?metric").depth_of(stripes()).depth_m[0, [0, -1]] == pytest.approx([2.0, 8.0])
    scaled = MonocularModel(f"{path}?metric", DepthRange(1.0, 3.0)).depth_of(stripes())
    assert scaled.depth_m[0, [0, -1]] == pytest.approx([1.0, 3.0], rel=1e-4)


def test_half_float_models_are_accepted(tmp_path: Path) -> None:
    model = MonocularModel(write_model(tmp_path / "m.onnx", kind=TensorProto.FLOAT16), SPAN)
    assert model.depth_of(stripes()).depth_m[0, [0, -1]] == pytest.approx([4.0, 0.5], rel=0.01)


@pytest.mark.parametrize(
    ("size", "picture", "expected"),
    [
        (ANY_SIZE, (1920, 1080), (518, 294)),
        (ANY_SIZE, (1080, 1920), (294, 518)),
        (ANY_SIZE, (4000, 20), (518, 14)),
        ((None, 140), (1920, 1080), (518, 140)),
    ],
)
def test_a_model_of_any_size_keeps_the_aspect(
    tmp_path: Path, size: tuple[int | None, int | None], picture: tuple[int, int], expected: tuple[int, int]
) -> None:
    model = MonocularModel(write_model(tmp_path / "m.onnx", size, channels=3 if size[1] else None))
    assert model.size_for(*picture) == expected
    assert model.depth_of(stripes(*expected)).depth_m.shape == expected[::-1]


def test_non_finite_distances_are_filled(tmp_path: Path) -> None:
    model = MonocularModel(write_model(tmp_path / "m.onnx"), SPAN)
    picture = stripes()
    picture[:, 3, 5] = np.nan
    depth_m = model.depth_of(picture).depth_m
    assert np.isfinite(depth_m).all()
    assert depth_m[3, 5] == depth_m[3, 4]


def test_a_uniform_picture_is_far(tmp_path: Path) -> None:
    model = MonocularModel(write_model(tmp_path / "m.onnx"), SPAN)
    assert model.depth_of(np.zeros((3, 14, 28), np.float32)).depth_m == pytest.approx(4.0)
    assert model.depth_of(stripes()).depth_m[0, [0, -1]] == pytest.approx([4.0, 0.5], rel=1e-4)


def test_extremes_adapt_slowly_and_jump_at_a_cut() -> None:
    extremes = SteadyExtremes()
    assert extremes.follow(0.0, 10.0) == (0.0, 10.0)
    assert extremes.follow(1.0, 9.0) == pytest.approx((0.1, 9.9))
    assert extremes.follow(5.0, 5.0) == pytest.approx((0.1, 9.9))
    for _ in range(100):
        adapted = extremes.follow(1.0, 9.0)
    assert adapted == pytest.approx((1.0, 9.0), abs=1e-3)
    assert extremes.follow(1.0, 14.0) == (1.0, 14.0)


def test_a_static_object_keeps_its_distance_when_another_appears(tmp_path: Path) -> None:
    """A bright object that covers 5 % of the picture changes the distance of others by less than 3 %."""
    model = MonocularModel(write_model(tmp_path / "m.onnx"), SPAN)
    before_m = model.depth_of(stripes()).depth_m[7, 20]
    picture = stripes()
    picture[:, :3, :7] = 0.95
    assert model.depth_of(picture).depth_m[7, 20] == pytest.approx(before_m, rel=0.03)


# Invalid model files


def refused(spec: str | Path) -> str:
    with pytest.raises(gg.GroundglassError) as caught:
        MonocularModel(spec)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.onnx").startswith(f"{tmp_path / 'none.onnx'}: no such file")


def test_an_unknown_query_is_an_error(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx")
    assert "use ?metric" in refused(f"{path}?metres")


@pytest.mark.parametrize("damage", ["empty", "text", "truncated"])
def test_a_file_that_is_not_onnx_is_an_error(tmp_path: Path, damage: str) -> None:
    path = write_model(tmp_path / "m.onnx")
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "text": b"not a model at all\n" * 9, "truncated": whole[: len(whole) // 2]}[damage])
    assert refused(path).startswith(f"{path}: onnxruntime cannot load this model")


def test_unsupported_inputs_are_an_error(tmp_path: Path) -> None:
    wrong = [
        write_model(tmp_path / "grey.onnx", channels=1),
        write_model(tmp_path / "whole.onnx", kind=TensorProto.DOUBLE),
    ]
    pair = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 14, 28]) for name in ("left", "right")]
    out = helper.make_tensor_value_info("depth", TensorProto.FLOAT, [1, 3, 14, 28])
    wrong.append(
        write_graph(tmp_path / "pair.onnx", [helper.make_node("Add", ["left", "right"], ["depth"])], pair, [out])
    )
    for path in wrong:
        assert refused(path).startswith(f"{path}: the input is ")


def test_unsupported_outputs_are_an_error(tmp_path: Path) -> None:
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, 14, 28])
    out = helper.make_tensor_value_info("class", TensorProto.FLOAT, [1])
    mean = helper.make_node("ReduceMean", ["picture"], ["class"], axes=[1, 2, 3], keepdims=0)
    path = write_graph(tmp_path / "classes.onnx", [mean], [picture], [out])
    assert "not a map of floats" in refused(path)
    out = helper.make_tensor_value_info("depth", TensorProto.FLOAT, [1, 3, 14, 28])
    path = write_graph(
        tmp_path / "three.onnx", [helper.make_node("Identity", ["picture"], ["depth"])], [picture], [out]
    )
    with pytest.raises(gg.GroundglassError, match=r"three\.onnx: the output has the shape \(1, 3, 14, 28\)"):
        MonocularModel(path).depth_of(stripes())


def test_a_failing_model_is_an_error(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx")
    with pytest.raises(gg.GroundglassError, match=r"m\.onnx: fails on a picture of 30x16"):
        MonocularModel(path).depth_of(stripes(30, 16))


def test_the_error_for_missing_onnxruntime_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_model(tmp_path / "m.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert refused(path) == f"{path}: needs onnxruntime; pip install groundglass[depth]"


# The reduced copy for the model


@pytest.mark.parametrize(("samples", "count"), [(8, 4), (28, 10), (100, 7), (3, 9), (5, 5), (1, 3)])
def test_taps_are_in_range_with_weights_that_sum_to_one(samples: int, count: int) -> None:
    indices, weights = taps(samples, count)
    assert indices.shape == weights.shape == (count, indices.shape[1])
    assert 0 <= indices.min() <= indices.max() < samples
    assert weights.sum(axis=1) == pytest.approx(1.0)
    ramp = (weights * indices).sum(axis=1)
    assert ramp == pytest.approx(np.clip((np.arange(count) + 0.5) * samples / count - 0.5, 0, samples - 1), abs=0.5)


@pytest.fixture
def slow() -> Iterator[tuple[Slow, MonocularDepth]]:
    model = Slow()
    depth = MonocularDepth(lambda: model)
    yield model, depth
    model.may_answer.set()
    depth.release()
    depth.release()
    assert until(lambda: threads() == [])


@pytest.fixture
def scene(device: Device) -> Iterator[Planes]:
    planes = Planes(device, 29, 15, 3)
    planes.write(np.random.default_rng(3).uniform(-0.1, 1.3, (15, 29, 3)).astype(np.float32))
    yield planes
    planes.release()


@pytest.mark.parametrize("size", [(14, 7), (29, 15), (45, 31), (7, 2)])
def test_the_reduced_copy_is_srgb(scene: Planes, size: tuple[int, int]) -> None:
    model = Slow(size)
    model.may_answer.set()
    depth = MonocularDepth(lambda: model)
    depth.depth_of(scene, "a picture", Clock())
    depth.release()
    across, columns = taps(29, size[0]), taps(15, size[1])
    rows = (scene.read()[columns[0]] * columns[1][..., None, None]).sum(axis=1)
    small = (rows[:, across[0]] * across[1][..., None]).sum(axis=2)
    rec709 = np.clip(small @ np.linalg.inv(REC709_TO_REC2020).T, 0, 1)
    encoded = np.where(rec709 <= 0.0031308, 12.92 * rec709, 1.055 * rec709 ** (1 / 2.4) - 0.055)
    assert np.moveaxis(model.shown[0], 0, -1) == pytest.approx(encoded, abs=0.15 / 255)


# The thread


def test_the_live_loop_never_waits_for_the_model(scene: Planes, slow: tuple[Slow, MonocularDepth]) -> None:
    model, depth = slow
    clock = Clock()
    for frame in range(5):
        assert depth.follow(picture(frame), clock).depth_m is None
        depth.queue_copy(scene, frame)
        scene.device.finish()  # a copy that is not made yet is submitted later
        depth.submit_copy()
    assert model.requests.acquire(timeout=20)
    assert len(model.shown) == 1  # the model was busy during the other frames
    model.may_answer.set()
    assert until(lambda: depth.has_result)
    found = depth.follow(picture(4), clock).depth_m
    assert found is not None
    assert found[0, 0] == 2.0
    assert depth.follow(picture(4), clock).depth_m is found
    depth.queue_copy(scene, 5)
    depth.submit_copy()
    assert until(lambda: depth.has_result)
    assert depth.follow(picture(5), clock).depth_m is not found
    assert set(clock.stages()) == {STAGE, FOLLOW_STAGE}


def test_a_picture_is_submitted_once(scene: Planes, slow: tuple[Slow, MonocularDepth]) -> None:
    model, depth = slow
    model.may_answer.set()
    clock = Clock()
    for _ in range(3):
        depth.queue_copy(scene, "still")
        depth.submit_copy()
        depth.depth_of(scene, "still", clock)
    assert len(model.shown) == 1
    depth.depth_of(scene, "another", clock)
    assert len(model.shown) == 2


def test_a_failure_in_the_live_loop_is_the_problem(scene: Planes, slow: tuple[Slow, MonocularDepth]) -> None:
    model, depth = slow
    model.error = gg.GroundglassError("m.onnx: fails")
    depth.queue_copy(scene, 0)
    depth.submit_copy()
    model.may_answer.set()
    assert until(lambda: depth.has_result)
    assert depth.follow(picture(1), Clock()).depth_m is None
    assert depth.problem == "m.onnx: fails"
    depth.queue_copy(scene, 1)
    depth.submit_copy()
    assert len(model.shown) == 1  # it is tried again only after a wait
    with pytest.raises(gg.GroundglassError, match="fails"):
        depth.depth_of(scene, 2, Clock())
    model.error = None
    assert depth.depth_of(scene, 2, Clock()).depth_m.any()
    assert depth.problem == ""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities per thread")
def test_only_the_model_thread_has_low_priority() -> None:
    before = os.nice(0)
    priorities: list[int] = []

    def load() -> Slow:
        priorities.append(os.nice(0))
        return Slow()

    MonocularDepth(load).release()
    assert priorities == [19]
    assert os.nice(0) == before


def test_a_model_that_cannot_be_loaded_leaves_no_thread() -> None:
    def load() -> Slow:
        raise gg.GroundglassError("m.onnx: no such file")

    with pytest.raises(gg.GroundglassError, match="no such file"):
        MonocularDepth(load)
    assert until(lambda: threads() == [])


def test_after_a_reset_no_map_of_the_former_source_is_used(scene: Planes, slow: tuple[Slow, MonocularDepth]) -> None:
    model, depth = slow
    clock = Clock()
    depth.queue_copy(scene, "former")
    scene.device.finish()
    depth.submit_copy()
    depth.reset()
    model.may_answer.set()
    assert until(lambda: depth.has_result)
    assert depth.follow(picture(), clock).depth_m is None
    assert depth.depth_of(scene, "another", clock).depth_m[0, 0] == 3.0  # the model's second answer
    depth.reset()
    assert depth.follow(picture(), clock).depth_m is None
