"""Tolerances between two correct pictures, derived from the arithmetic.

Two programs that compute the same formula round differently: only constants are folded, a compiler fuses a product and
a sum into one operation (FMA), a vector of 8 or 16 lanes has other built-ins than a scalar, and each OpenCL or GL
implementation has its own `pow`. Only the same program with the same input gives the same bits, and only then do the
tests compare bits.

Each bound is a rounding unit times the number of operations that can contribute, so that it holds on any processor:

* float32 rounds to 2^-24 of the value. OpenCL allows `sqrt` and division 3 units in the last place, `pow` 16; GLSL's
  `pow` is `exp2(y * log2(x))`, a few units for every doubling of the value.
* Scene light reaches GL as half floats, and the blur keeps its planes in them: they round to 2^-11 of the value. Two
  programs may round to neighbouring ones, 2^-10 apart.
* An 8-bit picture is rounded to codes of 1/255 after dither of half a code either way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FLOAT32_ROUNDING = 2.0**-24  # relative, per operation
HALF_ROUNDING = 2.0**-11  # relative, for scene light in GL and in the planes of a blur
CODE = 1.0 / 255.0  # one code of an 8-bit picture

# A dozen operations on values up to 1, including a `sqrt` or a division: a matrix and a blend.
FEW_OPERATIONS = 32 * FLOAT32_ROUNDING
# A stage of 100 to 200 operations with sums in any order.
STAGE = 2048 * FLOAT32_ROUNDING
# The same stage in runs of 1, 8 or 16 pixels, on another device or from another compiler: the measured maximum is 2e-4.
# Ratios of small differences, such as the direction weights of a demosaic, amplify rounding.
ANOTHER_COMPILER = 2.5e-4
# Dither is half a code, rounding half a code, and half-float light at white is 0.05 code (2^-11 / 2.4 * 255).
DITHERED_CODE = 1.1 * CODE
# Fraction of values that another program may round to the neighbouring code. A value is within e codes of a rounding
# border with the probability 2 e; the error of `pow` by logarithms is up to 2^-16 of white, 0.004 code.
ROUNDED_OTHERWISE = 0.01


def assert_same_codes(picture: NDArray[np.uint8], expected: NDArray[np.uint8], message: str = "") -> None:
    """Compares two (..., 3) uint8 pictures that different programs have drawn from the same numbers.

    A fraction of `ROUNDED_OTHERWISE` of the values may differ by one code. Raises AssertionError with `message`.
    """
    assert (picture.dtype, picture.shape) == (expected.dtype, expected.shape), message
    difference = np.abs(picture.astype(int) - expected)
    assert difference.max() <= 1, f"{message}: {difference.max()} codes apart"
    assert np.mean(difference > 0) <= ROUNDED_OTHERWISE, (
        f"{message}: {np.mean(difference > 0):.2%} of the values differ"
    )


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
    """Asserts that all values are within `atol`, except for a fraction `share` of them within `worst`.

    For stages with decisions: if two directions fit equally well, rounding decides, and both values are correct.
    """
    difference = np.abs(np.asarray(picture, np.float64) - expected)
    assert difference.max() <= worst, f"{difference.max():.2g} apart, {worst:g} is allowed"
    assert np.mean(difference > atol) <= share, (
        f"{np.mean(difference > atol):.2%} of the values differ by more than {atol:g}"
    )
