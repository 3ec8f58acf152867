"""Defocus on devices with other run lengths, and after other frames: the picture stays the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.compute.registry import open_device
from groundglass.frame import Frame
from groundglass.lens import list_lenses, load_lens
from groundglass.optics.blur import Blur
from groundglass.optics.defocus import QUALITIES, Defocus, Quality
from tolerances import ANOTHER_COMPILER

SIZE = (333, 181)
KINDS = ["noct-50", "swirl-50", "phone-12mm"]  # discs that vary over the field, with colour and without; round discs
# A step of 8 bits in linear light at the darkest values that a display shows apart from black.
CODE = 1 / (255 * 12.92)


@pytest.fixture(scope="module")
def frame() -> Iterator[Frame]:
    with open_source(f"scene:?size={SIZE[0]}x{SIZE[1]}") as source:
        yield next(iter(source))


class Stage:
    """Defocus of the scene, and its inputs on the device."""

    def __init__(self, device: Device, frame: Frame, quality: Quality) -> None:
        assert frame.depth_m is not None
        self.defocus = Defocus(device, *SIZE, quality)
        self.scene, self.depth = Planes(device, *SIZE, 3), Planes(device, *SIZE, 1)
        random = np.random.default_rng(3)
        light = random.random((SIZE[1], SIZE[0], 3)).astype(np.float32) ** 2
        light[random.random(light.shape[:2]) < 0.002] = 60.0  # lamps, drawn as sprites
        self.scene.write(light)
        self.depth.write(frame.depth_m[..., None].astype(np.float32))
        self.depth.mirror()
        self.distances_m = np.sort(frame.depth_m, axis=None)[::17]

    def blurred(self, lens: str, focus_m: float) -> np.ndarray:
        blur = Blur.of(load_lens(lens), focus_m, SIZE[0])
        return self.defocus.run(self.scene, self.depth, self.distances_m, blur).read()

    def release(self) -> None:
        for part in (self.defocus, self.scene, self.depth):
            part.release()


@pytest.mark.parametrize(
    ("run_length", "quality", "lenses"),
    [(1, "live", list_lenses()), (1, "best", KINDS), (8, "live", KINDS), (16, "live", KINDS)],
)
def test_the_blur_of_a_lens_is_independent_of_the_run_length(
    device: Device, frame: Frame, run_length: int, quality: Quality, lenses: list[str]
) -> None:
    if device.run_length in (1, run_length):
        pytest.skip(f"{device.spec} has the run length {device.run_length}; only a CPU supports others")
    other = open_device(device.spec)
    other.run_length = run_length
    stages = [Stage(where, frame, quality) for where in (device, other)]
    for lens in lenses:
        expected, picture = (stage.blurred(lens, 1.2) for stage in stages)
        apart = np.abs(picture - expected) / (2e-3 * np.abs(expected) + 0.5 * CODE)
        assert apart.max() < 5, lens
        # The blur keeps half floats: the radius or the light of a lamp may be rounded to the neighbouring one.
        assert np.mean(apart > 1) < 1e-3, lens
    for stage in stages:
        stage.release()
    other.close()


@pytest.mark.parametrize("quality", QUALITIES)
def test_the_picture_does_not_depend_on_previous_frames(device: Device, frame: Frame, quality: Quality) -> None:
    """Scales keep light where the new frame has none, unless they replace it."""
    fresh, used = Stage(device, frame, quality), Stage(device, frame, quality)
    for focus_m in (0.6, 3.0, 5.0):
        used.blurred("noct-50", focus_m)
    expected = fresh.blurred("noct-50", 1.2)
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(used.blurred("noct-50", 1.2), expected, rtol=ANOTHER_COMPILER, atol=ANOTHER_COMPILER)
    for stage in (fresh, used):
        stage.release()
