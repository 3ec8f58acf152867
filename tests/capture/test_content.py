"""Files of other kinds are named, with the remedy. The first bytes are repeated here."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundglass.capture import open_source
from groundglass.errors import SourceError

BEGINNINGS = {
    "a JPEG XL picture": (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"),
    "a PDF document": (b"%PDF-1.7",),
    "a ZIP archive": (b"PK\x03\x04",),
    "a gzip file": (b"\x1f\x8b\x08",),
    "a 7-Zip archive": (b"7z\xbc\xaf\x27\x1c",),
    "a tar archive": (b"a.dng".ljust(257, b"\0") + b"ustar\x0000",),
    "an SVG drawing": (b"<svg xmlns=",),
    "a Radiance picture": (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n",),
    "a PFM picture": (b"PF\n4 4\n-1\n", b"Pf\n4 4\n-1\n"),
    "a DPX picture": (b"SDPX\0\0", b"XPDS\0\0"),
    "a Cineon picture": (b"\x80\x2a\x5f\xd7",),
    "a FITS file": (b"SIMPLE  =                    T",),
    "an HDF5 file": (b"\x89HDF\r\n\x1a\n",),
    "a NumPy array": (b"\x93NUMPY\1\0",),
    "a sound file": (b"ID3\4\0", b"fLaC\0", b"RIFF\0\0\0\0WAVEfmt "),
    "a text file": (b"exposure = 3\nfocus = 4\n",),
}


@pytest.mark.parametrize(
    ("kind", "begin"), [(kind, begin) for kind, beginnings in BEGINNINGS.items() for begin in beginnings]
)
def test_what_a_file_is_that_cannot_be_shown(tmp_path: Path, kind: str, begin: bytes) -> None:
    path = tmp_path / "a.unknown"
    path.write_bytes(begin if kind == "a text file" else begin + bytes(600))
    with pytest.raises(SourceError, match=rf"a\.unknown: is {kind}, which is not read here; \w+"):
        open_source(path)
