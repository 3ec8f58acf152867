"""Zero-copy from CUDA to OpenGL, with a substitute for the driver; the real driver was never used."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from gl_driver_support import GlDriverDouble, install
from groundglass.compute import cuda_gl
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.compute.registry import open_device
from groundglass.errors import DeviceError
from groundglass.transfer.host import ORIGIN
from groundglass.transfer.registry import open_transfer
from groundglass.transfer.transfer import TextureTransfer
from look_support import context
from tolerances import HALF_ROUNDING

RANDOM = np.random.default_rng(47)
FRAME_CALLS = ["cuGraphicsMapResources", "cuGraphicsSubResourceGetMappedArray", "cuGraphicsUnmapResources"]


@pytest.fixture
def driver(cupy: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[GlDriverDouble]:
    double = install(cupy, monkeypatch)
    yield double
    assert double.registered == {}, "a texture remains registered"


def scene_of(device: Device, width: int = 20, height: int = 12) -> tuple[Planes, np.ndarray]:
    scene, rgb = Planes(device, width, height, 3), RANDOM.uniform(0, 4, (height, width, 3)).astype(np.float32)
    scene.write(rgb)
    return scene, rgb


def assert_sent(transfer: TextureTransfer, rgb: np.ndarray) -> None:
    textures, (height, width) = transfer.textures, rgb.shape[:2]
    assert textures.size == (width, height)
    pitch, rows = textures.pitch_px
    sent = np.frombuffer(textures.textures[0].read(), np.float16).reshape(rows, pitch, 4)
    x, y = textures.origin
    assert (x, y) == ORIGIN
    np.testing.assert_allclose(sent[y : y + height, x : x + width, :3].astype(np.float32), rgb, rtol=HALF_ROUNDING)


def test_a_scene_reaches_the_texture_without_main_memory(
    cuda: Device, driver: GlDriverDouble, late_events: Any
) -> None:
    transfer = open_transfer(cuda, context())
    assert transfer.name == "zero-copy"
    for width in (20, 20, 40):  # the texture of another size is registered in place of the old one
        scene, rgb = scene_of(cuda, width)
        transfer.send(scene)
        assert len(driver.registered) == 1
        assert_sent(transfer, rgb)
        driver.calls.clear()
        transfer.send(scene)
        assert driver.calls == FRAME_CALLS
        scene.release()
    assert late_events.waits == 0
    for _ in range(2):
        transfer.release()


def test_a_frame_waits_for_nothing(cuda: Device, driver: GlDriverDouble, late_events: Any) -> None:
    """The device works on a frame while the host draws the next one."""
    mosaics = RANDOM.integers(0, 65536, (4, 60, 88), dtype=np.uint16)
    depths_m = RANDOM.uniform(0.8, 5.0, (4, 60, 88)).astype(np.float32)
    drawn_before = late_events.recorded
    with gg.Engine(cuda.companion(), gl=context()) as engine:
        for mosaic, depth_m in zip(mosaics, depths_m, strict=True):
            late_events.reached, drawn_before = drawn_before, late_events.recorded
            engine.draw(gg.Frame(mosaic, depth_m=depth_m), gg.Settings())
        assert (engine.transfer_name, late_events.waits) == ("zero-copy", 0)
        engine.device.finish()
        engine.device.collect()
        assert {"develop", "optics", "transfer"} <= engine.clock.stages().keys()


def test_the_picture_is_that_of_the_way_through_main_memory(
    cuda: Device, driver: GlDriverDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = gg.Frame(RANDOM.integers(0, 65536, (60, 88), dtype=np.uint16))
    pictures = {}
    for gl_devices in ([0], [1, 2]):
        driver.gl_devices = gl_devices
        with gg.Engine(cuda.companion(), gl=context()) as engine:
            picture = engine.render(frame, gg.Settings())
            pictures[engine.transfer_name] = picture
    assert pictures.keys() == {"zero-copy", "host (OpenGL draws on another GPU than cuda:0)"}
    np.testing.assert_array_equal(*pictures.values())


@pytest.mark.parametrize(
    ("call", "status", "reason"),
    [
        ("cuGLGetDevices_v2", 219, "cuGLGetDevices_v2 failed (CUDA_ERROR_INVALID_GRAPHICS_CONTEXT)"),
        ("cuGraphicsGLRegisterImage", 1, "cuGraphicsGLRegisterImage failed (CUDA_ERROR_INVALID_VALUE)"),
        ("cuGraphicsMapResources", 1, "cuGraphicsMapResources failed (CUDA_ERROR_INVALID_VALUE)"),
        ("cuGraphicsSubResourceGetMappedArray", 1, "cuGraphicsSubResourceGetMappedArray failed (CUDA_ERROR_INVALID_"),
    ],
)
@pytest.mark.parametrize("is_late", [False, True], ids=["at the start", "while frames are drawn"])
def test_a_call_that_fails_leads_through_main_memory_for_good(
    cuda: Device, driver: GlDriverDouble, call: str, status: int, reason: str, is_late: bool
) -> None:
    if not is_late:
        driver.failing = {call: status}
    transfer = open_transfer(cuda, context())
    assert transfer.name.startswith("zero-copy" if is_late else f"host ({reason}")
    for width in (20, 40):
        driver.failing = {call: status}
        scene, rgb = scene_of(cuda, width)
        transfer.send(scene)
        assert_sent(transfer, rgb)
        assert transfer.name.startswith(f"host ({reason}")
        assert "\n" not in transfer.name
        driver.failing, driver.calls = {}, []
        transfer.send(scene)
        assert driver.calls == []
        scene.release()
    transfer.release()


def test_a_failing_unregistration_does_not_stop_the_frame(cuda: Device, driver: GlDriverDouble) -> None:
    transfer = open_transfer(cuda, context())
    scene, rgb = scene_of(cuda)
    transfer.send(scene)
    driver.failing = {"cuGraphicsMapResources": 1, "cuGraphicsUnregisterResource": 1}
    transfer.send(scene)
    assert_sent(transfer, rgb)
    driver.registered.clear()
    transfer.release()
    scene.release()


@pytest.mark.usefixtures("cupy")
def test_software_opengl_shares_no_texture(cuda: Device) -> None:
    transfer = open_transfer(cuda, context())
    assert transfer.name == "host (OpenGL draws on the processor)"
    transfer.release()


def test_a_driver_without_the_library_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_gl, "LIBRARY", "libmissing-cuda.so.1")
    with pytest.raises(
        DeviceError, match=r"^libmissing-cuda\.so\.1 cannot be loaded \(.*\); install the NVIDIA driver"
    ):
        cuda_gl.load_driver()
    with pytest.raises(DeviceError, match=r"has no cuDeviceGet; update the NVIDIA driver"):
        cuda_gl.GlDriver(object()).draws_on(0)


def test_an_opencl_gpu_names_the_reason_and_draws_the_same_picture(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test device with the paths of a GPU: pinned memory, and times of stages with a later frame."""
    monkeypatch.setattr("groundglass.transfer.shared.is_software", lambda ctx: False)
    frame, pictures = gg.Frame(RANDOM.integers(0, 65536, (60, 88), dtype=np.uint16)), []
    for is_cpu in (True, False):
        opened = open_device(device.spec)
        opened.is_cpu = is_cpu
        with gg.Engine(opened, gl=context(), look_route="gl") as engine:
            pictures.append(engine.render(frame, gg.Settings()))
            opened.finish()
            opened.collect()
            assert {"develop", "transfer"} <= engine.clock.stages().keys()
    assert engine.transfer_name == "host (pyopencl shares no textures with OpenGL)"
    np.testing.assert_array_equal(*pictures)
