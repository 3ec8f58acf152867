"""The contract of a compute device: the same methods in each backend, clear errors, nothing left alive."""

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
    """The class whose name ends so: `Device` of the contract, `CudaDevice`, `OpenClDevice`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.endswith(name))


def public_methods(node: ast.ClassDef | ast.Module) -> dict[str, tuple[str, bool]]:
    """Arguments by name, and whether it is a property. What a generator yields is what its context manager gives."""
    return {
        item.name: (ast.unparse(item.args), any(ast.unparse(d) == "property" for d in item.decorator_list))
        for item in node.body
        if isinstance(item, ast.FunctionDef) and not item.name.startswith("_")
    }


def results(node: ast.ClassDef | ast.Module) -> dict[str, str]:
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
    promised = {item.target.id for item in contract.body if isinstance(item, ast.AnnAssign)}
    written = class_of(repository / f"engine/compute/{kind}.py", "Device")
    assigned = {
        node.attr
        for node in ast.walk(written)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    }
    assert {name for name in assigned if not name.startswith("_")} == promised


@pytest.mark.parametrize("kind", KINDS)
def test_a_backend_is_a_module_that_offers_what_the_registry_asks_for(repository: Path, kind: str) -> None:
    contract = class_of(repository / "engine/compute/registry.py", "Backend")
    module = ast.parse((repository / f"engine/compute/{kind}.py").read_text(encoding="utf-8"))
    asked = {
        name: arguments.removeprefix("self").lstrip(", ") for name, (arguments, _) in public_methods(contract).items()
    }
    assert {name: public_methods(module)[name][0] for name in asked} == asked
    assert {name: results(module)[name] for name in asked} == results(contract)
    backend = next(backend for backend in BACKENDS if kind == backend.KIND)
    assert backend.LABEL.lower() == kind


@pytest.mark.parametrize("spec", ["", "gpu", "opencl:x", "opencl:-1", "opencl:", "auto:1", "metal"])
def test_a_name_that_is_no_device_says_what_a_device_is_called(spec: str) -> None:
    with pytest.raises(DeviceError, match="is not understood; use auto, cuda, cuda:N, opencl or opencl:N"):
        open_device(spec)


def a_candidate(spec: str, is_cpu: bool = False) -> Candidate:
    return Candidate(spec, spec, "", is_cpu, 1, 1)


class Fake:
    """A backend in a few lines, which is all that another one has to be."""

    KIND, LABEL = "fake", "Fake"
    found = (a_candidate("fake:0"),)
    opened: ClassVar[list[Candidate]] = []

    def enumerate_devices(self) -> tuple[list[Candidate], Failure | None]:
        return list(self.found), None

    def open_candidate(self, candidate: Candidate, gl: Any = None) -> Any:
        self.opened.append(candidate)


def test_another_backend_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "BACKENDS", (Fake(), *BACKENDS))
    open_device("fake")
    open_device("auto")
    assert Fake.opened == [Fake.found[0]] * 2
    assert device_words() == "auto, fake, fake:N, cuda, cuda:N, opencl or opencl:N"
    found = list_devices()[0]
    assert found[0].spec == "fake:0"
    assert reason_for_first(found) == "Fake comes first where it finds a device"


def test_why_the_first_device_comes_first() -> None:
    assert reason_for_first([]) == "no driver reports a device"
    assert reason_for_first([a_candidate("opencl:0", is_cpu=True)]) == (
        "no GPU answers through CUDA or OpenCL, so the processor computes"
    )
    assert reason_for_first([a_candidate("opencl:1")]) == "no CUDA device is usable, and a GPU comes before a CPU"
    assert reason_for_first([a_candidate("cuda:0")]) == "CUDA comes first where it finds a device"


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
    mixed = [a_candidate("opencl:0", is_cpu=True), a_candidate("opencl:1")]
    opened: list[str] = []
    for backend in (cuda, opencl):
        monkeypatch.setattr(backend, "open_candidate", lambda chosen, gl: opened.append(chosen.spec))
    monkeypatch.setattr(opencl, "enumerate_devices", lambda: (mixed, None))
    monkeypatch.setattr(cuda, "enumerate_devices", lambda: ([a_candidate("cuda:0")], None))
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


def test_a_companion_shares_kernels_and_nothing_else(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    own = open_device(device.spec)
    linearize(own)
    own.collect()
    with monkeypatch.context() as patched:
        patched.setattr(type(own), "_build", lambda *_: pytest.fail("a shared kernel was built again"))
        companion, clock, other_clock = own.companion(), Clock(), Clock()
        with own.stage("mine", clock), companion.stage("theirs", other_clock):
            linearize(companion)
        assert own.live_buffers == companion.live_buffers > 0
        companion.collect()
        own.collect()
        assert (set(clock.stages()), set(other_clock.stages())) == (set(), {"theirs"})
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


def test_a_stage_is_timed_once_however_many_kernels_it_has(device: Device) -> None:
    clock = Clock()
    numbers, planes = device.allocate(4 * 64), device.allocate(4 * 64 * 33)

    given = {"light": numbers, "mosaic": planes, "width": 32, "pitch": 64, "encoded": 0}

    def level() -> None:
        groups = 64 // device.run_length
        device.run("linearize.cl", "linearize_float", (groups, 1), (groups, 1), **given)

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
