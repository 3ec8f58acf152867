"""Binaries of PoCL's programs: another process saves them, and the next device builds from them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from groundglass.compute import compiled_record, opencl_programs
from groundglass.compute.compiled_record import CompiledRecord, write_file, write_program
from groundglass.compute.device import Device
from groundglass.compute.program import KERNELS
from groundglass.compute.program_saving import ProgramSaving
from groundglass.compute.registry import open_device

DOUBLE = "KERNEL void twice(GLOBAL float *numbers) { numbers[get_global_id(0)] *= 2.0f; }"


@pytest.fixture(autouse=True)
def record(device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the record; no program is kept, and a small one is among the kernels."""
    if device.spec != "opencl:0" or device.compiled.cache is None:
        pytest.skip(f"{device.spec} keeps nothing compiled on disk")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(opencl_programs, "_kept_program", lru_cache(0)(opencl_programs._new_program))
    KERNELS.put({"twice.cl": f'#include "portable.h"\n{DOUBLE}\n'})
    yield tmp_path / "groundglass" / "compiled"
    KERNELS.put({"twice.cl": None})


def doubled() -> CompiledRecord:
    """Runs the small program on a new device. Returns the device's record."""
    opened = open_device("opencl:0")
    numbers = opened.allocate(16)
    opened.write(numbers, np.arange(4, dtype=np.float32))
    opened.run("twice.cl", "twice", (4,), (4,), numbers=numbers)
    assert opened.read(numbers, np.float32, 4).tolist() == [0.0, 2.0, 4.0, 6.0]
    opened.close()
    return opened.compiled


def test_a_saved_program_is_built_from_its_binary(record: Path) -> None:
    missed = doubled()
    assert len(missed.missing) == 1
    with ProgramSaving("opencl:0", missed, after_s=0.0) as saving:
        saving.wait()
    assert list(record.iterdir()) == list(missed.missing)
    assert doubled().missing == {}


def test_a_damaged_binary_is_built_from_its_text(record: Path) -> None:
    (file,) = doubled().missing
    write_program(file, b"not a binary")
    assert doubled().missing == {}


@pytest.mark.parametrize("left", [b"", b"\0" * 4096, b"not a binary"])
def test_what_a_loss_of_power_leaves_of_a_binary_is_missing(record: Path, left: bytes) -> None:
    (file,) = doubled().missing
    write_file(file, left, 9)
    assert list(doubled().missing) == [file]


def test_leaving_ends_the_process_at_once() -> None:
    with ProgramSaving("opencl:0", doubled(), after_s=0.0) as saving:
        saving._timer.join()
        process = saving._process
        assert process is not None
    assert process.poll() is not None


def test_a_process_without_its_parent_ends() -> None:
    with ProgramSaving("opencl:0", doubled(), after_s=0.0) as saving:
        saving._timer.join()
        assert saving._process is not None
        assert saving._process.stdin is not None
        saving._process.stdin.close()
        assert saving._process.wait(60.0) == 0


def test_a_short_run_and_a_saved_one_start_no_process() -> None:
    missed = doubled()
    with ProgramSaving("opencl:0", missed) as saving:
        pass
    assert saving._process is None
    with ProgramSaving("opencl:0", CompiledRecord("cache"), after_s=0.0) as saving:
        saving._timer.join()
    assert saving._process is None


def test_only_the_newest_programs_stay(tmp_path: Path) -> None:
    for number in range(4):
        file = tmp_path / f"{number}{compiled_record.PROGRAM_SUFFIX}"
        write_file(file, b"", 9)
        os.utime(file, (number, number))
    write_file(tmp_path / "note", b"", 9)
    write_file(tmp_path / f"4{compiled_record.PROGRAM_SUFFIX}", b"", 2)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["3.program", "4.program", "note"]


def test_without_a_cache_of_the_driver_nothing_is_missed(record: Path) -> None:
    nothing = CompiledRecord(None)
    assert nothing.find_program(DOUBLE, "") is None
    assert nothing.missing == {}
    assert not record.exists()
