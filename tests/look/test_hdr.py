"""The HDR rendition of looks: the arithmetic of the gain, its shader, and the codes of PQ and HLG."""

from dataclasses import replace

import numpy as np
import pytest
from groundglass.colour import hdr
from groundglass.colour.cicp import Cicp
from groundglass.colour.encoding import srgb_decode
from groundglass.errors import OutputError
from groundglass.gl.passes import Stage, load_pass
from groundglass.look import reference
from groundglass.look.grade import grade
from groundglass.look.hdr import HdrDraw, ultra_hdr_of
from groundglass.look.look import Look, list_looks, load_look
from groundglass.look.lut import Lut
from groundglass.look.lut_look import lut_look
from groundglass.settings import Settings
from look_support import context

PEAK = 2.0**hdr.DEFAULT_STOPS
SCENE = (0.18 * 2.0 ** np.random.default_rng(0).normal(1, 2, (24, 30, 3))).astype(np.float32)


def pixel_passes(look: Look) -> Look:
    return replace(look, passes=tuple(p for p in look.passes if load_pass(p.name).stage is Stage.PIXEL))


def test_the_gain_is_one_up_to_two_stops_above_grey_and_grows_to_the_peak():
    light = np.geomspace(1e-3, 6e4, 4000)
    gain = hdr.highlight_gain(np.stack([light, 0 * light, 0 * light], axis=-1), PEAK)
    assert (gain[light <= 4 * 0.18] == 1.0).all()
    assert (np.diff(gain[light > 0.73]) > 0).all()
    assert gain[-1] == pytest.approx(PEAK, rel=1e-3)
    assert gain[-1] <= PEAK
    slopes = np.diff(gain) / np.diff(light)
    assert np.abs(np.diff(slopes)).max() < 0.02  # no kink, which would be a visible contour


def test_a_white_sheet_stays_nearly_the_same():
    assert 1.0 < hdr.highlight_gain(np.full(3, 0.9), PEAK) < 1.06


@pytest.mark.parametrize("name", list_looks())
def test_the_shader_draws_the_reference(name: str):
    look = pixel_passes(load_look(name))
    with HdrDraw(context()) as draw:
        draw.load(SCENE)
        for strength in (1.0, 0.6):
            drawn = draw.renditions(look, hdr.light_output("rec2020", hdr.DEFAULT_STOPS), strength)
            light, gain = reference.hdr(look, SCENE, PEAK, strength=strength)
            np.testing.assert_allclose(drawn.sdr, light, atol=2e-5)
            np.testing.assert_allclose(drawn.gain, gain, rtol=1e-5)
            np.testing.assert_allclose(drawn.hdr, light * gain[..., None], atol=1e-4)


def test_the_light_in_srgb_is_that_of_the_sdr_picture():
    look = load_look("classic")
    with HdrDraw(context()) as draw:
        draw.load(SCENE)
        drawn = draw.renditions(look, hdr.light_output("srgb", 2.0))
        picture = draw.display(look)
    expected = srgb_decode(grade(SCENE, look, space="rec2020", ctx=context()))
    np.testing.assert_allclose(drawn.sdr, expected, atol=5e-4)
    assert np.abs(srgb_decode(picture / 255.0) - expected).max() < 0.02
    assert drawn.gain.max() <= 4.0


def test_the_gain_follows_the_exposure_of_the_look_not_what_comes_after_its_curve():
    brighter = load_look("vibrant").with_value("exposure", "exposure_ev", 2.0)
    at_curve, later = (
        reference.hdr(pixel_passes(look), np.full((1, 3), 0.4), PEAK)[1]
        for look in (brighter, load_look("sepia").with_value("toning", "amount", 1.0))
    )
    assert at_curve > 1.2
    assert later == 1.0


def test_a_lut_for_pictures_counts_as_display_light():
    lut = Lut("half", None, np.stack(np.meshgrid(*[np.array([0, 0.5])] * 3, indexing="ij"), -1).astype(np.float32))
    scene = np.full((2, 2, 3), 2.0, np.float32)
    with HdrDraw(context()) as draw:
        draw.load(scene)
        drawn = draw.renditions(lut_look(lut), hdr.light_output("rec2020", 2.0))
    np.testing.assert_allclose(drawn.gain, hdr.highlight_gain(scene, 4.0), rtol=1e-5)


def test_an_ultra_hdr_picture_is_the_picture_of_render_and_its_gain():
    settings = Settings(look="natural")
    with HdrDraw(context()) as draw:
        draw.load(SCENE)
        picture, gain = ultra_hdr_of(draw, settings, settings.moment_of(_frame()))
    assert picture.shape == SCENE.shape
    assert gain.shape == SCENE.shape[:2]
    assert gain.min() == 1.0
    assert gain.max() > 2.0


def _frame():
    import groundglass as gg

    return gg.Frame(np.zeros((2, 2), np.uint16), profile=gg.CameraProfile(white=1.0))


@pytest.mark.parametrize(("space", "transfer", "largest"), [("pq", 16, 49.0), ("hlg", 18, 2.0)])
def test_codes_decode_to_the_light(space: str, transfer: int, largest: float):
    light = np.random.default_rng(1).uniform(0.01, largest, (40, 40, 3)).astype(np.float32)
    back = Cicp(9, transfer).linear(hdr.encoded(light, space) / 65535.0)
    np.testing.assert_allclose(back, light, rtol=1.5e-3)


def test_diffuse_white_has_the_codes_of_bt2408():
    white = np.ones((1, 1, 3), np.float32)
    assert hdr.encoded(white, "pq")[0, 0, 0] / 65535.0 == pytest.approx(0.58, abs=0.002)
    assert hdr.encoded(white, "hlg")[0, 0, 0] / 65535.0 == pytest.approx(0.75, abs=0.002)


def test_light_beyond_hlg_keeps_its_hue_and_not_finite_light_does_not_spread():
    light = np.array([[[20.0, 10.0, 5.0], [0.0, 0.0, 0.0]]], np.float32)
    back = Cicp(9, 18).linear(hdr.encoded(light, "hlg") / 65535.0)
    np.testing.assert_allclose(back[0, 0] / back[0, 0, 0], [1, 0.5, 0.25], rtol=0.01)
    assert (back[0, 1] == 0).all()
    assert hdr.content_light(light) == (4060, 2030)


def test_an_impossible_headroom_is_one_line():
    with pytest.raises(OutputError, match=r"--headroom 9: use 0\.1 to 5\.6 stops"):
        hdr.check_stops(9.0)
