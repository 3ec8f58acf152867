"""Frames of other programs: on standard input, in FIFOs, and in files with many frames."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import numpy as np
import pytest
from groundglass.capture import Source, Timing, open_source
from groundglass.capture.live.pipes.ring import BUFFERS, BufferRing
from groundglass.errors import SourceError
from groundglass.packing import Packing, pack, unpack
from pipe_support import WAIT_S, number_of, numbered_rows, writer

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
RAW = {"raw_format": "rggb10-mipi", "raw_size": "64x48", "raw_stride": 96}


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "frames"
    os.mkfifo(path)
    return path


def raw_frames(first: int, count: int) -> Iterator[bytes]:
    return (numbered_rows(number, 48, 96).tobytes() for number in range(first, first + count))


def numbers(source: Source, count: int) -> list[int]:
    found: list[int] = []
    for frame in source:
        found.append(number_of(frame.pixels))
        frame.release()
        if len(found) == count:
            break
    return found


def test_1000_frames_of_a_fifo_arrive_whole_and_in_order(fifo: Path) -> None:
    with open_source(fifo, **RAW) as source, writer(fifo, raw_frames(0, 1000)):
        assert (source.timing, source.size, source.frames) == (Timing.LIVE, (64, 48), None)
        assert numbers(source, 1001) == list(range(1000))


def test_a_frame_leases_its_buffer_until_it_is_released(fifo: Path) -> None:
    with open_source(fifo, **RAW) as source, writer(fifo, raw_frames(0, 9)):
        kept = [frame for frame, _ in zip(source, range(9), strict=False)]
    assert [number_of(frame.pixels) for frame in kept] == list(range(9))
    assert all(frame.packing is Packing.RAW10 and frame.lease is not None for frame in kept)


def test_a_ring_uses_few_buffers_and_never_waits() -> None:
    ring = BufferRing(16)
    for _ in range(100):
        ring.lease(ring.take()).release()
    assert ring.allocated == BUFFERS
    leases = [ring.lease(ring.take()) for _ in range(BUFFERS + 2)]
    assert ring.allocated == BUFFERS + 2
    for lease in leases:
        lease.release()
    assert len(ring._free) == BUFFERS


def test_a_torn_frame_is_dropped_and_reported(fifo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_source(fifo, **RAW) as source, writer(fifo, [*raw_frames(0, 2), bytes(100)]):
        assert numbers(source, 3) == [0, 1]
    assert "frames: ended 100 bytes into frame 3, which is dropped" in capsys.readouterr().err


def until(condition: Callable[[], bool]) -> None:
    until_s = time.perf_counter() + WAIT_S
    while not condition() and time.perf_counter() < until_s:
        time.sleep(0.005)
    assert condition()


def test_the_next_writer_continues_with_a_whole_frame(fifo: Path) -> None:
    with open_source(fifo, tolerant=True, **RAW) as source:
        found: list[tuple[int, int]] = []

        def read() -> None:
            for frame in source:
                found.append((frame.index, number_of(frame.pixels)))
                frame.release()

        reader = threading.Thread(target=read)
        reader.start()
        for first in range(0, 50, 10):
            with writer(fifo, [*raw_frames(first, 3), bytes(1000)]):
                pass
            until(lambda count=3 * (first // 10 + 1): len(found) == count)
            until(lambda: source.status == f"{fifo}: the writer has closed it; waiting for the next")
        source.interrupt()
        reader.join(WAIT_S)
    assert found == list(enumerate(first + number for first in range(0, 50, 10) for number in range(3)))


def test_another_fifo_in_the_place_is_opened(fifo: Path) -> None:
    with open_source(fifo, tolerant=True, **RAW) as source:
        found: list[int] = []
        reader = threading.Thread(target=lambda: found.extend(numbers(source, 1)))
        reader.start()
        fifo.unlink()
        os.mkfifo(fifo)
        with writer(fifo, raw_frames(7, 1)):
            reader.join(WAIT_S)
    assert found == [7]


@pytest.mark.parametrize("ended_by", ["interrupt", "close"])
def test_a_blocked_read_ends_at_once(fifo: Path, ended_by: str) -> None:
    source = open_source(fifo, tolerant=True, **RAW)
    reader = threading.Thread(target=list, args=(source,))
    reader.start()
    time.sleep(0.05)
    getattr(source, ended_by)()
    reader.join(WAIT_S)
    assert not reader.is_alive()
    source.close()
    source.close()
    source.interrupt()


@pytest.mark.parametrize("packing", [packing for packing in Packing if packing is not Packing.U16_ROWS])
def test_every_packing_with_header_padding_and_trailer(fifo: Path, packing: Packing) -> None:
    bits = packing.bits
    suffixes = (("RAW", "-mipi"), ("P", "p"), ("GEV", "packed"), ("U16_SWAPPED", "be"), ("", ""))
    suffix = next(suffix for start, suffix in suffixes if packing.name.startswith(start))
    values = np.random.default_rng(bits).integers(0, 1 << bits, (3, 6, 13), dtype=np.uint16)
    row_bytes = packing.row_bytes(13)
    parts = []
    for mosaic in values:
        rows = np.full((6, row_bytes + 6), 255, np.uint8)
        rows[:, :row_bytes] = pack(mosaic, packing).view(np.uint8).reshape(6, -1)
        parts.append(b"HEADER!" + rows.tobytes() + b"end")
    options = {"raw_header": 7, "raw_trailer": 3, "raw_stride": row_bytes + 6}
    with (
        open_source(fifo, raw_format=f"gbrg{bits}{suffix}", raw_size="13x6", **options) as source,
        writer(fifo, parts),
    ):
        for mosaic, frame in zip(values, source, strict=True):
            assert (frame.size, frame.cfa.pattern, frame.profile.white) == ((13, 6), "GBRG", (1 << bits) - 1)
            np.testing.assert_array_equal(unpack(frame.pixels, frame.packing, 13), mosaic)


def test_values_above_the_bits_are_an_error_in_a_live_view_too(fifo: Path) -> None:
    words = np.full((4, 4), 1023, "<u2").tobytes()
    with (
        open_source(fifo, raw_format="rggb8le", raw_size="4x4", tolerant=True) as source,
        writer(fifo, [words]),
        pytest.raises(SourceError, match="holds the value 1023, more than 8 bits"),
    ):
        next(iter(source))


def test_a_file_of_many_frames_is_a_sequence(tmp_path: Path) -> None:
    path = tmp_path / "frames.raw"
    path.write_bytes(b"".join(raw_frames(0, 5)))
    with open_source(path, fps=50, **RAW) as source:
        assert (source.timing, source.fps, source.frames) == (Timing.PACED, 50, 5)
        for _ in range(2):
            assert numbers(source, 6) == list(range(5))
    with open_source(path, loop=True, **RAW) as source:
        assert numbers(source, 12) == [*range(5), *range(5), 0, 1]
    with open_source(path, **RAW) as source:
        assert [frame.time_s for frame in source] == pytest.approx([index / 24 for index in range(5)])


def test_a_file_with_a_part_of_a_frame_names_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "frames.raw"
    path.write_bytes(bytes(48 * 90))
    with pytest.raises(
        SourceError, match=r"4320 bytes is not 64x48 rggb10-mipi \(3840 bytes\); try --raw-stride 90 or "
    ):
        open_source(path, raw_format="rggb10-mipi", raw_size="64x48")
    path.write_bytes(bytes(48 * 96 * 3 + 100))
    with pytest.raises(SourceError, match=r"or several of them; .* Cut off"):
        open_source(path, **RAW)


@pytest.mark.parametrize(
    ("option", "message"), [("raw_stride", "below the 80 bytes of 64 rggb10-mipi samples"), ("raw_header", "0 or more")]
)
def test_impossible_bytes_are_refused(fifo: Path, option: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_source(fifo, **(RAW | {option: -1 if option == "raw_header" else 79}))


@pytest.fixture
def standard_input(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """A function that makes a descriptor the standard input."""
    opened: list[TextIO] = []

    def use(descriptor: int) -> None:
        opened.append(os.fdopen(descriptor, "r"))
        monkeypatch.setattr(sys, "stdin", opened[-1])

    yield use
    for file in opened:
        file.close()


def open_input() -> Source:
    return open_source("-", raw_format="mono8", raw_size="4x4", tolerant=True)


def written(content: bytes) -> int:
    """The reading end of a pipe that holds `content` and has no writer."""
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    return reading


CUT = bytes([1] * 16 + [2] * 16 + [3] * 5)


def test_standard_input_ends_with_its_writer(
    standard_input: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    standard_input(written(CUT))
    with open_input() as source:
        assert (source.name, source.timing) == ("standard input", Timing.LIVE)
        assert [int(frame.pixels[0, 0]) for frame in source] == [1, 2]
    assert "standard input: ended 5 bytes into frame 3, which is dropped" in capsys.readouterr().err


def test_a_file_on_standard_input_is_a_sequence(
    tmp_path: Path, standard_input: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cut.raw").write_bytes(CUT)
    standard_input(os.open(tmp_path / "cut.raw", os.O_RDONLY))
    with open_input() as source:
        assert (source.timing, source.frames) == (Timing.PACED, 2)
        assert [int(frame.pixels[0, 0]) for frame in source] == [1, 2]
    assert "standard input: ends 5 bytes into frame 3, which is dropped" in capsys.readouterr().err


def test_standard_input_without_a_whole_frame_is_an_error(standard_input: Callable[[int], None]) -> None:
    standard_input(written(b"12345"))
    with open_input() as source, pytest.raises(SourceError, match="ended after 5 bytes, before its first frame"):
        list(source)


def test_a_terminal_is_refused(standard_input: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, other_end = os.openpty()
    standard_input(other_end)
    with pytest.raises(SourceError, match=r"standard input is a terminal; pipe frames into it: rpicam-raw -o - \|"):
        open_input()
    os.close(terminal)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SourceError, match="standard input is closed"):
        open_input()
