"""A half-size preview equals the downsampled result of the full-size picture."""

import numpy as np
import pytest
from around_support import blurred, halved
from groundglass.look.grade import grade
from groundglass.look.look import list_looks, load_look, parse_look
from look_support import context, srgb, srgb_decoded

NEIGHBOURHOOD_PASSES = """[pass.vignette]
corner_light = 0.5
[pass.bloom]
amount = 0.2
[pass.halation]
amount = 0.1
[pass.micro_contrast]
amount = 0.6
[pass.tone_curve]
"""


def night(height: int = 320, width: int = 480) -> np.ndarray:
    """(H, W, 3) float32: smooth colours at all levels, an edge of 3 stops, and 40 blurred lamps, up to 60 x white."""
    random = np.random.default_rng(4)
    scene = 0.18 * 2.0 ** (60.0 * blurred(random.standard_normal((height, width, 3)), 12.0))
    scene *= 2.0 ** (0.3 * blurred(random.standard_normal((height, width, 1)), 1.5))  # texture
    scene[:, width // 3 :] *= 0.125
    lamps = np.zeros((height, width, 1))
    for y, x in random.integers(0, (height, width), (40, 2)):
        lamps[y, x] = random.uniform(50.0, 1000.0)
    return np.asarray(scene + blurred(lamps, 1.5) * (1.0, 0.8, 0.6), dtype=np.float32)


def preview_psnr(scene: np.ndarray, look: object) -> float:
    full, half = (grade(size, look, space="rec2020", ctx=context()) for size in (scene, halved(scene)))
    error = half - srgb(halved(srgb_decoded(full)))
    return float(-10 * np.log10((error**2).mean()))


@pytest.mark.parametrize("name", [*list_looks(), "neighbourhood passes"])
def test_the_preview_equals_the_downsampled_result(name: str) -> None:
    look = parse_look(NEIGHBOURHOOD_PASSES, "neighbourhood.toml") if name == "neighbourhood passes" else load_look(name)
    if any(settings.name == "grain" for settings in look.passes):
        look = look.with_value("grain", "amount", 0.0)
    assert preview_psnr(night(), look) >= 40.0


def test_grain_keeps_its_size_in_the_frame() -> None:
    """The extent of grain in frame heights is the same at half size."""
    grain = parse_look("[pass.grain]\namount = 0.04\nsize = 0.01", "grain.toml")
    extents = []
    for height in (400, 800):
        drawn = grade(np.full((height, height, 3), 0.2, np.float32), grain, space="rec2020", ctx=context())[..., 1]
        spectrum = np.abs(np.fft.rfft(drawn - drawn.mean(), axis=1)) ** 2
        cycles = np.arange(spectrum.shape[1])  # per frame
        extents.append((spectrum.mean(axis=0) * cycles)[:150].sum() / spectrum.mean(axis=0)[:150].sum())
    assert extents[0] == pytest.approx(extents[1], rel=0.1)
