"""Servers of video streams on loopback: MJPEG and MPEG-TS over HTTP, MPEG-TS over UDP. A picture shows its number."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import numpy as np
from groundglass.frame import Frame
from live_source_support import WAIT_S
from PIL import Image

BITS = 8  # a picture has its number as black and white bars
SIZE = (64, 48)
HEADER = "multipart/x-mixed-replace; boundary=frame"


def picture(number: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """(H, W, 3) uint8: the bits of `number` as vertical bars."""
    width, height = size
    bits = (number >> np.arange(BITS)) & 1
    row = np.repeat(bits, width // BITS)
    return np.broadcast_to((row * 220 + 16).astype(np.uint8)[None, :, None], (height, row.size, 3)).copy()


def number_in(frame: Frame) -> int:
    """The number of a picture, from the first plane of its YUV frame."""
    width, height = frame.size
    luma = frame.pixels.reshape(-1)[: width * height].reshape(height, width)
    bars = luma[height // 2].reshape(BITS, -1).mean(1)
    return int(((bars > 128) << np.arange(BITS)).sum())


def mjpeg(pictures: Iterator[np.ndarray]) -> Iterator[bytes]:
    """The parts of a multipart answer."""
    for pixels in pictures:
        jpeg = io.BytesIO()
        Image.fromarray(pixels).save(jpeg, "jpeg", quality=90)
        length = len(jpeg.getvalue())
        yield b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % length + jpeg.getvalue() + b"\r\n"


def mpegts(
    pictures: Iterator[np.ndarray], size: tuple[int, int] = SIZE, fps: int = 25, gop: int = 10, audio: bool = False
) -> Iterator[bytes]:
    """MPEG-TS with H.264 without delay; the bytes of each picture. `audio` instead of video: silence."""
    import av

    written = io.BytesIO()
    with av.open(written, "w", format="mpegts", options={"flush_packets": "1"}) as container:
        if audio:
            stream = container.add_stream("mp2", rate=48000)
            for number in range(100):
                sound = av.AudioFrame.from_ndarray(np.zeros((1, 1152 * 2), np.int16), "s16", "stereo")
                sound.rate, sound.pts = 48000, 1152 * number
                container.mux(stream.encode(sound))
                yield taken(written)
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.options = {"tune": "zerolatency", "preset": "ultrafast", "x264-params": f"keyint={gop}:repeat-headers=1"}
        for pixels in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
            yield taken(written)


def taken(written: io.BytesIO) -> bytes:
    new = written.getvalue()
    written.seek(0)
    written.truncate()
    return new


def counted(size: tuple[int, int] = SIZE, fps: float = 50.0, count: int | None = None) -> Iterator[np.ndarray]:
    """Pictures 1, 2, ... at a rate."""
    number, due_s = 0, time.perf_counter()
    while count is None or number < count:
        number += 1
        yield picture(number % 2**BITS, size)
        due_s += 1 / fps
        time.sleep(max(due_s - time.perf_counter(), 0.0))


@contextmanager
def no_new_threads() -> Iterator[None]:
    """Waits in the end for the threads that were started: a blocked read ends by its time-out."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(WAIT_S)
        assert not thread.is_alive()


class HttpServer:
    """Serves the chunks of `answer` to each client. `status` other than 200 refuses. `stop` closes all connections.

    After the chunks the connection stays open without data if `hangs`.
    """

    def __init__(
        self,
        answer: Callable[[], Iterator[bytes]],
        header: str = HEADER,
        *,
        port: int = 0,
        status: int = 200,
        hangs: bool = False,
        authorization: str | None = None,
    ) -> None:
        self.clients: list[socket.socket] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_permitted = authorization is None or self.headers.get("Authorization") == authorization
                self.send_response(status if is_permitted else 401)
                if not is_permitted:
                    self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.send_header("Content-Type", header)
                self.end_headers()
                if status != 200 or not is_permitted:
                    return
                outer.clients.append(self.connection)
                with contextlib.suppress(OSError):  # the client is gone
                    for chunk in answer():
                        self.wfile.write(chunk)
                    while hangs and not outer.stopped.wait(0.05):
                        pass

            def log_message(self, *_: Any) -> None: ...

        self.stopped = threading.Event()
        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def address(self, path: str = "video", user: str = "") -> str:
        return f"http://{user}127.0.0.1:{self.port}/{path}"

    def stop(self) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        for client in self.clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
