/* Final step of a remosaic: the Bayer mosaic from a quad-Bayer mosaic and its estimates. */
#include "portable.h"
#include "pattern.h"

/* A photosite whose colour equals the Bayer order's keeps its value. `sums` are the estimate times its weight, and the
 * weight.
 */
KERNEL void remosaic(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT colours,
                     GLOBAL const float *RESTRICT sums, GLOBAL float *RESTRICT bayer, int pitch, int stride, int red_x,
                     int red_y)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const ints column = (LANES + GLOBAL_X) & 1;
    const int red_row = (GLOBAL_Y & 1) == red_y;
    const floats wanted = column == red_x ? (floats)(red_row ? 0.0f : 1.0f) : (floats)(red_row ? 1.0f : 2.0f);
    const floats estimate = LOAD(sums, at) / LOAD(sums, at + stride);
    STORE(bayer, at, COLOURS_AT(colours, GLOBAL_X, GLOBAL_Y) == wanted ? LOAD(mosaic, at) : estimate);
}
