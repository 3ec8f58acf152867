"""Network streams from real servers on loopback: pictures, faults and their lines, the return of a server."""

from __future__ import annotations

import base64
import io
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pytest
from groundglass.capture import Timing, open_source
from groundglass.capture.latest import LatestFrameQueue
from groundglass.capture.live import retry
from groundglass.capture.live.network import address, hardware, packets, stream
from groundglass.capture.live.network.address import parse_address
from groundglass.capture.live.network.hardware import Hardware, hardware_decoder
from groundglass.capture.live.network.packets import PacketReader
from groundglass.capture.live.network.sender_clock import MAX_DELAY_S, SenderClock, epoch_of
from groundglass.capture.live.network.stream import StreamSource
from groundglass.errors import GroundglassError, SourceError
from groundglass.frame import Frame
from live_source_support import WAIT_S
from PIL import Image
from stream_support import HEADER, SIZE, HttpServer, counted, mjpeg, mpegts, no_new_threads, number_in, picture

pytest.importorskip("av")

TS = "video/mp2t"


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(retry, "MIN_WAIT_S", 0.02)
    monkeypatch.setattr(address, "STALL_S", 1.0)
    with no_new_threads():
        yield


def frames_of(source: StreamSource, count: int) -> list[Frame]:
    return list(islice(source, count))


def test_mjpeg_over_http() -> None:
    with HttpServer(lambda: mjpeg(counted())) as server, open_source(server.address()) as source:
        assert (source.timing, source.size, source.frames) == (Timing.LIVE, SIZE, None)
        frames = frames_of(source, 4)
    numbers = [number_in(frame) for frame in frames]
    assert numbers == sorted(set(numbers))
    assert [frame.captured_s for frame in frames] == [None] * 4  # JPEG has no time stamps


def test_mpegts_over_http_has_times_and_capture_times() -> None:
    with HttpServer(lambda: mpegts(counted(fps=25)), TS) as server, open_source(server.address()) as source:
        assert (source.size, source.fps) == (SIZE, 25.0)
        for frame in frames_of(source, 6):
            assert frame.captured_s is not None
            assert frame.captured_s <= time.perf_counter()
            assert frame.time_s == pytest.approx((number_in(frame) - 1) / 25)


def test_mpegts_over_udp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    stop = threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for chunk in mpegts(counted(), gop=2):
                if stop.is_set():
                    return
                for begin in range(0, len(chunk), 1316):
                    sender.sendto(chunk[begin : begin + 1316], ("127.0.0.1", port))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        with open_source(f"udp://127.0.0.1:{port}") as source:
            numbers = [number_in(frame) for frame in frames_of(source, 5)]
    finally:
        stop.set()
        thread.join()
    assert numbers == sorted(set(numbers))


def test_the_user_of_an_address_is_sent_and_never_shown() -> None:
    authorization = "Basic " + base64.b64encode(b"me:p@w").decode()
    with HttpServer(lambda: mjpeg(counted()), authorization=authorization) as server:
        with open_source(server.address(user="me:p%40w@")) as source:
            assert source.name == server.address()
            assert frames_of(source, 1)[0].name == server.address()
        message = refused(server.address(user="me:wrong@"))
    assert "needs another user or password" in message
    assert "wrong" not in message


def refused(address: str) -> str:
    """The error's line."""
    with pytest.raises(GroundglassError) as error:
        open_source(address)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ({"answer": lambda: iter(()), "status": 404}, "has no such stream; check the path"),
        ({"answer": lambda: iter(()), "status": 403}, "does not permit this user"),
        ({"answer": lambda: iter([b"<html></html>" * 200]), "header": "text/html"}, "sends no video that FFmpeg reads"),
        (
            {"answer": lambda: mpegts(counted(), audio=True), "header": TS},
            "has no video that can be decoded",
        ),
    ],
    ids=["no such path", "forbidden", "a page", "only sound"],
)
def test_what_is_not_a_video_is_refused_with_a_reason(server: dict[str, object], words: str) -> None:
    with HttpServer(**server) as running:  # type: ignore[arg-type]
        assert words in refused(running.address())


def test_no_server_and_no_host_have_different_lines() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert "refuses the connection" in refused(f"http://127.0.0.1:{unused.getsockname()[1]}/video")
    assert "the host 'no.host.invalid' is not known" in refused("http://no.host.invalid/video")


def test_a_host_that_does_not_answer_is_a_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "OPEN_S", 0.2)
    with HttpServer(lambda: iter(()), hangs=True) as server:
        assert "no answer" in refused(server.address())


def test_the_picture_returns_when_the_server_returns() -> None:
    server = HttpServer(lambda: mpegts(counted()), TS)
    with open_source(server.address()) as source, LatestFrameQueue(source) as queue:
        index = -1
        for reconnects in range(3):
            frame = queue.latest(WAIT_S)
            assert frame is not None
            assert frame.index > index
            index, port = frame.index, server.port
            server.stop()
            assert wait_for_status(source)
            drain(queue)
            server = HttpServer(lambda: mpegts(counted()), TS, port=port)
            assert queue.latest(WAIT_S) is not None
            assert (source.status, source.reconnects) == ("", reconnects + 1)
        server.stop()


def drain(queue: LatestFrameQueue) -> None:
    while queue.latest(0.0) is not None:
        pass


def wait_for_status(source: StreamSource) -> str:
    until_s = time.perf_counter() + WAIT_S
    while not source.status and time.perf_counter() < until_s:
        time.sleep(0.005)
    return source.status


def test_a_stream_that_stops_sending_is_opened_again() -> None:
    with (
        HttpServer(lambda: mpegts(counted(count=5)), TS, hangs=True) as server,
        open_source(server.address()) as source,
        LatestFrameQueue(source) as queue,
    ):
        assert queue.latest(WAIT_S) is not None
        assert wait_for_status(source) == f"{server.address()}: sends nothing; check the camera and the network"
        drain(queue)
        assert queue.latest(WAIT_S) is not None
        assert len(server.clients) >= 2


def test_a_silent_stream_is_reported_before_it_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "STALL_S", 10 * WAIT_S)
    monkeypatch.setattr(packets, "NOTICE_S", 0.1)
    silent, speaks = threading.Event(), threading.Event()

    def pictures() -> Iterator[np.ndarray]:
        for each in counted():
            if silent.is_set():
                speaks.wait()
            yield each

    with (
        HttpServer(lambda: mpegts(pictures()), TS) as server,
        open_source(server.address()) as source,
        LatestFrameQueue(source) as queue,
    ):
        assert queue.latest(WAIT_S) is not None
        silent.set()
        assert wait_for_status(source) == f"{server.address()}: sends nothing; check the camera and the network"
        drain(queue)
        speaks.set()
        assert queue.latest(WAIT_S) is not None
        assert (source.status, source.reconnects, len(server.clients)) == ("", 0, 1)


def test_slow_pictures_are_not_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "NOTICE_S", 0.0)
    with HttpServer(lambda: mjpeg(counted(fps=5)), HEADER) as server:
        reader = PacketReader(parse_address(server.address()))
        while reader.video() is not None and reader.notice_s < 0.3:  # twice the pause, in the end
            assert reader.take() is not None
        reader.close()


def test_the_size_may_change_in_the_middle() -> None:
    large = (128, 96)

    def answer() -> Iterator[bytes]:
        return chain(mjpeg(counted(count=5)), mjpeg(counted(large)))

    with HttpServer(answer) as server, open_source(server.address()) as source:
        sizes = []
        for frame in source:
            if frame.size not in sizes:
                sizes.append(frame.size)
            if frame.size == large:
                break
    assert sizes == [SIZE, large]


def test_pictures_that_cannot_be_decoded_are_skipped_and_many_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_BAD_PACKETS", 5)

    def slowly(parts: list[bytes]) -> Iterator[bytes]:
        for part in parts:
            time.sleep(0.02)
            yield part

    def answer() -> Iterator[bytes]:
        bad = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 40\r\n\r\n" + b"\xff\xd8" + bytes(38) + b"\r\n"
        return chain(mjpeg(counted(count=5)), slowly([bad] * 3), mjpeg(counted(count=5)), slowly([bad] * 20))

    with HttpServer(answer, hangs=True) as server, open_source(server.address()) as source:
        assert len(frames_of(source, 8)) == 8
        with LatestFrameQueue(source):
            assert "cannot be decoded" in wait_for_status(source)
            assert not source._uses_hardware


def test_another_codec_after_the_return() -> None:
    answers = iter([mjpeg(counted(count=5)), mpegts(counted())])
    with (
        HttpServer(lambda: next(answers), "application/octet-stream") as server,
        open_source(server.address()) as source,
    ):
        assert len(frames_of(source, 8)) == 8
        assert source.reconnects == 1


@pytest.mark.parametrize("end", [StreamSource.interrupt, StreamSource.close])
def test_a_read_without_data_is_interrupted_at_once(end: object) -> None:
    with HttpServer(lambda: mpegts(counted(count=5)), TS, hangs=True) as server:
        source = open_source(server.address())
        queue = LatestFrameQueue(source)
        queue.start()
        while queue.latest(0.3) is not None:
            pass
        began_s = time.perf_counter()
        end(source)  # type: ignore[operator]
        assert queue.latest(WAIT_S) is None
        assert queue.ended
        assert time.perf_counter() - began_s < address.STALL_S / 2
        queue.close()
        source.close()


def test_opening_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "MIN_WAIT_S", 0.0)
    answers = chain([mpegts(counted(count=5))], iter(lambda: iter(()), None))
    with HttpServer(lambda: next(answers), TS, hangs=True) as server, open_source(server.address()) as source:
        thread = threading.Thread(target=lambda: list(source))
        thread.start()
        while len(server.clients) < 2:  # it opens the stream again
            time.sleep(0.01)
        began_s = time.perf_counter()
        source.interrupt()
        thread.join(WAIT_S)
        assert time.perf_counter() - began_s < address.STALL_S / 2


def test_a_slow_decoder_drops_packets_before_a_key_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "STALL_S", 10 * WAIT_S)  # a loaded machine is not a silent server
    answer = partial(mpegts, counted(fps=200, count=200), gop=10)
    with HttpServer(answer, TS, hangs=True) as server, open_source(server.address()) as source:
        while source._reader.waiting < 50:  # type: ignore[union-attr]
            time.sleep(0.01)
        frames = []
        for frame in source:
            frames.append(number_in(frame))
            if frames[-1] >= 80:
                break
    assert frames[0] >= 50
    assert frames == sorted(frames)


def test_a_slow_decoder_without_key_frames_skips_conversions_not_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "STALL_S", 10 * WAIT_S)
    monkeypatch.setattr(stream, "BEHIND_S", WAIT_S)  # more than a loaded machine needs for all pictures
    answer = partial(mpegts, counted(fps=200, count=200), gop=1000)
    with HttpServer(answer, TS, hangs=True) as server, open_source(server.address()) as source:
        while source._reader.waiting < 50:  # type: ignore[union-attr]
            time.sleep(0.01)
        numbers = []
        for frame in source:
            numbers.append(number_in(frame))
            if numbers[-1] >= 80:
                break
    assert numbers[1] > numbers[0] + 20
    assert numbers == sorted(numbers)


def test_a_reader_without_a_taker_keeps_a_limited_number_of_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "STALL_S", 10 * WAIT_S)
    monkeypatch.setattr(packets, "MAX_PACKETS", 8)
    with HttpServer(lambda: mpegts(counted(fps=200, count=40)), TS, hangs=True) as server:
        reader = PacketReader(parse_address(server.address()))
        while reader.dropped < 16:
            time.sleep(0.01)
            assert reader.waiting <= 8
        reader.close()


def test_the_hardware_decoder_has_a_name_or_a_reason() -> None:
    assert hardware_decoder().reason


def test_an_sdp_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no\.sdp: "):
        open_source(tmp_path / "no.sdp")


@pytest.mark.parametrize("kind", ["cuda", "vaapi", "drm"])
def test_a_hardware_decoder_that_fails_gives_way_to_software(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if hardware_decoder().hwaccel is not None:
        pytest.skip("this machine has a hardware decoder")
    from av.codec.hwaccel import HWAccel

    monkeypatch.setattr(stream, "hardware_decoder", lambda: Hardware(HWAccel(kind), kind))
    with HttpServer(lambda: mpegts(counted()), "video/mp2t") as server, open_source(server.address()) as source:
        numbers = [number_in(frame) for frame in frames_of(source, 3)]
    assert numbers == sorted(set(numbers))
    assert (source.status, source.reconnects) == ("", 0)


def test_each_hardware_without_a_device_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    if hardware_decoder().hwaccel is not None:
        pytest.skip("this machine has a hardware decoder")
    monkeypatch.setattr("av.codec.hwaccel.hwdevices_available", lambda: ["vaapi", "cuda"])
    found = hardware.hardware_decoder.__wrapped__()
    assert found.hwaccel is None
    assert found.reason.startswith("cuda: ")  # this PyAV has no H.264 with vaapi


def test_a_snapshot_is_fetched_again_and_again() -> None:
    numbers = iter(range(1, 1000))

    def snapshot() -> Iterator[bytes]:
        jpeg = io.BytesIO()
        Image.fromarray(picture(next(numbers))).save(jpeg, "JPEG", quality=95)
        yield jpeg.getvalue()

    with HttpServer(snapshot, "image/jpeg") as server, open_source(server.address("snapshot.jpg")) as source:
        frames = frames_of(source, 4)
        assert [frame.index for frame in frames] == [0, 1, 2, 3]
        seen = [number_in(frame) for frame in frames]
        assert seen == sorted(set(seen))
        assert frames[-1].time_s - frames[0].time_s > 0.1  # ten times a second, at most
        assert (source.status, source.reconnects) == ("", 0)
        server.stop()
        with LatestFrameQueue(source):
            assert "refuses the connection" in wait_for_status(source)


def test_the_clock_of_the_sender_counts_if_it_agrees() -> None:
    now_s = time.perf_counter()
    assert epoch_of(round(time.time() * 1e6)) == pytest.approx(now_s, abs=0.1)
    for delay_s, agrees in ((0.05, True), (-0.5, False), (MAX_DELAY_S + 0.5, False)):
        clock = SenderClock(0.001)
        assert clock.captured_s(1000, now_s, None) == pytest.approx(now_s)
        captured_s = clock.captured_s(1100, now_s + 0.1, now_s + 0.1 - delay_s - 1.1)
        assert captured_s == pytest.approx(now_s + 0.1 - (delay_s if agrees else 0.0))
