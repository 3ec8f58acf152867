"""Kernel source: includes, the file and line of each assembled line, and the error of a broken kernel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass.compute import program
from groundglass.compute.device import Device
from groundglass.compute.program import (
    Kernels,
    KernelSource,
    list_kernel_sources,
    load_kernel_source,
)
from groundglass.compute.registry import open_device
from groundglass.errors import ShaderError
from groundglass.program_text.library import SourceLibrary


@pytest.mark.parametrize("name", list_kernel_sources())
def test_the_table_of_lines_matches_the_assembled_text(repository: Path, name: str) -> None:
    source = load_kernel_source(name)
    files = {file: (repository / "kernels" / file).read_text(encoding="utf-8").splitlines() for file, _ in source.lines}
    assert [files[file][line - 1] for file, line in source.lines] == source.text.splitlines()


@pytest.mark.parametrize("name", list_kernel_sources())
def test_each_file_is_included_once_and_no_include_remains(name: str) -> None:
    source = load_kernel_source(name)
    assert len(set(source.lines)) == len(source.lines)
    assert "#include" not in source.text
    assert ("portable.h", 1) in source.lines


def test_every_built_in_kernel_has_an_entry_point(repository: Path) -> None:
    assert list_kernel_sources() == sorted(path.name for path in (repository / "kernels").glob("*.cl"))
    entries = {name: load_kernel_source(name).entry_points() for name in list_kernel_sources()}
    assert all(entries.values())
    arguments = entries["linearize.cl"]["linearize_float"]
    assert [argument.name for argument in arguments] == ["light", "mosaic", "width", "pitch", "encoded"]
    assert arguments[0].declaration == "GLOBAL const float *RESTRICT light"


class Memory:
    nbytes = 64


CHANNELS = {"channels": 1, "border": 1}
LINES = tuple(("outer.cl", n) for n in range(1, 4)) + tuple(("inner.h", n) for n in range(1, 8))


@pytest.mark.parametrize(
    "line",
    [
        "error: input.cl:5:7: use of undeclared identifier 'nothing'",
        "<kernel>:5:7: error: use of undeclared identifier 'nothing'",
        "<program source>(5): error: identifier 'nothing' is undefined",
        "folder/deep.cubin.cu(5): error: identifier 'nothing' is undefined",
    ],
)
def test_a_compiler_error_names_the_original_file(line: str) -> None:
    log = f"Build on a device:\n\n{line}\n1 error generated.\nfailed to build"
    explained = KernelSource("outer.cl", "", LINES).explain(log)
    assert explained.startswith("kernels/outer.cl does not compile: ")
    assert "inner.h:2: " in explained
    assert "nothing" in explained
    assert "\n" not in explained
    assert "Build on" not in explained
    (place,) = KernelSource("outer.cl", "", LINES).error(log).places
    assert place.startswith(f"inner.h:2:{7 if ':7' in line else 1}: ")
    assert "error" not in place


def test_a_log_without_a_line_number_is_complete() -> None:
    explained = KernelSource("outer.cl", "", LINES).explain("out of registers\nat line 400\n")
    assert explained == "kernels/outer.cl does not compile: out of registers; at line 400"


def test_a_broken_kernel_names_its_file_and_line(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    text = load_kernel_source("linearize.cl")
    broken = KernelSource(
        "broken.cl",
        text.text + "KERNEL void broken(GLOBAL float *plane)\n{\n    plane[0] = nothing;\n}\n",
        (*text.lines, *(("broken.cl", n) for n in (7, 8, 9, 10))),
    )
    monkeypatch.setattr(program, "load_kernel_source", lambda name: broken)
    own = open_device(device.spec)
    with pytest.raises(ShaderError, match=r"^kernels/broken.cl does not compile: .*broken.cl:9: .*nothing.*"):
        own.run("broken.cl", "broken", (64,), (64,), plane=own.allocate(64))
    own.close()


def test_a_source_is_compiled_once() -> None:
    built: list[str] = []

    def build(source: KernelSource):
        built.append(source.name)
        return lambda kernel: f"compiled {kernel}"

    kernels = Kernels(build)
    light, mosaic = Memory(), Memory()
    for _ in range(2):
        given = {"pitch": 64, "width": 3, "encoded": True, "mosaic": mosaic, "light": light}
        compiled, bound = kernels.call("linearize.cl", "linearize_float", given)
        assert compiled == "compiled linearize_float"
        assert bound == (light, mosaic, 3, 64, 1)
        assert [type(argument) for argument in bound[2:]] == [np.int32] * 3
    kernels.call(
        "borders.cl", "mirror", {"planes": light, **dict.fromkeys(("width", "height", "pitch"), 1), **CHANNELS}
    )
    assert (built, len(kernels)) == (["linearize.cl", "borders.cl"], 2)
    kernels.clear()
    assert len(kernels) == 0


HEAD = '#include "portable.h"\n'


@pytest.mark.parametrize("argument", ["double gain", "float", "", "void", "float gain[3]", "uint n", "float4 rgba"])
def test_an_argument_that_cannot_be_passed_is_named(argument: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "KERNELS", SourceLibrary("groundglass.kernels", (".cl", ".h")))
    program.KERNELS.put({"own.cl": f"{HEAD}KERNEL void run(GLOBAL float *RESTRICT light, {argument}) {{}}\n"})
    with pytest.raises(ShaderError, match=r"^own\.cl: run: cannot pass the argument '.*'; use int, float or a buffer"):
        program.assemble("own.cl", program.KERNELS.read).entry_points()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"// one\n// \xe9t\xe9\n", r"own\.h:2: not UTF-8 text \(byte 0xe9\); save it as UTF-8"),
        ("// wide\n".encode("utf-16"), r"own\.h:1: not UTF-8 text"),
        (b"// one\n\0\n", r"own\.h:2: contains a null character"),
        (b" " * (5 << 20), r"own\.h: is larger than 4 MB"),
    ],
)
def test_an_unreadable_file_is_an_error_where_it_is_used(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "own.h").write_bytes(content)
    (tmp_path / "fine.cl").write_text(f"{HEAD}KERNEL void run(GLOBAL float *RESTRICT light) {{}}\n")
    (tmp_path / "uses.cl").write_text('#include "own.h"\n')
    library = SourceLibrary("groundglass.kernels", (".cl", ".h"))
    library.set_search_path(tmp_path)
    assert {"own.h", "fine.cl"} <= set(library.names())
    assert library.digest()
    assert list(program.assemble("fine.cl", library.read).entry_points()) == ["run"]
    with pytest.raises(ShaderError, match=rf"^uses\.cl:1: {reason}"):
        program.assemble("uses.cl", library.read)


@pytest.mark.parametrize("name", ["../camera.py", "/etc/hostname", "folder/../own.h", "own.txt", "..", "own.h\0"])
def test_an_include_outside_the_folders_does_not_exist(tmp_path: Path, name: str) -> None:
    (tmp_path / "own.h").write_text("\n")
    (tmp_path / "uses.cl").write_text(f'#include "{name}"\n')
    library = SourceLibrary("groundglass.kernels", (".cl", ".h"))
    library.set_search_path(tmp_path)
    with pytest.raises(ShaderError, match=r"^uses\.cl:1: .*(no such file|null character)|null character"):
        program.assemble("uses.cl", library.read)
