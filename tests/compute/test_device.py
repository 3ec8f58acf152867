"""The contract of a compute device: the same methods in each backend, clear errors, nothing left alive."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from groundglass.compute import cuda, opencl
from groundglass.compute import device as device_module
from groundglass.compute.device import Candidate, Device, Failure, open_device
from groundglass.errors import DeviceError, ShaderError
from groundglass.timing import Clock

BACKENDS = {"opencl": "OpenClDevice", "cuda": "CudaDevice"}


def class_of(path: Path, name: str) -> ast.ClassDef:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)


def public_methods(node: ast.ClassDef) -> dict[str, tuple[str, bool]]:
    """Arguments by name, and whether it is a property. What a generator yields is what its context manager gives."""
    return {
        item.name: (ast.unparse(item.args), any(ast.unparse(d) == "property" for d in item.decorator_list))
        for item in node.body
        if isinstance(item, ast.FunctionDef) and not item.name.startswith("_")
    }


def results(node: ast.ClassDef) -> dict[str, str]:
    return {
        item.name: ast.unparse(item.returns).replace("AbstractContextManager", "Iterator")
        for item in node.body
        if isinstance(item, ast.FunctionDef) and not item.name.startswith("_") and item.returns
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_has_the_methods_of_the_contract_and_no_others(repository: Path, backend: str) -> None:
    contract = class_of(repository / "engine/compute/device.py", "Device")
    written = class_of(repository / f"engine/compute/{backend}.py", BACKENDS[backend])
    assert public_methods(written) == public_methods(contract)
    assert results(written) == results(contract)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_has_the_attributes_of_the_contract_and_no_others(repository: Path, backend: str) -> None:
    contract = class_of(repository / "engine/compute/device.py", "Device")
    promised = {item.target.id for item in contract.body if isinstance(item, ast.AnnAssign)}
    written = class_of(repository / f"engine/compute/{backend}.py", BACKENDS[backend])
    assigned = {
        node.attr
        for node in ast.walk(written)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    }
    assert {name for name in assigned if not name.startswith("_")} == promised


@pytest.mark.parametrize("spec", ["", "gpu", "opencl:x", "opencl:-1", "auto:1", "metal"])
def test_a_name_that_is_no_device_says_what_a_device_is_called(spec: str) -> None:
    with pytest.raises(DeviceError, match="is not understood; use auto, opencl, opencl:N, cuda or cuda:N"):
        open_device(spec)


def test_a_device_that_is_not_here_says_what_is(device: Device) -> None:
    with pytest.raises(DeviceError, match=r"^no device 'opencl:97' here \(found: .*\)") as caught:
        open_device("opencl:97")
    assert "\n" not in str(caught.value)
    assert device.spec in str(caught.value)


def test_without_any_device_each_kind_says_why_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "enumerate_devices", lambda: ([], Failure("cuda", "CuPy is missing", "install it")))
    monkeypatch.setattr(opencl, "enumerate_devices", lambda: ([], Failure("opencl", "no driver", "get one")))
    with pytest.raises(DeviceError) as caught:
        open_device("auto")
    assert str(caught.value) == (
        "no device 'auto' here (found: none); cuda: CuPy is missing, install it; opencl: no driver, get one"
    )
    with pytest.raises(DeviceError, match=r"; cuda: CuPy is missing, install it$"):
        open_device("cuda")


def test_auto_takes_cuda_before_an_opencl_gpu_before_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def candidate(spec: str, is_cpu: bool = False) -> Candidate:
        return Candidate(spec, spec, "", is_cpu, 1, 1)

    mixed = [candidate("opencl:0", is_cpu=True), candidate("opencl:1")]
    opened: list[str] = []
    monkeypatch.setattr(device_module, "_open", lambda chosen: opened.append(chosen.spec))
    monkeypatch.setattr(opencl, "enumerate_devices", lambda: (mixed, None))
    monkeypatch.setattr(cuda, "enumerate_devices", lambda: ([candidate("cuda:0")], None))
    for spec in ("auto", "opencl", "opencl:0", "cuda"):
        open_device(spec)
    monkeypatch.setattr(cuda, "enumerate_devices", lambda: ([], Failure("cuda", "", "")))
    open_device("auto")
    assert opened == ["cuda:0", "opencl:1", "opencl:0", "cuda:0", "opencl:1"]


def test_memory_is_zeroed_written_read_and_viewed(device: Device) -> None:
    before = device.live_buffers
    buffer = device.allocate(4 * 100)
    assert buffer.nbytes == 400
    assert device.live_buffers == before + 1
    np.testing.assert_array_equal(device.read(buffer, np.float32, 100), 0)
    numbers = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
    device.write(buffer, numbers)
    numbers[:] = -1  # the device keeps its own copy
    expected = np.append(np.arange(60, dtype=np.float32), np.zeros(40, np.float32))
    np.testing.assert_array_equal(device.read(buffer, np.float32, 100), expected)
    with device.view(buffer, np.float32, 100) as seen:
        np.testing.assert_array_equal(seen, expected)
    device.release(buffer)
    device.release(buffer)
    assert device.live_buffers == before


def test_more_memory_than_there_is_is_one_line(device: Device) -> None:
    before = device.live_buffers
    with pytest.raises(DeviceError, match=r"cannot allocate \d+ MiB .*; use a smaller --size") as caught:
        device.allocate(2**50)
    assert "\n" not in str(caught.value)
    assert device.live_buffers == before


def test_closing_releases_everything_and_twice_is_harmless(device: Device) -> None:
    own = open_device(device.spec)
    kept = own.allocate(64)
    own.allocate(64)
    assert own.live_buffers == 2
    own.close()
    assert own.live_buffers == 0
    own.close()
    own.release(kept)
    assert own.live_buffers == 0


def test_a_call_with_the_wrong_arguments_is_an_error_and_not_a_crash(device: Device) -> None:
    with pytest.raises(ShaderError, match=r"linearize.cl: linearize_float takes 5 arguments, 1 were given"):
        device.run("linearize.cl", "linearize_float", (64, 1), (64, 1), 1)
    with pytest.raises(ShaderError, match=r"linearize.cl: has no kernel 'level'; it has intake, linearize_mapped"):
        device.run("linearize.cl", "level", (64, 1), (64, 1))
    with pytest.raises(ShaderError, match=r"kernels/nothing.cl: no such file"):
        device.run("nothing.cl", "nothing", (64,), (64,))


def test_a_stage_is_timed_once_however_many_kernels_it_has(device: Device) -> None:
    clock = Clock()
    numbers, planes = device.allocate(4 * 64), device.allocate(4 * 64 * 33)

    def level() -> None:
        groups = 64 // device.run_length
        device.run("linearize.cl", "linearize_float", (groups, 1), (groups, 1), numbers, planes, 32, 64, 0)

    with device.stage("develop", clock):
        level()
        level()
    level()  # of no stage
    with device.stage("optics", clock):
        level()
    device.collect()
    assert list(clock.stages()) == ["develop", "optics"]
    assert all(spent["p50_ms"] >= 0 for spent in clock.stages().values())
    clock.reset()
    device.collect()
    assert clock.stages() == {}
    device.release(numbers)
    device.release(planes)
