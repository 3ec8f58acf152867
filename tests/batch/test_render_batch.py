"""`groundglass render` of many pictures as a user runs it: resumed, killed, with failures."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest
from batch_files import Run, entries, kill, render, write_raw_files
from groundglass.batch.manifest import NAME

OPTIONS = ("--demosaic", "rcd", "--quality", "live")


@pytest.fixture(scope="module")
def raw_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw_files")
    write_raw_files(folder, 60)
    return folder


@pytest.fixture(scope="module")
def whole(raw_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a run that nothing interrupts."""
    output = tmp_path_factory.mktemp("whole")
    done = render(raw_files / "*.dng", "-o", output, *OPTIONS)
    assert done.returncode == 0, done
    assert done.stdout == f"groundglass: wrote 60 files, the last is {output}/0059.png\n"
    return output


def assert_same(output: Path, whole: Path) -> None:
    """The same manifest, the same pictures, and nothing else."""
    names = {path.name: path.read_bytes() for path in output.iterdir()}
    assert names == {path.name: path.read_bytes() for path in whole.iterdir()}


def test_a_second_run_renders_only_what_changed(raw_files: Path, whole: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    shutil.copytree(whole, output)
    (output / "0003.png").write_bytes((output / "0003.png").read_bytes()[:100])
    (output / "0004.png").unlink()
    done = render(raw_files / "*.dng", "-o", output, *OPTIONS)
    assert "wrote 2 files, 58 files were up to date" in done.stdout
    assert_same(output, whole)


def test_what_is_killed_is_continued_with_the_same_result(raw_files: Path, whole: Path, tmp_path: Path) -> None:
    """A worker is killed, then the command by SIGKILL, then by Ctrl-C; two workers then render the rest."""
    output = tmp_path / "out"
    arguments = (raw_files / "*.dng", "--workers", 2, *OPTIONS)
    running = Run(output, *arguments)
    assert running.wait_for(3)
    kill(running.workers()[0])
    assert running.wait_for(12)
    assert running.end(signal.SIGKILL) == -signal.SIGKILL
    running = Run(output, *arguments)
    assert running.wait_for(20)
    assert running.end(signal.SIGINT) == 128 + signal.SIGINT
    assert not [path for path in output.iterdir() if "groundglass-part" in path.name]
    done = render(*arguments, "-o", output)
    assert done.returncode == 0, done
    assert " were up to date" in done.stdout
    assert_same(output, whole)


def test_failures_are_listed_and_the_others_are_rendered(tmp_path: Path) -> None:
    paths = write_raw_files(tmp_path / "in", 3)
    intact = paths[1].read_bytes()
    paths[1].write_bytes(intact[:5000])
    output = tmp_path / "out"
    done = render(tmp_path / "in" / "*.dng", tmp_path / "gone.dng", "-o", f"{output}/{{name}}.jpg", *OPTIONS)
    assert done.returncode == 1
    assert [line.partition("/in/")[2][:8] or "gone" for line in done.stderr.splitlines()[:2]] == ["gone", "0001.dng"]
    assert done.stderr.splitlines()[2].startswith("groundglass: 2 of 4 pictures failed; ")
    assert sorted(path.name for path in output.glob("*.jpg")) == ["0000.jpg", "0002.jpg"]
    assert [entry["output"] for entry in entries(output) if "error" in entry] == ["0001.jpg", "gone.jpg"]
    for path in (paths[1], tmp_path / "gone.dng"):
        path.write_bytes(intact)
    done = render(tmp_path / "in" / "*.dng", tmp_path / "gone.dng", "-o", f"{output}/{{name}}.jpg", *OPTIONS)
    assert done.returncode == 0
    assert "wrote 2 files, 2 files were up to date" in done.stdout
    assert (output / NAME).exists()


def test_hdr_files_of_many_pictures_are_continued(tmp_path: Path) -> None:
    write_raw_files(tmp_path / "in", 4)
    output = tmp_path / "out"
    arguments = (tmp_path / "in" / "*.dng", "-o", output / "{name}.jpg", "--hdr", "--workers", 2, *OPTIONS)
    assert "wrote 4 files" in render(*arguments).stdout
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    assert all(b"hdrgm" in content for name, content in before.items() if name.endswith(".jpg"))
    (output / "0002.jpg").unlink()
    assert "wrote 1 file, 3 files were up to date" in render(*arguments).stdout
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before
    assert "wrote 4 files" in render(*arguments, "--headroom", 3).stdout


@pytest.mark.parametrize(
    ("output", "options", "message"),
    [
        ("out.mp4", ("--hdr",), "a video is written from one folder or video"),
        ("out.jpg", ("--hdr",), "one file for 2 sources; name {name}.jpg or %04d.jpg"),
        ("out.jpg", (), "one file for 2 sources; name a folder, {name}.jpg or %04d.jpg"),
        ("out/", ("--hdr",), "a folder gets .png, which holds no HDR picture; name out/{name}.jpg"),
        ("out/", ("--output-space", "pq"), "which holds no HDR picture; name out/{name}.avif"),
    ],
)
def test_an_output_that_does_not_fit_is_refused_in_one_line(
    output: str, options: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    done = render(*write_raw_files(tmp_path, 2), "-o", output, *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
