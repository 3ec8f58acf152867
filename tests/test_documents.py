"""TOML and JSON beyond numbers, texts and recursion: one clear line everywhere that a user's file is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from groundglass.bench.schema import load_result
from groundglass.documents import DocumentError, decoded, parse_json, parse_toml, read_text
from groundglass.errors import ControlError, GroundglassError
from groundglass.formats.camera_profile import load_profile
from groundglass.lens import load_lens
from groundglass.look.look import load_look
from groundglass.remote.protocol import read_request
from groundglass.tools.recent_sources import RecentSources
from groundglass.tools.saved_settings import read_settings

TOML = {
    "400 digits": b"focal_mm = " + b"9" * 400,
    "5000 digits": b"focal_mm = " + b"9" * 5000,
    "hexadecimal": b"focal_mm = 0x" + b"f" * 300,
    "3000 lists": b"focal_mm = " + b"[" * 3000 + b"]" * 3000,
    "50 lists": b"focal_mm = " + b"[" * 50 + b"]" * 50,
    "3000 tables": b"focal_mm = " + b"{a = " * 3000 + b"1" + b"}" * 3000,
    "null byte": b'name = "a\0b"',
    "escaped null": b'name = "a\\u0000b"',
    "not UTF-8": b'name = "a\xffb"',
    "UTF-16": 'name = "a"'.encode("utf-16"),
    "200 kB key": b".".join([b"a"] * 100_000) + b" = 1",
    "200 kB header": b"[" + b".".join([b"'a'"] * 50_000) + b"]",
    "twice": b"focal_mm = 1\nfocal_mm = 2",
    "huge": b"#" * (5 << 20),
    "not TOML": b"{ }}",
}
JSON = {
    "400 digits": b'{"set": "focus", "to": ' + b"9" * 400 + b"}",
    "5000 digits": b'{"set": "focus", "to": ' + b"9" * 5000 + b"}",
    "infinite": b'{"set": "focus", "to": 1e999}',
    "NaN": b'{"set": "focus", "to": NaN}',
    "3000 lists": b'{"set": "focus", "to": ' + b"[" * 3000 + b"]" * 3000 + b"}",
    "3000 objects": b'{"a":' * 3000 + b"1" + b"}" * 3000,
    "escaped null": b'{"set": "source", "to": "a\\u0000b"}',
    "half a character": b'{"set": "source", "to": "\\ud800"}',
    "not UTF-8": b'{"set": "source", "to": "\xff"}',
    "twice": b'{"do": "still", "do": "quit"}',
}
READERS: dict[str, Callable[[Path], object]] = {
    "lens": lambda path: load_lens(str(path)),
    "look": load_look,
    "profile": load_profile,
    "settings": read_settings,
}


@pytest.mark.parametrize("content", TOML)
@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_cannot_be_used_is_one_clear_line(reader: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_bytes(TOML[content])
    with pytest.raises(GroundglassError) as raised:
        READERS[reader](path)
    message = str(raised.value)
    assert message.startswith(
        str(path) if reader != "look" or content in ("huge", "not UTF-8") else ("file", str(path))
    )
    assert "\n" not in message
    assert len(message) - len(str(path)) < 260


@pytest.mark.parametrize("content", JSON)
def test_a_request_that_cannot_be_used_is_an_error(content: str, tmp_path: Path) -> None:
    request = read_request(JSON[content])
    assert isinstance(request, ControlError)
    assert len(str(request)) < 200
    path = tmp_path / "result.json"
    path.write_bytes(JSON[content])
    with pytest.raises(GroundglassError, match="is not JSON"):
        load_result(path)
    assert RecentSources(path).existing() == []


def test_what_people_write_is_read(tmp_path: Path) -> None:
    assert parse_toml("a.b.c = [[1.5, inf], [9223372036854775807, -1]]")["a"]["b"]["c"][1][0] == (1 << 63) - 1
    assert parse_toml("# " + "a. b" * 20 + "\nx = '" + "c" * 100_000 + "'")["x"].startswith("c")
    assert parse_json('{"a": [1e300, "\\ud83d\\ude00", null, true]}')["a"][0] == 1e300
    assert decoded(b"\xef\xbb\xbfa = 1\r\n") == "a = 1\r\n"
    path = tmp_path / "text"
    path.write_bytes(b"a" * 10)
    assert read_text(path, 10) == "a" * 10
    with pytest.raises(DocumentError, match="larger than"):
        read_text(path, 9)


@pytest.mark.parametrize(
    "parse", [lambda text: parse_toml(f"a = {text}")["a"], lambda text: parse_json(f"[{text}]")[0]]
)
@pytest.mark.parametrize(
    ("number", "is_valid"),
    [(2**63 - 1, True), (-(2**63), True), (2**63, False), (-(2**63) - 1, False), (10**400, False)],
)
def test_whole_numbers_have_64_bits(parse: Callable[[str], Any], number: int, is_valid: bool) -> None:
    if is_valid:
        assert parse(str(number)) == number
        return
    with pytest.raises(DocumentError, match="a number is beyond 64 bits"):
        parse(str(number))


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbf" + b"#" * 97)
    assert read_text(path, 100) == "#" * 97
    path.write_bytes(b"#" * 101)
    with pytest.raises(DocumentError, match="larger than 0 MB"):
        read_text(path, 100)
