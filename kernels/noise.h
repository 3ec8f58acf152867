/* Variance stabilization: `sqrt(slope * light + offset)` has noise of variance 1 (F. J. Anscombe, "The transformation
 * of Poisson, binomial and negative-binomial data", 1948). engine/develop/noise.py computes slopes and offset.
 */
#include "encoding.h"

/* The slopes of this run's photosites in row `y`: two of the four that repeat. */
#define SLOPES(y) (((LANES + GLOBAL_X - PAD) & 1) == 0 ? (floats)((y) & 1 ? slope10 : slope00)                         \
                                                       : (floats)((y) & 1 ? slope11 : slope01))

FUNCTION floats level_of(floats value, int encoded, floats slopes, float offset)
{
    return square_root(greater(decode(value, encoded) * slopes + offset, (floats)(0.0f)));
}
