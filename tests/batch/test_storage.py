"""Remote files: in fsspec's memory, and over HTTP and S3 from a server on this computer."""

from __future__ import annotations

import sys
from pathlib import Path

import groundglass as gg
import pytest
from batch_files import render, write_raw_files
from groundglass.batch import storage
from groundglass.batch.manifest import NAME, Manifest
from groundglass.batch.names import expand
from groundglass.batch.storage import exists, is_remote, joined, local_file, put_file, read_bytes, write_bytes
from groundglass.errors import GroundglassError, SourceError
from object_server import object_server

fsspec = pytest.importorskip("fsspec")


def test_an_address_of_a_file_is_remote_and_a_stream_is_not() -> None:
    names = ("s3://bucket/a.dng", "https://host/a.jpg?token=1", "memory://a")
    assert all(is_remote(name) for name in names)
    names = ("a.dng", "file:///a.dng", "https://host/live.m3u8", "rtsp://host/a.jpg", "scene:", "pylon:0?format=Mono8")
    assert not any(is_remote(name) for name in names)


def test_a_file_is_copied_there_and_back_whole(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"content")
    put_file(tmp_path / "a.bin", "memory://out/a.bin")
    with local_file("memory://out/a.bin") as copy:
        assert (copy.name, copy.read_bytes()) == ("a.bin", b"content")
    assert not copy.exists()
    write_bytes("memory://out/b", b"1")
    assert (read_bytes("memory://out/b"), read_bytes("memory://out/c")) == (b"1", None)
    assert exists("memory://out/b")
    assert joined("memory://out/", "x/y.png") == "memory://out/x/y.png"
    assert [item.name for item in expand(["memory://out/*"], "out")] == ["a", "b"]


def test_an_error_names_the_address_and_not_the_copy(tmp_path: Path) -> None:
    write_bytes("memory://in/broken.dng", b"no picture")
    with pytest.raises(SourceError, match=r"^memory://in/broken\.dng: "), local_file("memory://in/broken.dng") as copy:
        gg.open(copy)
    with pytest.raises(SourceError, match=r"nowhere\.dng: cannot be read"), local_file("memory://in/nowhere.dng"):
        pass


def test_a_remote_manifest_is_continued() -> None:
    with Manifest("memory://shoot") as manifest:
        manifest.add({"output": "a.png", "input": "a.dng", "error": "unreadable"})
    with Manifest("memory://shoot") as manifest:
        assert set(manifest.entries) == {"a.png"}
        manifest.finish(["a.png"])
    assert (read_bytes(f"memory://shoot/{NAME}") or b"").count(b"\n") == 2


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(GroundglassError, match=r"pip install groundglass\[remote\]"):
        storage.file_system("s3://bucket/a.dng")
    monkeypatch.undo()
    with pytest.raises(SourceError, match=r"nonsense://a: cannot be opened"):
        storage.file_system("nonsense://a")


def test_pictures_from_s3_and_the_web_are_written_to_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("s3fs")
    paths = write_raw_files(tmp_path, 3)
    with object_server() as (address, objects):
        for name, value in (("ENDPOINT_URL", address), ("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b")):
            monkeypatch.setenv(f"AWS_{name}", value)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        objects |= {f"/shoot/day/{path.name}": path.read_bytes() for path in paths}
        web = f"{address}/shoot/day/0002.dng"
        command = ("s3://shoot/day/000[01].dng", web, "-o", "s3://shoot/out/{name}.jpg", "--demosaic", "rcd")
        done = render(*command)
        assert done.returncode == 0, done
        assert "wrote 3 files" in done.stdout
        outputs = {name: content for name, content in objects.items() if name.startswith("/shoot/out/")}
        assert sorted(name for name in outputs if name.endswith(".jpg")) == [
            f"/shoot/out/000{number}.jpg" for number in range(3)
        ]
        del objects["/shoot/out/0001.jpg"]
        assert "wrote 1 file, 2 files were up to date" in render(*command).stdout
        assert {name: content for name, content in objects.items() if name.startswith("/shoot/out/")} == outputs
