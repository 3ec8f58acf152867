"""Shared fixtures."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from gl_objects import GL_OBJECTS, GlObjects
from groundglass import api
from groundglass.compute.device import Buffer, Device
from groundglass.compute.registry import list_devices, open_device
from groundglass.interrupts import signal_numbers
from window_support import Screen, open_screen

REPOSITORY = Path(__file__).resolve().parent.parent
STAND_IN = REPOSITORY / "tests" / "support" / "cupy_stand_in"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's job in the background; programs would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

GL_OBJECTS.watch()
MARKER_OF_FIXTURE = {"screen": pytest.mark.window, "gpus": pytest.mark.gpu}  # tests with the fixture get the marker

# The files that take longest, started first: at the end one of them would leave the other workers idle.
LONG_FILES = {
    *("test_packaging.py", "test_selftest.py", "test_viewfinder_page.py", "test_cli.py", "test_optics_quality.py"),
    *("test_look_fit.py", "test_defocus.py", "test_docs.py", "test_kernels.py", "test_cuda.py", "test_stereo.py"),
    *("test_glfw.py", "test_remote.py", "test_panel.py", "test_saved_settings.py", "test_reload_window.py"),
    *("test_v4l2_vm.py", "test_notebook.py", "test_public_types.py", "test_render_batch.py"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONG_FILES)
    for item in items:
        for fixture in MARKER_OF_FIXTURE.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKER_OF_FIXTURE[fixture])


@pytest.fixture(scope="session", autouse=True)
def _separate_settings_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each worker has its own folders for settings and state, separate from the user's."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield


@pytest.fixture(autouse=True)
def _handlers_of_signals_are_kept() -> Iterator[None]:
    """A library that replaces them would end Ctrl-C's effect in the user's program, and in the next test."""
    before = [signal.getsignal(number) for number in signal_numbers()]
    yield
    assert [signal.getsignal(number) for number in signal_numbers()] == before


@pytest.fixture
def gl_objects() -> GlObjects:
    """The GL objects that are alive, by context."""
    return GL_OBJECTS


@pytest.fixture(autouse=True)
def _every_gl_object_is_released_before_its_context(gl_objects: GlObjects) -> Iterator[None]:
    gl_objects.leaks.clear()
    yield
    assert gl_objects.leaks == []


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root, for tests that need the source tree, not only the package."""
    return REPOSITORY


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real input files: `$GROUNDGLASS_DATA`, default `../shared/data`. Skips without a folder."""
    named = os.environ.get("GROUNDGLASS_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        origin = f"$GROUNDGLASS_DATA ({named})" if named else "../shared/data"
        pytest.skip(f"no real input files: {origin} is not a folder; set GROUNDGLASS_DATA to one")
    return folder


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    """A separate X server for the tests of the real window."""
    yield from open_screen()


@pytest.fixture(scope="session")
def device() -> Iterator[Device]:
    """The best device of this machine. Its teardown asserts that no buffer is alive."""
    opened = open_device("auto")
    yield opened
    opened.close()
    assert opened.live_buffers == 0


@pytest.fixture(scope="session")
def gpus() -> list[str]:
    """The devices that are not a CPU. Skips without any."""
    found, failures = list_devices()
    specs = [candidate.spec for candidate in found if not candidate.is_cpu]
    if not specs:
        pytest.skip(
            "no GPU on this machine: "
            + ("; ".join(f"{failure.kind}: {failure.reason}" for failure in failures) or "only CPUs")
        )
    return specs


@pytest.fixture(scope="module")
def cupy(pytestconfig: pytest.Config, device: Device) -> Iterator[ModuleType]:
    """The stand-in under the name of CuPy. The `device` of other tests is opened before, so that it is not CUDA's."""
    if shutil.which("g++") is None:
        pytest.skip("no C++ compiler: g++ is not installed")
    cache = pytestconfig.cache
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in sys.modules if name.partition(".")[0] == "cupy"]:
            patch.delitem(sys.modules, name)
        patch.syspath_prepend(str(STAND_IN))
        if cache is not None:
            patch.setenv("CUPY_STAND_IN_CACHE", str(cache.mkdir("cuda")))
        import cupy

        yield cupy
        for name in [name for name in sys.modules if name.partition(".")[0] == "cupy"]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def cuda(cupy: ModuleType) -> Iterator[Device]:
    """The CUDA device; all its memory is released at the end."""
    opened = open_device("cuda:0")
    yield opened
    opened.close()
    assert opened.live_buffers == 0
    assert cupy.get_default_memory_pool().used_bytes() == 0


@pytest.fixture
def late_events(cuda: Device, cupy: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The events of the stand-in, which end only if the host waits; `waits` is 0."""
    cuda.finish()
    cuda.collect()
    monkeypatch.setattr(cupy.cuda.Event, "lags", True)
    monkeypatch.setattr(cupy.cuda.Event, "waits", 0)
    return cupy.cuda.Event


class BorrowedDevice:
    """A view of a device with another owner: `close` releases only the buffers allocated through it."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._allocated: list[Buffer] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._device, name)

    def allocate(self, nbytes: int) -> Buffer:
        self._allocated.append(self._device.allocate(nbytes))
        return self._allocated[-1]

    def close(self) -> None:
        for buffer in self._allocated:
            self._device.release(buffer)


@pytest.fixture
def quick_api(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """The NumPy functions build their kernels once for all tests, instead of at each call (150 ms)."""
    monkeypatch.setattr(api, "open_device", lambda spec: BorrowedDevice(device))
