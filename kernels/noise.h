/* Numbers in which a sensor's noise is even, of variance 1: `sqrt(slope * light + offset)` (F. J. Anscombe, "The
 * transformation of Poisson, binomial and negative-binomial data", 1948). engine/develop/noise.py has slopes and
 * offset.
 */
#include "encoding.h"

/* The slopes of this run's sites in row `y`: two of the four that repeat. */
#define SLOPES(y) (((LANES + GLOBAL_X - PAD) & 1) == 0 ? (floats)((y) & 1 ? slope10 : slope00)                         \
                                                       : (floats)((y) & 1 ? slope11 : slope01))

FUNCTION floats level_of(floats value, int encoded, floats slopes, float offset)
{
    return square_root(greater(decode(value, encoded) * slopes + offset, (floats)(0.0f)));
}
