"""Log encodings agree with the published values, and `decode` inverts `encode`."""

import numpy as np
import pytest
from groundglass.colour.encoding import LOG_CURVES, LUT_INPUTS, check_input, decode, encode
from groundglass.errors import LookError

# 10-bit codes of 0 %, 18 % and 90 % reflection. ARRI: table for EI 800 (0.0928, 0.3910; 0.5594 for 90 % from the
# curve). Panasonic and Sony: tables. Leica: from the curve.
PUBLISHED = {"logc": (95, 400, 572), "vlog": (128, 433, 602), "slog3": (95, 420, 598), "llog": (92, 445, 634)}


@pytest.mark.parametrize("name", PUBLISHED)
def test_black_grey_and_white_have_the_published_codes(name: str) -> None:
    np.testing.assert_array_equal(np.rint(1023 * encode([0.0, 0.18, 0.9], name)), PUBLISHED[name])


@pytest.mark.parametrize("name", LUT_INPUTS)
def test_decode_inverts_encode(name: str) -> None:
    linear = np.geomspace(1e-4, 1.0 if name in ("srgb", "rec709") else 30.0, 200)
    np.testing.assert_allclose(decode(encode(linear, name), name), linear, rtol=1e-5)


@pytest.mark.parametrize("name", LUT_INPUTS)
def test_the_segments_of_a_curve_meet_within_one_10_bit_code(name: str) -> None:
    steps = np.diff(encode(np.linspace(0.0, 0.05, 5001), name))  # the published segments of Leica differ by 0.0009
    assert steps.min() > -1 / 1023
    assert steps.max() < 1 / 1023


@pytest.mark.parametrize("name", LOG_CURVES)
def test_values_below_black_keep_their_order(name: str) -> None:
    assert encode(-0.001, name) < encode(0.0, name)


def test_the_error_for_an_unknown_input_lists_the_known_ones() -> None:
    with pytest.raises(LookError, match="unknown LUT input 'clog'; use one of srgb, rec709, linear, logc"):
        check_input("clog")
