"""Tiny ONNX models that return the picture's brightness as distance, and a model that a test can block."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from groundglass.depth.maps import DepthMap
from groundglass.depth.onnx_model import DEVIATION, MEAN
from groundglass.errors import SourceError
from onnx import TensorProto, helper, numpy_helper, save

ANY_SIZE = (None, None)


def write_model(
    path: Path,
    size: tuple[int | None, int | None] = (28, 14),
    *,
    layout: str = "NCHW",
    result: str = "NHW",
    channels: int | None = 3,
    gain: float = 1.0,
    kind: int = TensorProto.FLOAT,
) -> Path:
    """Writes a model for pictures of `size`, (width, height), that returns `gain` times the mean of RGB, 0 to 1.

    `result` is the shape of its output: "HW", "NHW", "N1HW" or "NHW1".
    """
    width, height = ("width" if size[0] is None else size[0], "height" if size[1] is None else size[1])
    colours: Any = "colours" if channels is None else channels
    shape = [1, colours, height, width] if layout == "NCHW" else [1, height, width, colours]
    axis = 1 if layout == "NCHW" else 3
    along = (1, 3, 1, 1) if layout == "NCHW" else (1, 1, 1, 3)
    numbers = helper.tensor_dtype_to_np_dtype(kind)
    constants = {
        "deviation": (gain * DEVIATION).reshape(along).astype(numbers),
        "mean": (gain * MEAN).reshape(along).astype(numbers),
    }
    kept = {"HW": [0], "NHW": None, "N1HW": [1], "NHW1": [3]}[result]
    nodes = [
        helper.make_node("Mul", ["picture", "deviation"], ["scaled"]),
        helper.make_node("Add", ["scaled", "mean"], ["encoded"]),
        helper.make_node("ReduceMean", ["encoded"], ["grey"], axes=[axis], keepdims=0),
    ]
    if kept is None:
        nodes.append(helper.make_node("Identity", ["grey"], ["depth"]))
    else:
        constants["axes"] = np.array(kept, np.int64)
        nodes.append(helper.make_node("Squeeze" if result == "HW" else "Unsqueeze", ["grey", "axes"], ["depth"]))
    ranks = {"HW": 2, "NHW": 3, "N1HW": 4, "NHW1": 4}
    return write_graph(
        path,
        nodes,
        [helper.make_tensor_value_info("picture", kind, shape)],
        [helper.make_tensor_value_info("depth", kind, [None] * ranks[result])],
        constants,
    )


def write_unsteady_model(path: Path, *, change: float = 0.2, noise: float = 0.02) -> Path:
    """Writes a model of any size whose maps, the mean of RGB, have a random scale and offset, and noise, each time."""
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, "height", "width"])
    depth = helper.make_tensor_value_info("depth", TensorProto.FLOAT, [None] * 3)
    nodes = [
        helper.make_node("Mul", ["picture", "deviation"], ["scaled"]),
        helper.make_node("Add", ["scaled", "mean"], ["encoded"]),
        helper.make_node("ReduceMean", ["encoded"], ["grey"], axes=[1], keepdims=0),
        helper.make_node("RandomUniform", [], ["scale"], shape=[1], low=1 - change, high=1 + change),
        helper.make_node("RandomUniform", [], ["offset"], shape=[1], low=-change / 2, high=change / 2),
        helper.make_node("RandomNormalLike", ["grey"], ["noise"], scale=noise),
        helper.make_node("Mul", ["grey", "scale"], ["rescaled"]),
        helper.make_node("Add", ["rescaled", "offset"], ["moved"]),
        helper.make_node("Add", ["moved", "noise"], ["depth"]),
    ]
    constants = {name: array[None].astype(np.float32) for name, array in (("deviation", DEVIATION), ("mean", MEAN))}
    return write_graph(path, nodes, [picture], [depth], constants)


def write_slow_model(path: Path, steps: int, constant: np.ndarray | None = None) -> Path:
    """Writes a model of any size that returns the mean of RGB after `steps` matrix products, about 0.5 ms each.

    With `constant`, (H, W) float32, it returns that, for pictures of this size.
    """
    size = ("height", "width") if constant is None else constant.shape
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, *size])
    depth = helper.make_tensor_value_info("depth", TensorProto.FLOAT, [None] * 3)
    square = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [256, 256]) for name in ("before", "after")]
    flags = [helper.make_tensor_value_info(name, TensorProto.BOOL, []) for name in ("goes", "went")]
    body = helper.make_graph(
        [helper.make_node("MatMul", ["before", "unit"], ["after"]), helper.make_node("Identity", ["goes"], ["went"])],
        "step",
        [helper.make_tensor_value_info("at", TensorProto.INT64, []), flags[0], square[0]],
        [flags[1], square[1]],
    )
    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["grey"], axes=[1], keepdims=0),
        helper.make_node("ReduceMean", ["grey"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["unit", "mean"], ["first"]),
        helper.make_node("Loop", ["steps", "always", "first"], ["last"], body=body),
        helper.make_node("ReduceMean", ["last"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        helper.make_node("Add", ["grey" if constant is None else "constant", "nothing"], ["depth"]),
    ]
    constants = {
        **({} if constant is None else {"constant": constant[None]}),
        "unit": np.eye(256, dtype=np.float32),
        "steps": np.array(steps, np.int64),
        "always": np.array(True),
        "zero": np.array(0, np.float32),
    }
    return write_graph(path, nodes, [picture], [depth], constants)


def write_graph(
    path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: dict[str, np.ndarray] | None = None
) -> Path:
    initializers = [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initializers)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


class Slow:
    """A model that waits for `may_answer` and records its input pictures in `shown`."""

    def __init__(self, size: tuple[int, int] = (14, 7)) -> None:
        self.size = size
        self.may_answer = threading.Event()
        self.requests = threading.Semaphore(0)
        self.shown: list[np.ndarray] = []
        self.error: Exception | None = None
        self.is_stopped = False

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        return self.size

    def stop(self) -> None:
        self.is_stopped = True
        self.may_answer.set()

    def depth_of(self, picture: np.ndarray) -> DepthMap:
        self.shown.append(picture)
        self.requests.release()
        assert self.may_answer.wait(20)
        if self.is_stopped:
            raise SourceError("slow.onnx: stopped")
        if self.error is not None:
            raise self.error
        return DepthMap(np.full((7, 14), 1.0 + len(self.shown), np.float32), 0.01)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("groundglass-depth")]


def until(reached: Callable[[], bool]) -> bool:
    """Whether `reached()` becomes true within 20 s."""
    pause = threading.Event()
    return any(reached() or pause.wait(0.005) for _ in range(4000))
