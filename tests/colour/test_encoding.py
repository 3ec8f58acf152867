"""Camera logarithms by the values that their makers publish, and the way back."""

import numpy as np
import pytest
from groundglass.colour.encoding import LOG_CURVES, LUT_INPUTS, check_input, decode, encode
from groundglass.errors import LookError

# 10-bit codes of 0 %, 18 % and 90 % reflection: ARRI's table for EI 800 (0.0928, 0.3910 and, of 90 %, 0.5594 of the
# curve), Panasonic's and Sony's tables, Leica's of the curve.
PUBLISHED = {"logc": (95, 400, 572), "vlog": (128, 433, 602), "slog3": (95, 420, 598), "llog": (92, 445, 634)}


@pytest.mark.parametrize("name", PUBLISHED)
def test_black_grey_and_white_are_the_published_codes(name: str) -> None:
    np.testing.assert_array_equal(np.rint(1023 * encode([0.0, 0.18, 0.9], name)), PUBLISHED[name])


@pytest.mark.parametrize("name", LUT_INPUTS)
def test_the_way_back_is_exact(name: str) -> None:
    light = np.geomspace(1e-4, 1.0 if name in ("srgb", "rec709") else 30.0, 200)
    np.testing.assert_allclose(decode(encode(light, name), name), light, rtol=1e-5)


@pytest.mark.parametrize("name", LUT_INPUTS)
def test_the_parts_meet_within_a_code_of_ten_bits(name: str) -> None:
    steps = np.diff(encode(np.linspace(0.0, 0.05, 5001), name))  # the published figures of Leica part by 0.0009
    assert steps.min() > -1 / 1023
    assert steps.max() < 1 / 1023


@pytest.mark.parametrize("name", LOG_CURVES)
def test_light_below_black_keeps_its_order(name: str) -> None:
    assert encode(-0.001, name) < encode(0.0, name)


def test_an_unknown_input_is_told_with_the_known_ones() -> None:
    with pytest.raises(LookError, match="unknown LUT input 'clog'; use one of srgb, rec709, linear, logc"):
        check_input("clog")
