"""The manifest of a batch, its journal and its lock."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from groundglass.batch.manifest import JOURNAL, NAME, Manifest
from groundglass.errors import OutputError


def entry(name: str, digest: str = "1") -> dict[str, str]:
    return {"output": name, "input": "a.dng", "input_sha256": digest, "settings_sha256": "s", "output_sha256": digest}


def write(folder: Path, *names: str, finish: bool) -> None:
    with Manifest(str(folder)) as manifest:
        manifest.describe("s", {"look": "classic"})
        for name in names:
            (folder / name).touch()
            manifest.add(entry(name))
        if finish:
            manifest.finish(names)


def test_the_manifest_is_in_the_order_of_names_whatever_the_order_of_the_results(tmp_path: Path) -> None:
    write(tmp_path, "b.png", "a.png", finish=True)
    lines = [json.loads(line) for line in (tmp_path / NAME).read_text().splitlines()]
    assert [line.get("output") for line in lines] == [None, None, "a.png", "b.png"]
    assert lines[0] == {"groundglass_manifest": 1}
    assert lines[1] == {"settings_sha256": "s", "look": "classic"}
    assert not (tmp_path / JOURNAL).exists()


def test_a_journal_continues_and_a_line_that_is_cut_off_is_ignored(tmp_path: Path) -> None:
    write(tmp_path, "a.png", finish=False)
    with (tmp_path / JOURNAL).open("ab") as journal:
        journal.write(b'{"output": "b.png", "inp')
    with Manifest(str(tmp_path)) as manifest:
        assert set(manifest.entries) == {"a.png"}
        manifest.add(entry("b.png"))
        manifest.finish(["a.png", "b.png"])
    whole = tmp_path / "whole"
    whole.mkdir()
    write(whole, "a.png", "b.png", finish=True)
    assert (tmp_path / NAME).read_bytes() == (whole / NAME).read_bytes()


def test_pictures_of_other_batches_stay_while_they_exist(tmp_path: Path) -> None:
    write(tmp_path, "a.png", "b.png", finish=True)
    (tmp_path / "b.png").unlink()
    write(tmp_path, "c.png", finish=True)
    with Manifest(str(tmp_path)) as manifest:
        assert set(manifest.entries) == {"a.png", "c.png"}


def test_a_folder_takes_one_batch_at_a_time(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with Manifest(str(tmp_path)), pytest.raises(OutputError, match="another groundglass render writes there"):
        Manifest(str(tmp_path))
    Manifest(str(tmp_path)).close()


@pytest.mark.parametrize(
    "line",
    [
        *(b"[" * 3000, b"{}", b"[]", b"3", b"null", b"\xff", b'{"output": 3}', b'{"output": ["a.png"]}'),
        *(b'{"output": "a.png", "settings_sha256": []}', b'{"output": "a.png", "frame": "1"}', b'{"output": null}'),
        *(b'{"settings_sha256": {}}', b'{"output": "a.png", "error": {}}', b'{"output": "a.png", "frame": 1.5}'),
    ],
)
def test_a_line_of_another_form_is_ignored(tmp_path: Path, line: bytes) -> None:
    write(tmp_path, "b.png", finish=True)
    (tmp_path / NAME).write_bytes((tmp_path / NAME).read_bytes() + line + b"\n")
    with Manifest(str(tmp_path)) as manifest:
        assert list(manifest.entries) == ["b.png"]
        manifest.finish(["b.png"])


def test_names_that_are_not_utf_8_are_found_again(tmp_path: Path) -> None:
    name = "caf\udce9.png"
    with Manifest(str(tmp_path)) as manifest:
        manifest.add(entry(name) | {"input": "\udce9.dng"})
        manifest.finish([name])
    with Manifest(str(tmp_path)) as manifest:
        assert manifest.entries == {name: entry(name) | {"input": "\udce9.dng"}}
