"""The scene is packed into one texture of half floats."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.compute.registry import open_device
from groundglass.transfer import host
from groundglass.transfer.host import ORIGIN, HostTransfer, PackedScene
from look_support import context


def packed_pixels(device: Device, pixels: np.ndarray) -> np.ndarray:
    """(H, W, 4) float16 pixels of the packed scene."""
    height, width = pixels.shape[:2]
    before = device.live_buffers
    scene, packed_scene = Planes(device, width, height, 3), PackedScene(device, width, height)
    scene.write(pixels.astype(np.float32))
    with packed_scene.view(scene) as packed:
        picture = packed[ORIGIN[1] :, ORIGIN[0] : ORIGIN[0] + width].copy()
    for _ in range(2):
        packed_scene.release()
        scene.release()
    assert device.live_buffers == before
    return picture


@pytest.mark.parametrize("size", [(1, 1), (5, 37), (64, 48), (33, 600)])
def test_a_pixel_is_rounded_to_half_floats_with_alpha_1(device: Device, size: tuple[int, int]) -> None:
    pixels = (2.0 ** np.random.default_rng(3).uniform(-14, 15.9, (*size, 3))).astype(np.float32)
    picture = packed_pixels(device, pixels)
    assert picture.shape == (*size, 4)
    np.testing.assert_allclose(picture[..., :3].astype(np.float64), pixels, rtol=2.0**-11)
    assert (picture[..., 3] == 1.0).all()


def test_invalid_values_are_black_and_bright_values_stay_finite(device: Device) -> None:
    wild = np.array([np.nan, -np.inf, -1.0, 0.0, 1e-30, 65504.0, 1e30, np.inf, 0.5], dtype=np.float32).reshape(1, 3, 3)
    np.testing.assert_array_equal(
        packed_pixels(device, wild)[..., :3].ravel(), np.array([0, 0, 0, 0, 0, 65504, 65504, 65504, 0.5])
    )


@pytest.mark.parametrize("run_length", [1, 8, 16])
def test_every_run_length_packs_the_same_bits(device: Device, run_length: int) -> None:
    if device.run_length in (1, run_length):
        pytest.skip(f"{device.spec} has the run length {device.run_length}; only a CPU supports others")
    other = open_device(device.spec)
    other.run_length = run_length
    values = np.random.default_rng(4).integers(-(2**31), 2**31, (9, 70, 3), dtype=np.int32).view(np.float32)  # any bits
    faint = np.abs(values) < 2.0**-14  # rounded or flushed to 0
    results = [np.where(faint, 0, packed_pixels(opened, values)[..., :3]) for opened in (device, other)]
    np.testing.assert_array_equal(results[1], results[0])
    assert np.isfinite(results[0]).all()
    other.close()


def test_the_error_of_faint_values_is_invisible(device: Device) -> None:
    faint = np.linspace(0.0, 2.0**-14, 300, dtype=np.float32).reshape(1, 100, 3)
    assert np.abs(packed_pixels(device, faint)[..., :3] - faint).max() <= 2.0**-14


def test_a_large_scene_is_uploaded_in_strips(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    gl, scene = context(), Planes(device, 40, 23, 3)
    scene.write(np.random.default_rng(5).random((23, 40, 3)).astype(np.float32))
    uploaded = []
    for strip_bytes in (1 << 20, 8 * scene.layout.pitch * 5, 1):
        monkeypatch.setattr(host, "_STRIP_BYTES", strip_bytes)
        transfer = HostTransfer(device, gl)
        uploaded.append(transfer.send(scene).textures[0].read())
        transfer.release()
    assert uploaded[0] == uploaded[1] == uploaded[2]
    scene.release()
