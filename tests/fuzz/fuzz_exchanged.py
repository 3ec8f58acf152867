"""Parsers of manifests, lists, custom modes, pages and frames: what programs and processes exchange."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from mmap import mmap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from groundglass.batch.manifest import JOURNAL, NAME, Manifest
from groundglass.batch.names import Target, check_inputs_stay, check_outputs, expand, once
from groundglass.camera import CameraProfile
from groundglass.capture.sandbox_frames import error_of, packed, received_text, unpacked
from groundglass.documents import decoded, parse_json
from groundglass.errors import SourceError
from groundglass.frame import Frame, StereoRig
from groundglass.lens import Lens
from groundglass.live_edit.custom_mode_file import CustomMode, read_custom_mode, write_custom_mode
from groundglass.settings import Settings

Read = Callable[[bytes], object]
Reader = Callable[[Path], Iterator[Read]]

MANIFEST = (
    b'{"groundglass_manifest": 1}\n{"settings_sha256": "s", "look": "classic"}\n'
    b'{"output": "a.png", "input": "a.dng", "input_sha256": "1", "settings_sha256": "s", "output_sha256": "2"}\n'
    b'{"output": "b.png", "input": "b.dng", "error": "cut off", "frame": 3}\n',
)
LIST = (b"a.png\n# note\nfolder/b.png\r\n", b"a.png\0b\nc.png\0")
MESSAGES = (
    *(b'{"take": true, "id": 1}', b'{"stop": true}', b'{"get": "zebra", "id": "a"}', b'{"watch": true}'),
    *(b'{"set": "focus", "to": 1.5}', b'{"offer": "v=0"}', b'{"state": true}'),
)
OFFER = """v=0
o=- 4611 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF
a=setup:actpass
a=mid:0
a=recvonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
""".replace("\n", "\r\n")
JSON_WORDS = ("null", "NaN", "[]", "{}", "1e400", '"output"', '"frame"', '"class"', "true")
SDP_WORDS = ("a=candidate:1 1 udp 1 127.0.0.1 9 typ host", "a=ssrc:1 cname:a", "m=audio 9 RTP/AVP 0", "a=mid:", "\r\n")


def exchanged() -> Iterator[tuple[str, Callable[[], tuple[bytes, ...]], Reader, tuple[str, ...], int]]:
    """Name, inputs, reader, words and inputs a test of each parser."""
    yield "manifest", lambda: MANIFEST, _manifest, JSON_WORDS, 150
    yield "batch-list", lambda: LIST, _list, ("#", "\0", "*", "http://"), 100
    yield "batch-target", lambda: (b"out/{name}.jpg", b"out/%04d.png", b"a.tif"), _target, ("{name}", "%d", "/"), 150
    yield "custom-mode", _modes, _mode, ("look =", "[lens]", '"../a.toml"', "nan"), 60
    yield "sandbox-frame", _frames, _frame, JSON_WORDS, 150
    yield "sandbox-message", lambda: (b'["SourceError", "a", ""]',), _plain(_message), JSON_WORDS, 150
    yield "browser-message", lambda: MESSAGES, _browser, JSON_WORDS, 100
    yield "browser-offer", _offers, _offer, SDP_WORDS, 12


def _plain(read: Read) -> Reader:
    def reader(folder: Path) -> Iterator[Read]:
        yield read

    return reader


def _manifest(folder: Path) -> Iterator[Read]:
    def run(content: bytes) -> object:
        for name, text in ((NAME, content), (JOURNAL, content[: len(content) // 2])):
            (folder / name).write_bytes(text)
        with Manifest(str(folder)) as manifest:
            manifest.describe("s", {"look": "classic"})
            manifest.add({"output": "b.png", "error": "a"})
            entries = dict(manifest.entries)
            manifest.finish(entries)
        with Manifest(str(folder)) as manifest:
            assert manifest.entries == entries
        return entries

    yield run


def _list(folder: Path) -> Iterator[Read]:
    path = folder / "list"

    def run(content: bytes) -> object:
        path.write_bytes(content)
        inputs = expand([f"@{path}"], str(folder))
        outputs = [(f"{each.name}.png", each.source) for each in once(inputs)]
        check_outputs(outputs)
        check_inputs_stay(str(folder), outputs)
        return inputs

    yield run


def _target(folder: Path) -> Iterator[Read]:
    def run(content: bytes) -> object:
        target = Target.parse(content.decode("utf-8", "surrogateescape"), numbered=True)
        return target.output("a", 3, in_clip=False), target.output("a", 3, in_clip=True), target.suffix

    yield run


def _modes() -> tuple[bytes, ...]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.toml"
        write_custom_mode(path, CustomMode("a", Settings(look="vibrant", lens="swirl-50", strength=0.5)))
        return (path.read_bytes(),)


def _mode(folder: Path) -> Iterator[Read]:
    path = folder / "a.toml"

    def run(content: bytes) -> object:
        path.write_bytes(content)
        return read_custom_mode(path)

    yield run


def _frames() -> tuple[bytes, ...]:
    profile = CameraProfile(gain_map=np.ones((8, 6), np.float32), defects=np.zeros((1, 2), np.int32))
    frame = Frame(
        np.ones((8, 6), np.uint16), profile=profile, right=np.ones((8, 6), np.uint16), rig=StereoRig(9.0, 0.1)
    )
    with mmap(-1, 1 << 14) as memory:
        return packed(frame, memory), packed(Frame(np.ones((4, 4), np.uint16), native_lens=Lens()), memory)


def _frame(folder: Path) -> Iterator[Read]:
    memory = mmap(-1, 1 << 14)
    memory[:] = bytes(range(256)) * 64
    yield lambda content: unpacked(content, memory, len(memory)).upright()
    memory.close()


def _message(content: bytes) -> object:
    try:
        kind, text, extra = map(received_text, parse_json(decoded(content)))
    except (TypeError, ValueError) as error:  # like SandboxedSource
        raise SourceError("an invalid message") from error
    return str(error_of(kind, text, extra))


def _browser(folder: Path) -> Iterator[Read]:
    from groundglass.browser.server import WebServer
    from groundglass.browser.viewers import Viewers

    async def no_stream(viewer: object, offer: str = "") -> dict[str, object]:
        return {"ok": False}

    def run(content: bytes) -> object:
        requests: list[object] = []
        server = SimpleNamespace(
            _viewers=Viewers(2), _answer_offer=no_stream, _end_stream=no_stream, wake=lambda: None,
            _requests=SimpleNamespace(put=requests.append),
        )  # fmt: skip

        async def receive() -> None:
            for _ in range(2):
                viewer = server._viewers.join()
                await WebServer._receive(server, viewer, content.decode("utf-8", "replace"))  # type: ignore[arg-type]
                while not viewer.outbox.empty():
                    json.dumps(viewer.outbox.get_nowait())

        asyncio.run(receive())
        return requests

    yield run


def _offers() -> tuple[bytes, ...]:
    import aiortc  # noqa: F401

    return (OFFER.encode(),)


def _offer(folder: Path) -> Iterator[Read]:
    from groundglass.browser.pictures import Pictures
    from groundglass.browser.webrtc import PeerStream

    async def answered(text: str) -> str:
        stream = PeerStream(Pictures())
        try:
            return await stream.answer(text)
        finally:
            await stream.close()

    yield lambda content: asyncio.run(answered(content.decode("utf-8", "replace")))
