"""How far two pictures may differ although both are right: what the arithmetic itself allows, in one place.

Two programs that compute the same formula round differently: a uniform is not folded as a constant is, a compiler joins
a product and a sum into one operation (FMA), a vector of 8 or 16 lanes has other built-ins than a scalar, and each
OpenCL or GL implementation has its own `pow`. Only the same program on the same input gives the same bits, and only
there do the tests compare bits.

Each bound is a rounding unit times the number of operations that can contribute, so that it holds on any processor:

* float32 rounds to 2^-24 of the value. OpenCL allows `sqrt` and division 3 units in the last place, `pow` 16; GLSL's
  `pow` is `exp2(y * log2(x))`, a few units for every doubling of the value.
* Scene light reaches GL as half floats, which round to 2^-11 of the value.
* An 8-bit picture is rounded to codes of 1/255 after dither of half a code either way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FLOAT32_ROUNDING = 2.0**-24  # relative, of one operation
HALF_ROUNDING = 2.0**-11  # relative, of scene light on its way to GL
CODE = 1.0 / 255.0  # of an 8-bit picture

# A dozen operations on values up to 1, one of which may be a `sqrt` or a division: what a matrix and a blend take.
FEW_OPERATIONS = 32 * FLOAT32_ROUNDING
# A stage of a hundred or two hundred operations, whose sums may be taken in any order.
STAGE = 2048 * FLOAT32_ROUNDING
# The same stage in runs of 1, 8 or 16 pixels, on another device or compiled by another compiler: measured 2e-4 at
# most. Ratios of small differences, as a demosaic weighs directions by, enlarge a rounding.
ANOTHER_COMPILER = 2.5e-4
# Dither is half a code, rounding half a code, and half-float light at white 0.05 code (2^-11 / 2.4 * 255).
DITHERED_CODE = 1.1 * CODE
# Values of a picture that another program may round to the neighbouring code. A value lies within e codes of a border
# between two with the probability 2 e; `pow` by logarithms is off by up to 2^-16 of white, 0.004 code.
ROUNDED_OTHERWISE = 0.01


def assert_same_codes(picture: NDArray[np.uint8], expected: NDArray[np.uint8], message: str = "") -> None:
    """The two (..., 3) uint8 pictures are drawn from the same numbers, by different programs.

    A value may be one code off, and only `ROUNDED_OTHERWISE` of them. AssertionError with `message` otherwise.
    """
    assert (picture.dtype, picture.shape) == (expected.dtype, expected.shape), message
    apart = np.abs(picture.astype(int) - expected)
    assert apart.max() <= 1, f"{message}: {apart.max()} codes apart"
    assert np.mean(apart > 0) <= ROUNDED_OTHERWISE, f"{message}: {np.mean(apart > 0):.2%} of the values differ"


def same_codes(picture: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Whether `assert_same_codes` holds."""
    try:
        assert_same_codes(picture, other)
    except AssertionError:
        return False
    return True


def assert_close_but_for(
    picture: NDArray[np.float32],
    expected: NDArray[np.float32],
    *,
    atol: float,
    share: float,
    worst: float,
) -> None:
    """All values are within `atol`, but for a `share` of them, which are within `worst`.

    For stages that decide: where two directions fit equally well, rounding chooses, and the value is another one that
    is right, too.
    """
    apart = np.abs(np.asarray(picture, np.float64) - expected)
    assert apart.max() <= worst, f"{apart.max():.2g} apart, {worst:g} is allowed"
    assert np.mean(apart > atol) <= share, f"{np.mean(apart > atol):.2%} of the values differ by more than {atol:g}"
