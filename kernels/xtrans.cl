/* X-Trans: the step before kernels/demosaic_textures.cl. The levels of a Bayer mosaic do not fit its pattern. */
#include "portable.h"
#include "pattern.h"
#include "encoding.h"

/* White balance, limit, and the encoding for colour estimation. */
KERNEL void xtrans_balance(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT colours,
                           GLOBAL float *RESTRICT balanced, int pitch, int encoded, float limit, float red, float green,
                           float blue)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats colour = COLOURS_AT(colours, GLOBAL_X, GLOBAL_Y);
    const floats gain = colour == 1.0f ? (floats)(green) : colour == 0.0f ? (floats)(red) : (floats)(blue);
    STORE(balanced, at, encode(lesser(gain * LOAD(mosaic, at), (floats)(limit)), encoded));
}
