"""The contract of a compute device: equal methods in every backend, clear errors, complete release."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from groundglass.compute import cuda, opencl, registry
from groundglass.compute.device import Candidate, Device, Failure
from groundglass.compute.planes import Planes
from groundglass.compute.registry import BACKENDS, device_words, list_devices, open_device, reason_for_first
from groundglass.errors import DeviceError, ShaderError
from groundglass.timing import Clock

KINDS = [backend.KIND for backend in BACKENDS]


def class_of(path: Path, name: str) -> ast.ClassDef:
    """The class whose name ends with `name`: `Device` matches `CudaDevice` and `OpenClDevice`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.endswith(name))


def public_methods(node: ast.ClassDef | ast.Module) -> dict[str, tuple[str, bool]]:
    """Arguments of each method, and whether it is a property."""
    return {
        item.name: (ast.unparse(item.args), any(ast.unparse(d) == "property" for d in item.decorator_list))
        for item in node.body
        if isinstance(item, ast.FunctionDef) and not item.name.startswith("_")
    }


def results(node: ast.ClassDef | ast.Module) -> dict[str, str]:
    """Return type of each method. A generator counts as its context manager."""
    return {
        item.name: ast.unparse(item.returns).replace("AbstractContextManager", "Iterator")
        for item in node.body
        if isinstance(item, ast.FunctionDef) and not item.name.startswith("_") and item.returns
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_backend_has_the_methods_of_the_contract_and_no_others(repository: Path, kind: str) -> None:
    contract = class_of(repository / "engine/compute/device.py", "Device")
    written = class_of(repository / f"engine/compute/{kind}.py", "Device")
    assert public_methods(written) == public_methods(contract)
    assert results(written) == results(contract)


@pytest.mark.parametrize("kind", KINDS)
def test_a_backend_has_the_attributes_of_the_contract_and_no_others(repository: Path, kind: str) -> None:
    contract = class_of(repository / "engine/compute/device.py", "Device")
    declared = {item.target.id for item in contract.body if isinstance(item, ast.AnnAssign)}
    written = class_of(repository / f"engine/compute/{kind}.py", "Device")
    assigned = {
        node.attr
        for node in ast.walk(written)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    }
    assert {name for name in assigned if not name.startswith("_")} == declared


@pytest.mark.parametrize("kind", KINDS)
def test_a_backend_module_has_the_functions_of_the_registry(repository: Path, kind: str) -> None:
    contract = class_of(repository / "engine/compute/registry.py", "Backend")
    module = ast.parse((repository / f"engine/compute/{kind}.py").read_text(encoding="utf-8"))
    required = {
        name: arguments.removeprefix("self").lstrip(", ") for name, (arguments, _) in public_methods(contract).items()
    }
    assert {name: public_methods(module)[name][0] for name in required} == required
    assert {name: results(module)[name] for name in required} == results(contract)
    backend = next(backend for backend in BACKENDS if kind == backend.KIND)
    assert backend.LABEL.lower() == kind


@pytest.mark.parametrize("spec", ["", "gpu", "opencl:x", "opencl:-1", "opencl:", "auto:1", "metal"])
def test_the_error_for_an_invalid_device_name_lists_the_valid_forms(spec: str) -> None:
    with pytest.raises(DeviceError, match="is not understood; use auto, cuda, cuda:N, opencl or opencl:N"):
        open_device(spec)


def candidate_of(spec: str, is_cpu: bool = False) -> Candidate:
    return Candidate(spec, spec, "", is_cpu, 1, 1)


class Fake:
    """A minimal backend."""

    KIND, LABEL = "fake", "Fake"
    candidates = (candidate_of("fake:0"),)
    opened: ClassVar[list[Candidate]] = []

    def enumerate_devices(self) -> tuple[list[Candidate], Failure | None]:
        return list(self.candidates), None

    def open_candidate(self, candidate: Candidate, gl: Any = None) -> Any:
        self.opened.append(candidate)


def test_another_backend_needs_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "BACKENDS", (Fake(), *BACKENDS))
    open_device("fake")
    open_device("auto")
    assert Fake.opened == [Fake.candidates[0]] * 2
    assert device_words() == "auto, fake, fake:N, cuda, cuda:N, opencl or opencl:N"
    found = list_devices()[0]
    assert found[0].spec == "fake:0"
    assert reason_for_first(found) == "Fake comes first where it finds a device"


def test_the_reason_for_the_first_device_is_given() -> None:
    assert reason_for_first([]) == "no driver reports a device"
    assert reason_for_first([candidate_of("opencl:0", is_cpu=True)]) == (
        "no GPU answers through CUDA or OpenCL, so the processor computes"
    )
    assert reason_for_first([candidate_of("opencl:1")]) == "no CUDA device is usable, and a GPU comes before a CPU"
    assert reason_for_first([candidate_of("cuda:0")]) == "CUDA comes first where it finds a device"


def test_the_error_for_a_missing_device_lists_the_available_ones(device: Device) -> None:
    with pytest.raises(DeviceError, match=r"^no device 'opencl:97' here \(found: .*\)") as caught:
        open_device("opencl:97")
    assert "\n" not in str(caught.value)
    assert device.spec in str(caught.value)


def test_the_error_without_a_device_gives_a_reason_and_a_remedy_for_each_backend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cuda, "enumerate_devices", lambda: ([], Failure("cuda", "CuPy is missing", "install it")))
    monkeypatch.setattr(opencl, "enumerate_devices", lambda: ([], Failure("opencl", "no driver", "get one")))
    with pytest.raises(DeviceError) as caught:
        open_device("auto")
    assert str(caught.value) == (
        "no device 'auto' here (found: none); cuda: CuPy is missing, install it; opencl: no driver, get one"
    )
    with pytest.raises(DeviceError, match=r"; cuda: CuPy is missing, install it$"):
        open_device("cuda")


def test_auto_prefers_cuda_then_an_opencl_gpu_then_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    mixed = [candidate_of("opencl:0", is_cpu=True), candidate_of("opencl:1")]
    opened: list[str] = []
    for backend in (cuda, opencl):
        monkeypatch.setattr(backend, "open_candidate", lambda chosen, gl: opened.append(chosen.spec))
    monkeypatch.setattr(opencl, "enumerate_devices", lambda: (mixed, None))
    monkeypatch.setattr(cuda, "enumerate_devices", lambda: ([candidate_of("cuda:0")], None))
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
    numbers[:] = -1  # the device has a copy
    expected = np.append(np.arange(60, dtype=np.float32), np.zeros(40, np.float32))
    np.testing.assert_array_equal(device.read(buffer, np.float32, 100), expected)
    with device.view(buffer, np.float32, 100) as values:
        np.testing.assert_array_equal(values, expected)
    device.release(buffer)
    device.release(buffer)
    assert device.live_buffers == before


def test_a_failed_allocation_gives_one_line(device: Device) -> None:
    before = device.live_buffers
    with pytest.raises(DeviceError, match=r"cannot allocate \d+ MiB .*; use a smaller --size") as caught:
        device.allocate(2**50)
    assert "\n" not in str(caught.value)
    assert device.live_buffers == before


def test_close_releases_every_buffer_and_may_be_repeated(device: Device) -> None:
    own = open_device(device.spec)
    buffer = own.allocate(64)
    own.allocate(64)
    assert own.live_buffers == 2
    own.close()
    assert own.live_buffers == 0
    own.close()
    own.release(buffer)
    assert own.live_buffers == 0


def test_a_companion_shares_only_kernels(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    own = open_device(device.spec)
    linearize(own)
    own.collect()
    with monkeypatch.context() as patched:
        patched.setattr(type(own), "_build", lambda *_: pytest.fail("a shared kernel was built again"))
        companion, clock, other_clock = own.companion(), Clock(), Clock()
        with own.stage("own", clock), companion.stage("companion", other_clock):
            linearize(companion)
        assert own.live_buffers == companion.live_buffers > 0
        companion.collect()
        own.collect()
        assert (set(clock.stages()), set(other_clock.stages())) == (set(), {"companion"})
        companion.close()
        linearize(own)
    own.close()


def linearize(device: Device) -> None:
    """Runs one kernel on a plane of 64 x 4 pixels that it allocates."""
    planes = Planes(device, 64, 4, 1)
    planes.run("linearize.cl", "linearize_float", light=planes.buffer, mosaic=planes.buffer, encoded=0)


def test_a_call_with_the_wrong_arguments_is_an_error_and_not_a_crash(device: Device) -> None:
    with pytest.raises(
        ShaderError, match=r"linearize.cl: linearize_float was not given 'GLOBAL const float \*RESTRICT l"
    ):
        device.run("linearize.cl", "linearize_float", (64, 1), (64, 1), width=1)
    with pytest.raises(ShaderError, match=r"linearize.cl: has no kernel 'level'; it has linearize, linearize_mapped"):
        device.run("linearize.cl", "level", (64, 1), (64, 1))
    with pytest.raises(ShaderError, match=r"kernels/nothing.cl: no such file"):
        device.run("nothing.cl", "nothing", (64,), (64,))


def test_a_stage_with_several_kernels_is_timed_once(device: Device) -> None:
    clock = Clock()
    numbers, planes = device.allocate(4 * 64), device.allocate(4 * 64 * 33)

    given = {"light": numbers, "mosaic": planes, "width": 32, "pitch": 64, "encoded": 0}

    def level() -> None:
        groups = 64 // device.run_length
        device.run("linearize.cl", "linearize_float", (groups, 1), (groups, 1), **given)

    with device.stage("develop", clock):
        level()
        level()
    level()  # outside of every stage
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
