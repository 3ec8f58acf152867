"""Frames of a machine-vision camera: the camera's clock, lost images and silence, which emulations do not have."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from groundglass.capture.kinds import Request
from groundglass.capture.live.vision import machine_vision
from groundglass.capture.live.vision.machine_vision import BlockNumbers, Grab, VisionSource
from groundglass.capture.live.vision.options import VisionOptions
from groundglass.errors import SourceError

pytest.importorskip("genicam.genapi", reason="genicam is not installed")
from genapi_support import choice, features_of, number

TICKS_PER_S = 125e6


class Replayed:
    """A camera that delivers images with these block numbers; None is an incomplete image, "" silence."""

    ticks_per_s = TICKS_PER_S

    def __init__(self, blocks: list[int | str | None]) -> None:
        self.features = features_of(
            choice("PixelFormat", 0, "BayerRG8"),
            number("Integer", "Width", 8, 8, 8),
            number("Integer", "Height", 4, 4, 4),
        )
        self.failed = 0
        self.given_back = 0
        self.is_closed = False
        self._blocks: Iterator[int | str | None] = iter(blocks)

    def start(self) -> None:
        """Nothing to start."""

    def grab(self, timeout_s: float) -> Grab | None:
        block = next(self._blocks, "end")
        if block == "end":
            raise SourceError("unplugged")
        if not isinstance(block, int):
            self.failed += block is None
            time.sleep(0.001)
            return None
        ticks = round((time.perf_counter() + 1000) * TICKS_PER_S)
        return Grab(np.zeros(32, np.uint8), (8, 4), 0, block, ticks, self._give_back)

    def close(self) -> None:
        self.is_closed = True

    def _give_back(self) -> None:
        self.given_back += 1


def replay(*blocks: int | str | None) -> tuple[VisionSource, Replayed]:
    camera = Replayed(list(blocks))
    return VisionSource("pylon:0", VisionOptions("0"), lambda: camera), camera


def test_lost_and_incomplete_images_are_counted_and_numbered() -> None:
    source, camera = replay(5, 6, 9, None, 11, 12)
    with source:
        indices = []
        for frame in source:
            indices.append(frame.index)
            frame.release()
            if len(indices) == 5:
                break
        assert indices == [0, 1, 4, 6, 7]
        assert (source.dropped, source.failed) == (2, 1)
        assert camera.given_back == 5
    assert camera.is_closed


def test_the_time_of_a_frame_is_that_of_the_cameras_clock() -> None:
    source, _ = replay(1, 2, 3)
    with source:
        frames = iter(source)
        for _ in range(3):
            frame = next(frames)
            assert frame.captured_s is not None
            assert frame.arrived_s - 0.5 < frame.captured_s <= frame.arrived_s
            assert frame.time_s >= 0
            frame.release()


def test_silence_has_a_reason_until_the_next_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_vision, "SILENT_S", 0.0)
    source, camera = replay(1, "", 2, None, "", 3)
    with source:
        frames = iter(source)
        seen: list[str] = []
        give = camera.grab
        monkeypatch.setattr(camera, "grab", lambda timeout_s: (seen.append(source.status), give(timeout_s))[1])
        for _ in range(3):
            next(frames).release()
            assert source.status == ""
    assert any("no frame for 0 s; check its cable and exposure" in status for status in seen)
    assert any("only incomplete ones, choose a lower fps or size" in status for status in seen)


def test_a_slow_camera_is_not_silent_between_its_frames() -> None:
    source, _ = replay(1)
    with source:
        source.fps = 0.1
        source._note_silence(15.0, only_incomplete=False)
        assert source.status == ""
        source._note_silence(21.0, only_incomplete=False)
        assert "no frame for 21 s" in source.status


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([0, 1, 2], [(0, 0), (1, 0), (2, 0)]),
        ([7, 10], [(0, 0), (3, 2)]),
        ([65534, 65535, 1, 3], [(0, 0), (1, 0), (2, 0), (4, 1)]),  # 16 bits without 0
        ([0, 0, 0], [(0, 0), (1, 0), (2, 0)]),  # a camera without numbers
        ([500_000, 500_001, 4], [(0, 0), (1, 0), (2, 0)]),  # it began again
    ],
)
def test_block_numbers(blocks: list[int], expected: list[tuple[int, int]]) -> None:
    numbers = BlockNumbers()
    assert [numbers.count(block, 0) for block in blocks] == expected


def test_the_rate_of_the_command_line_is_a_default() -> None:
    assert VisionOptions.parse("pylon:0", Request(fps=30.0)).fps == 30
    assert VisionOptions.parse("pylon:0?fps=60", Request(fps=30.0)).fps == 60
    assert VisionOptions.parse("pylon:0?exposure=1/250", Request()).exposure_us == pytest.approx(4000)
    assert VisionOptions.parse("pylon:0?exposure=0.5s", Request()).exposure_us == pytest.approx(500_000)
