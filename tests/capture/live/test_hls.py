"""Playlists (HLS): files that FFmpeg fetches one after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from groundglass.capture import open_source
from stream_support import counted, mpegts, no_new_threads, number_in

pytest.importorskip("av")


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    with no_new_threads():
        yield


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server of the files in `folder`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_playlist_is_played_at_its_rate_and_ends(tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_bytes(b"".join(mpegts(counted(fps=1000, count=10), fps=25)))
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.4,\na.ts\n#EXT-X-ENDLIST\n"

    (tmp_path / "a.m3u8").write_text(playlist)
    with served(tmp_path) as address, open_source(f"{address}/a.m3u8") as source:
        began_s = time.perf_counter()
        frames = list(source)
        seconds = time.perf_counter() - began_s
    assert [number_in(frame) for frame in frames] == list(range(1, 11))
    assert seconds >= 0.35


def test_an_hls_encoder_that_was_restarted_numbers_its_files_from_0_again(tmp_path: Path) -> None:
    def publish(first: int, files: int) -> None:
        lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:1", f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        for number in range(first, first + files):
            (tmp_path / f"{number}.ts").write_bytes(b"".join(mpegts(counted(fps=1e6, count=10))))
            lines += ["#EXTINF:0.4,", f"{number}.ts"]
        (tmp_path / "part").write_text("\n".join([*lines, ""]))
        (tmp_path / "part").rename(tmp_path / "live.m3u8")

    publish(first=40, files=2)
    with served(tmp_path) as address, open_source(f"{address}/live.m3u8") as source:
        frames = iter(source)
        assert number_in(next(frames)) == 1
        publish(first=0, files=2)
        first_again = next(frame for frame in frames if source.reconnects)
    assert number_in(first_again) == 1
