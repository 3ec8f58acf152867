"""The inputs that were faults once, as small generators: each is refused with a message, or read."""

from __future__ import annotations

import os
import struct
import threading
import zlib
from pathlib import Path

import pytest
from fuzz_parsers import all_parsers
from groundglass.bench.schema import load_result
from groundglass.errors import GroundglassError, SourceError
from groundglass.formats.camera_profile import load_profile
from groundglass.formats.picture_mosaic import read_picture_mosaic
from groundglass.lens import load_lens
from groundglass.look.look import load_look
from groundglass.look.lut_read import read_lut

PARSERS = all_parsers()
DIGITS = b"9" * 5000


def bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes with a huge size in its header."""
    chunks = (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0" * 99))
    written = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (*chunks, (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + written


FOUND: dict[str, tuple[str, bytes]] = {
    "a size of pixels beyond the bytes": ("picture.png", bomb(8, 16_646_152)),
    "a screen of a GIF beyond its bytes": (
        "picture.gif",
        b"GIF87a\x00\x40\x00\x40\0\0\0,\0\0\0\0\2\0\2\0\0\2\2\x84Q\0;",
    ),
    "an address of question marks": ("address", b"udp:///" + b"?pass&key" * 4000),
    "an address of one long key": ("address", b"rtsp://cam/?" + b"passkey" * 6000),
    "a depth map beyond its bytes": ("depth.png", bomb(13_000, 13_000)),
    "a HaldCLUT beyond its bytes": ("lut.png", bomb(4096, 4096)),
    "a rate of 600 digits": ("y4m", b"YUV4MPEG2 W8 H6 F" + b"9" * 600 + b":1 C420jpeg\nFRAME\n" + bytes(72)),
    "a width of 5000 digits": ("y4m", b"YUV4MPEG2 W" + DIGITS + b" H6\nFRAME\n"),
    "a width in other digits": ("y4m", "YUV4MPEG2 W٣٣ H6\nFRAME\n".encode()),
    "a mosaic of one row": ("mosaic-in-picture", b"P5\n24 1\n255\n" + bytes(range(24))),
    "an empty shader": ("shader", b""),
    "open prototypes": ("kernel", b"KERNEL void a(\n" * 20_000),
    "an absolute path in a list": ("rgbd-list", b"1.0 /etc/hostname\n"),
    "a path out of the folder in a list": ("rgbd-list", b"1.0 ../../../etc/hostname\n"),
    "a name of 5000 digits in a list": ("rgbd-list", b"1.0 a" + DIGITS + b".png\n"),
    "a LUT that is not UTF-8": ("lut.csp", b"CSPLUTV100\n3D\n\n2\n0.0 1.0\n\xff\xfe"),
    "bits of 5000 digits": ("raw-format", b"rggb" + DIGITS),
    "a null character in the name of a look": ("path-of-look", b"a\0.toml"),
    "a null character in the name of a profile": ("path-of-profile", b"a\0.toml"),
    "a long name of a folder with a pattern": ("batch-target", b"out/{name}" + b"x" * 300 + b"/{name}.jpg"),
    "a depth range of many points": ("depth-range", b"0" + b"." * 30_000 + b"8..6"),
    "a long name of a source": ("path-of-source", b"x" * 300),
    "a long name for info": ("path-of-info", b"x" * 300),
    "a long name of a LUT": ("path-of-lut", b"x" * 300 + b".cube"),
    "a long name of a depth map": ("path-of-depth", b"x" * 5000),
    "a long name of a model": ("path-of-model", b"x" * 300 + b".onnx"),
    "a long name of a look": ("path-of-look", b"x" * 300),
}


@pytest.mark.parametrize("case", FOUND)
def test_a_found_case_is_refused_or_read(tmp_path: Path, case: str) -> None:
    name, content = FOUND[case]
    if name not in PARSERS:
        pytest.skip("its library is not installed")
    reading = PARSERS[name].reader(tmp_path)
    read = next(reading)
    try:
        read(content)
    except GroundglassError as error:
        print(error)
    finally:
        reading.close()


@pytest.mark.skipif(os.name == "nt", reason="FIFOs and devices of POSIX")
@pytest.mark.parametrize(
    "read", [load_look, load_lens, load_profile, load_result, read_lut], ids=lambda read: read.__name__
)
def test_a_fifo_and_a_device_are_refused_and_not_opened(tmp_path: Path, read: object) -> None:
    suffix = {"read_lut": ".cube", "load_result": ".json"}.get(read.__name__, ".toml")  # type: ignore[attr-defined]
    fifo, link = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    os.mkfifo(fifo)
    link.symlink_to("/dev/zero")
    for path, kind in ((fifo, "FIFO"), (link, "a device")):
        messages: list[str] = []

        def refused(path: Path = path, messages: list[str] = messages) -> None:
            with pytest.raises(GroundglassError) as caught:
                read(str(path) if read is load_lens else path)  # type: ignore[operator]
            messages.append(str(caught.value))

        thread = threading.Thread(target=refused, daemon=True)
        thread.start()
        thread.join(20)
        assert messages, f"{path} was opened"
        assert kind in messages[0]


def test_a_pgm_header_of_spaces_is_read_in_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "a.pgm"
    path.write_bytes(b"P5" + b" " * 3000 + b"x")
    with pytest.raises(SourceError):
        read_picture_mosaic(path, "bggr8")
