"""Monocular depth by a network in an ONNX file, run by onnxruntime."""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtraError, SourceError, cause, check_name
from .maps import SENSOR_NOISE, DepthMap, relative_noise, whole_depth
from .monocular import MonocularDepth
from .relative import PORTRAIT_M, DepthRange

# Depth Anything, MiDaS and similar models expect pictures normalised by ImageNet's mean and standard deviation.
MEAN, DEVIATION = (
    np.array(three, np.float32)[:, None, None] for three in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
)
PATCH = 14  # pixels: patch size of vision transformers
LONGER_SIDE = 37 * PATCH  # for models with a variable input size: 518, the training size of Depth Anything
_NUMBERS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_EXPECTED = "one float picture, (1, 3, height, width) or (1, height, width, 3)"


class MonocularModel:
    """The model in `spec`: `model.onnx` returns a relative map, `model.onnx?metric` returns metres.

    Input: a picture, sRGB-encoded, 0 to 1, then normalised by ImageNet's mean and standard deviation, as for Depth
    Anything and MiDaS; shape (1, 3, H, W) or (1, H, W, 3). The size is the model's fixed size, otherwise 518 pixels on
    the longer side, both sides multiples of 14. Output: a map, (H, W) with optional leading ones: the output
    `predicted_depth`, otherwise the first.

    A relative map is like disparity: larger is nearer. `span` gives the distances of its brightest and darkest parts
    (default: 0.5 to 5 m). These are the percentiles 1 and 99 of the map; they are smoothed over time, so that a static
    object keeps its distance. For a metric model, `span` gives the new distances of its nearest and most distant parts.

    Raises MissingExtraError without onnxruntime, SourceError if the file is not such a model.
    """

    def __init__(self, spec: str | Path, span: DepthRange | None = None) -> None:
        self._path, self._is_metric = _parse(str(spec))
        if self._is_metric and span is not None:
            span = DepthRange(min(span.bright_m, span.dark_m), max(span.bright_m, span.dark_m))
        self._span = span if span is not None or self._is_metric else DepthRange(*PORTRAIT_M)
        self._ends = SteadyExtremes()
        self._session = _open(self._path)
        self._input, self._is_planar, self._sides, self._dtype = _input_of(self._path, self._session)
        self._output = _output_of(self._path, self._session)
        self._run_options = _run_options()

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) of the model's input for a picture of width x height."""
        sides: list[int] = []
        for fixed, side, other in zip(self._sides, (width, height), (height, width), strict=True):
            scaled = LONGER_SIDE * min(side / other, 1.0)
            sides.append(fixed or max(round(scaled / PATCH), 1) * PATCH)
        return sides[0], sides[1]

    def depth_of(self, picture: NDArray[np.float32]) -> DepthMap:
        """Distances in an upright picture (3, H, W) of the size from `size_for`, sRGB-encoded, 0 to 1.

        Raises SourceError if the model fails or returns no depth map.
        """
        normal = (picture - MEAN) / DEVIATION
        numbers = normal if self._is_planar else np.moveaxis(normal, 0, -1)
        inputs = {self._input: np.ascontiguousarray(numbers[None], self._dtype)}
        height, width = picture.shape[1:]
        try:
            output = self._session.run([self._output], inputs, self._run_options)[0]
        except Exception as error:  # onnxruntime's exceptions have no common base
            raise SourceError(
                f"{self._path}: fails on a picture of {width}x{height} ({_reason(error)}); export the model "
                "again, with a fixed size"
            ) from error
        return self._metres(_map_in(self._path, np.asarray(output)))

    def stop(self) -> None:
        """Ends `depth_of` in another thread after the current node of the network, with a SourceError."""
        self._run_options.terminate = True

    def _metres(self, samples: NDArray[np.float32]) -> DepthMap:
        if self._is_metric and self._span is not None:
            samples = np.where(samples > 0, 1 / np.where(samples > 0, samples, 1), np.nan).astype(np.float32)
        depth_m = samples
        if self._span is not None:
            known = samples[np.isfinite(samples)]
            ends = self._ends.follow(*np.percentile(known, (1, 99))) if known.size else (0.0, 1.0)
            depth_m = self._span.metres(samples, *ends)
        whole_m = whole_depth(depth_m)
        if whole_m is None:
            raise SourceError(f"{self._path}: no distance in the whole picture; check that it is a depth model")
        return DepthMap(whole_m, SENSOR_NOISE if self._span is None else relative_noise(whole_m))


def open_model(spec: str | Path | None, depth_range: str | tuple[float, float] | None) -> MonocularDepth | None:
    """Starts to load the model in `spec` for a live loop; None without one. Raises SourceError for a range alone."""
    if spec is None:
        if depth_range is not None:
            raise SourceError("depth_range requires depth_model; name a model, or give the range to the source")
        return None
    span = None if depth_range is None else DepthRange.parse(depth_range)
    return MonocularDepth(partial(MonocularModel, spec, span))


class SteadyExtremes:
    """Temporal smoothing of a relative map's ends: they move a fraction of the way with each map, and jump at a cut."""

    FOLLOWS = 0.1
    LEAP = 0.5  # an end that moves by more of the range belongs to another scene

    def __init__(self) -> None:
        self._ends: tuple[float, float] | None = None

    def follow(self, darkest: float, brightest: float) -> tuple[float, float]:
        """The smoothed ends after a map with the given ends; a uniform map changes nothing."""
        if not brightest - darkest > 1e-6 * max(abs(darkest), abs(brightest)):
            return self._ends or (float(darkest), float(darkest) + max(abs(float(darkest)), 1.0))
        now = float(darkest), float(brightest)
        if self._ends is not None:
            max_change = self.LEAP * (self._ends[1] - self._ends[0])
            if all(abs(new - old) <= max_change for new, old in zip(now, self._ends, strict=True)):
                now = (
                    self._ends[0] + self.FOLLOWS * (now[0] - self._ends[0]),
                    self._ends[1] + self.FOLLOWS * (now[1] - self._ends[1]),
                )
        self._ends = now
        return now


def _parse(spec: str) -> tuple[Path, bool]:
    """The path of the file, and whether the model returns metres."""
    check_name(spec)
    name, mark, query = (spec, "", "") if Path(spec).is_file() else spec.partition("?")
    if mark and query != "metric":
        raise SourceError(f"depth model '{spec}': unknown option '?{query}'; use ?metric for a model in metres")
    if not Path(name).is_file():
        raise SourceError(f"{name}: no such file; --depth-model requires the path of an ONNX model")
    return Path(name), bool(mark)


def _open(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError(str(path), "onnxruntime", "depth") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # fatal only: errors are raised as exceptions
    # At most half of the cores and no spinning, because the live loop needs them.
    options.intra_op_num_threads = max((os.cpu_count() or 2) // 2, 1)
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    usable = onnxruntime.get_available_providers()
    providers = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in usable]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:
        raise SourceError(
            f"{path}: onnxruntime cannot load this model ({_reason(error)}); download or export it again"
        ) from error


def _run_options() -> Any:
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.log_severity_level = 4  # fatal only, like the session's
    return options


def _input_of(path: Path, session: Any) -> tuple[str, bool, tuple[int | None, int | None], type[Any]]:
    """The input's name, whether it is planar, its (width, height) with None for a variable size, and its dtype."""
    inputs = session.get_inputs()
    shapes = " and ".join(f"{entry.name} {tuple(entry.shape)} {entry.type}" for entry in inputs) or "nothing"
    if len(inputs) == 1 and inputs[0].type in _NUMBERS and len(inputs[0].shape) == 4:
        # A variable size is a name or None instead of a number.
        batch, *rest = (side if isinstance(side, int) and side > 0 else None for side in inputs[0].shape)
        is_planar = rest[0] == 3 or (rest[0] is None and rest[2] != 3)
        channels, (height, width) = (rest[0], rest[1:]) if is_planar else (rest[2], rest[:2])
        if batch in (1, None) and channels in (3, None):
            return inputs[0].name, is_planar, (width, height), _NUMBERS[inputs[0].type]
    raise SourceError(f"{path}: the input is {shapes}, not {_EXPECTED}; use a monocular depth model")


def _output_of(path: Path, session: Any) -> str:
    """The name of the output with the map: `predicted_depth` if it exists, otherwise the first output."""
    outputs = session.get_outputs()
    depth = next((entry for entry in outputs if entry.name == "predicted_depth"), outputs[0])
    if depth.type not in _NUMBERS or len(depth.shape) in (1, 5, 6):
        raise SourceError(
            f"{path}: the output is {depth.name} {tuple(depth.shape)} {depth.type}, not a map of floats, "
            "(height, width); use a monocular depth model"
        )
    return str(depth.name)


def _map_in(path: Path, output: NDArray[Any]) -> NDArray[np.float32]:
    """(H, W) float32 from (H, W), (1, H, W), (1, 1, H, W) or (1, H, W, 1)."""
    shape = output.shape
    if len(shape) == 4 and shape[3] == 1 != shape[1]:
        shape = shape[:3]
    if not 2 <= len(shape) <= 4 or any(side != 1 for side in shape[:-2]) or 0 in shape:
        raise SourceError(f"{path}: the output has the shape {output.shape}, not (height, width); use a depth model")
    return np.asarray(output, np.float32).reshape(shape[-2:])


def _reason(error: Exception) -> str:
    """onnxruntime's message without its error code and the path."""
    plain = re.sub(r"^\[ONNXRuntimeError\] : \d+ : |Load model from .*? failed: ?", "", str(error))
    return cause(RuntimeError(plain))
