"""The name of the processor that PoCL receives where its compiler does not support that of the machine."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from groundglass.compute import pocl_target
from groundglass.compute.pocl_target import RECORD_BYTES, processor_like, target_of
from groundglass.errors import DeviceError

V2 = {"sse2", "ssse3", "sse4_1", "sse4_2", "popcnt"}
AVX = V2 | {"avx", "aes", "pclmulqdq"}
AVX2 = AVX | {"avx2", "bmi1", "bmi2", "fma", "f16c", "movbe"}
AVX512 = AVX2 | {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl", "adx", "clflushopt"}
NAMES = (
    (AVX512, "skylake-avx512"),
    (AVX512 - {"avx512vl"}, "haswell"),
    (AVX2, "haswell"),
    (AVX2 - {"fma"}, "sandybridge"),
    (AVX, "sandybridge"),
    (V2, "x86-64"),
    (set(), None),
)


class Record:
    """What PoCL keeps of a device: pointers to texts, between numbers of any value."""

    def __init__(self, *entries: str | int) -> None:
        self.texts = [
            ctypes.create_string_buffer(entry.encode()) if isinstance(entry, str) else entry for entry in entries
        ]
        numbers = [text if isinstance(text, int) else ctypes.addressof(text) for text in self.texts]
        self.entries = (ctypes.c_uint64 * (RECORD_BYTES // 8))(*numbers)

    def text(self, number: int) -> str:
        return ctypes.string_at(self.entries[number]).decode()


@pytest.fixture
def device_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setattr(pocl_target, "_flags", lambda: AVX2)

    def made(record: Record, version: str = "OpenCL 3.0 PoCL HSTR: pthread-x86_64-unknown-linux-gnu-generic") -> Any:
        place = ctypes.addressof(record.entries)
        return _Device(name="pthread-CPU ", version=version, driver_version="3.0", int_ptr=place, record=record)

    return made


class _Device(SimpleNamespace):
    __hash__ = object.__hash__  # type: ignore[assignment]


@pytest.mark.parametrize(("flags", "name"), NAMES, ids=[str(name) + str(len(flags)) for flags, name in NAMES])
def test_an_older_processor_has_no_instruction_that_the_machine_lacks(flags: set[str], name: str | None) -> None:
    assert processor_like(flags) == name


def test_the_name_in_the_record_is_replaced_and_nothing_else(device_of: Callable[..., Any]) -> None:
    record = Record(
        "generic", 7, "x86_64-unknown-linux-gnu", 2**47 + 3, 2**64 - 1, "x86_64-unknown-linux-gnu", "generic", 0
    )
    before = list(record.entries)
    assert target_of(device_of(record)) == "haswell"
    assert record.text(6) == "haswell"
    assert [number for number, value in enumerate(record.entries) if value != before[number]] == [6]


@pytest.mark.parametrize(
    "entries", [(), ("generic", "x86_64-unknown-linux-gnu"), ("x86_64-unknown-linux-gnu", "znver3")]
)
def test_a_record_of_another_form_is_left_and_the_device_refused(
    entries: tuple[str, ...], device_of: Callable[..., Any]
) -> None:
    record = Record(*entries)
    before = list(record.entries)
    with pytest.raises(
        DeviceError, match=r"^pthread-CPU: PoCL 3\.0 does not support this processor .*; install a newer PoCL"
    ):
        target_of(device_of(record))
    assert list(record.entries) == before


@pytest.mark.parametrize(
    "target", ["pthread-x86_64-unknown-linux-gnu-znver3", "pthread-aarch64-unknown-linux-gnu-generic"]
)
def test_the_name_of_a_supported_processor_stays(target: str, device_of: Callable[..., Any]) -> None:
    record = Record("x86_64-unknown-linux-gnu", "generic")
    assert target_of(device_of(record, f"OpenCL 3.0 PoCL HSTR: {target}")) == target.rpartition("-")[2]
    assert record.text(1) == "generic"
