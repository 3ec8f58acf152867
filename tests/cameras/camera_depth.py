"""A depth model beside a live picture: the rate of the picture with it, and with the same map from a file."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import groundglass as gg
import numpy as np
from measured_figures import Figure, NotPossibleError
from monocular_support import write_slow_model

WIDTH, HEIGHT, FRAMES = 1920, 1080, 60
PAN_PX = 4
MODEL = 252, 140  # the size of its input
MODEL_STEPS = 400  # 0.2 s on a free core, as a small network
NEAR_M, FAR_M = 0.5, 5.0
TURNS, TURN_S, SKIPPED_S = 40, 1.0, 0.25  # the work of a turn ends in the begin of the next
MAX_LOSS = 0.1


def mosaics(pan_px: int) -> list[gg.Frame]:
    """A textured scene, which moves by `pan_px` from frame to frame, forth and back."""
    rng = np.random.default_rng(3)
    shapes = rng.integers(20, 200, (HEIGHT // 120, WIDTH // 120 + 2)).astype(np.float32)
    scene = np.kron(shapes, np.ones((120, 120), np.float32))
    scene += np.kron(rng.normal(0, 10, (HEIGHT // 40, scene.shape[1] // 40)), np.ones((40, 40)))
    samples = (scene + rng.normal(0, 2, scene.shape)).clip(0, 255).astype(np.uint16)
    profile = gg.CameraProfile(white=255.0)
    forth = [
        gg.Frame(np.ascontiguousarray(samples[:, left : left + WIDTH]), profile=profile)
        for left in range(0, pan_px * FRAMES // 2 or 1, pan_px or 1)
    ]
    return forth + forth[::-1]


def rates(folder: Path, pan_px: int) -> tuple[list[float], list[float]]:
    """Pictures a second, alternately with the map in the frame and with that of the model."""
    ramp = np.linspace(0, 1, MODEL[1], dtype=np.float32)[:, None] + np.zeros(MODEL[0], np.float32)
    model = write_slow_model(folder / "model.onnx", MODEL_STEPS, ramp)
    depth_m = np.ascontiguousarray(1 / (1 / FAR_M + (1 / NEAR_M - 1 / FAR_M) * ramp))
    settings = gg.Settings(scale=0.5)
    counted: tuple[list[float], list[float]] = ([], [])
    with gg.Engine(size=(WIDTH, HEIGHT), settings=settings, depth_model=model, depth_range=(NEAR_M, FAR_M)) as engine:
        frames = enumerate(cycle(mosaics(pan_px)))
        for turn in range(-2, TURNS):  # the first two compile
            pictures, began_s = 0, time.perf_counter()
            while (now_s := time.perf_counter()) < began_s + TURN_S:
                index, frame = next(frames)
                given = replace(frame, index=index, arrived_s=now_s, depth_m=None if turn % 2 else depth_m)
                engine.draw(given, settings)
                pictures += now_s >= began_s + SKIPPED_S
            if turn >= 0:
                counted[turn % 2].append(pictures / (time.perf_counter() - began_s - SKIPPED_S))
    return counted


def with_model() -> Iterator[Figure]:
    """Alternately with the same map in the frame, as fast as the machine draws: a still scene and a pan."""
    try:
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise NotPossibleError("onnxruntime is not installed") from error
    with tempfile.TemporaryDirectory(prefix="groundglass-depth-") as folder:
        for title, pan_px in (("still", 0), ("pan", PAN_PX)):
            without, with_it = rates(Path(folder), pan_px)
            shares = np.array(with_it) / np.array(without)
            yield Figure(
                f"--depth-model, {title}: rate of the picture against that with the same map from a file",
                f"≥ {1 - MAX_LOSS:g}",
                f"median {np.median(shares):.2f} of {len(shares)} turns ({np.median(with_it):.1f} and "
                f"{np.median(without):.1f} fps)",
                float(np.median(shares)) >= 1 - MAX_LOSS,
            )
