"""Arrays of other libraries: frames from them and scenes for them, without a copy through main memory."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.device_array import DeviceArray

RNG = np.random.default_rng(19)
PICTURE = RNG.integers(0, 255, (32, 48, 3), dtype=np.uint8)
MOSAIC = RNG.integers(256, 4096, (32, 48), dtype=np.uint16)
SETTINGS = gg.Settings(look="neutral", f_number=4.0)


class Borrowed:
    """The device of a fixture, which an engine does not close."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def __getattr__(self, name: str) -> Any:
        return getattr(self._device, name)

    def close(self) -> None: ...


class Exported:
    """A NumPy array as another library exports it: by DLPack alone."""

    def __init__(self, array: np.ndarray, device: tuple[int, int] | None = None) -> None:
        self._array, self._device = array, device

    def __dlpack__(self, **options: Any) -> Any:
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._device or self._array.__dlpack_device__()


def test_an_array_in_main_memory_is_read_in_place() -> None:
    frame = gg.Frame(Exported(PICTURE), gg.Encoding.DISPLAY, depth_m=Exported(np.ones((4, 6), np.float32)))
    assert np.shares_memory(frame.pixels, PICTURE)
    assert isinstance(frame.depth_m, np.ndarray)


def test_strided_rows_are_copied_once() -> None:
    frame = gg.Frame(Exported(PICTURE[:, ::2]), gg.Encoding.DISPLAY)
    assert frame.pixels.flags.c_contiguous
    assert np.array_equal(frame.pixels, PICTURE[:, ::2])


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        ("photo.png", "frame: pixels: a str is not an array; give a NumPy array, or one with DLPack"),
        (Exported(PICTURE, (8, 0)), "frame: pixels: is on a device of DLPack's type 8; move it to main memory"),
        (Exported(PICTURE.astype("S4")), r"frame: pixels: cannot be read by DLPack \(.*\); copy it to a NumPy array"),
        (Exported(PICTURE.astype(np.int64)), r"frame: \(32, 48, 3\) int64 is not a display array"),
    ],
)
def test_an_unsuitable_array_is_named(pixels: Any, message: str) -> None:
    with pytest.raises(gg.GroundglassError, match=message):
        gg.Frame(pixels, gg.Encoding.DISPLAY)


@pytest.fixture
def on_gpu(cupy: ModuleType, cuda: Device) -> Any:
    """Puts an array on the device of the stand-in, as another library has it. Counts transfers from 0 afterwards."""

    def put(array: np.ndarray) -> Any:
        held = cupy.ndarray.of(array.copy())
        cupy.transfers.to_device = cupy.transfers.to_host = 0
        cupy.cuda.waits_between.clear()
        return held

    return put


@pytest.mark.parametrize(("array", "encoding"), [(PICTURE, gg.Encoding.DISPLAY), (MOSAIC, gg.Encoding.MOSAIC)])
def test_a_frame_on_the_gpu_is_developed_there(
    array: np.ndarray, encoding: gg.Encoding, on_gpu: Any, cupy: ModuleType, cuda: Device
) -> None:
    profile = gg.CameraProfile(white=4095.0)
    with gg.Engine(Borrowed(cuda), look_route="gl") as engine:
        expected = engine.scene(gg.Frame(array, encoding, profile=profile), SETTINGS)
        held = on_gpu(array)
        frame = gg.Frame(held, encoding, profile=profile)
        scene = engine.scene_on_device(frame, SETTINGS)
        assert isinstance(frame.pixels, DeviceArray)
        assert cupy.transfers.to_host == 0
        assert cupy.transfers.to_device < array.nbytes  # tables of the lens
        assert (cupy.cuda.get_current_stream().ptr, cuda._stream.ptr) in cupy.cuda.waits_between
        read = cupy.from_dlpack(scene)
        assert (cuda._stream.ptr, cupy.cuda.get_current_stream().ptr) in cupy.cuda.waits_between
        assert np.array_equal(read.memory, expected)
        assert read.strides[1] == 4  # the engine's planes, not a copy


def test_metering_copies_only_its_samples(on_gpu: Any, cupy: ModuleType, cuda: Device) -> None:
    large = RNG.integers(256, 4096, (1024, 1024), dtype=np.uint16)
    frame = gg.Frame(on_gpu(large))
    assert np.array_equal(frame.pixels[2:4], large[2:4])
    rows, columns = np.ix_(np.arange(0, 1024, 64), np.arange(0, 1024, 64))
    assert np.array_equal(frame.pixels[rows, columns], large[rows, columns])
    assert cupy.transfers.to_host < large.nbytes / 16


def test_a_picture_of_a_gpu_frame_equals_that_of_a_host_frame(on_gpu: Any, cupy: ModuleType, cuda: Device) -> None:
    turned = {"orientation": 6, "profile": gg.CameraProfile(white=4095.0)}
    settings = SETTINGS.with_(development=gg.Development(metering="auto", white_balance="auto"))
    with gg.Engine(Borrowed(cuda), look_route="gl") as engine:
        expected = engine.render(gg.Frame(MOSAIC, **turned), settings)
        assert np.array_equal(engine.render(gg.Frame(on_gpu(MOSAIC), **turned), settings), expected)


def test_opencl_draws_a_gpu_frame_through_main_memory(on_gpu: Any, device: Device) -> None:
    frame = gg.Frame(on_gpu(PICTURE), gg.Encoding.DISPLAY)
    buffer = device.allocate(PICTURE.nbytes)
    device.write(buffer, frame.pixels)
    assert np.array_equal(device.read(buffer, np.uint8, PICTURE.size), PICTURE.ravel())
    device.release(buffer)
    with pytest.raises(ValueError, match="without a copy"):
        frame.pixels.__array__(copy=False)


def test_a_kept_frame_has_its_own_memory(on_gpu: Any) -> None:
    held = on_gpu(PICTURE)
    kept = gg.Frame(held, gg.Encoding.DISPLAY, lease=gg.Lease(lambda: None)).owned()
    held.memory[...] = 0  # the driver fills the buffer again
    assert np.array_equal(np.asarray(kept.pixels), PICTURE)


def test_a_gpu_frame_without_cupy_names_the_extra(on_gpu: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    held = on_gpu(PICTURE)
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(gg.GroundglassError, match=r"needs CuPy; pip install groundglass\[cuda\]"):
        gg.Frame(held, gg.Encoding.DISPLAY)


def test_a_scene_of_opencl_is_in_main_memory() -> None:
    frame = gg.Frame(PICTURE, gg.Encoding.DISPLAY)
    with gg.Engine("opencl", look_route="gl") as engine:
        shared = np.from_dlpack(engine.scene_on_device(frame, SETTINGS))
        assert np.array_equal(shared, engine.scene(frame, SETTINGS))
