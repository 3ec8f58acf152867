/* Sensor values to the encoded mosaic: unpack, black and white level of each photosite, white balance, limit, encode.
 */
#include "portable.h"
#include "encoding.h"
#include "samples.h"

/* Side of the square of photosites that share a filter, as a shift: 1 for quad-Bayer. */
#ifndef BLOCK
#define BLOCK 0
#endif

/* Selects for each lane one of four values, one per photosite of the repeating 2x2 block. */
#define BY_PHOTOSITE(of, x, y)                                                                                         \
    (((LANES + (x)) >> BLOCK & 1) == 1 ? (floats)((y) >> BLOCK & 1 ? of##_3 : of##_1)                                  \
                                       : (floats)((y) >> BLOCK & 1 ? of##_2 : of##_0))
#define INTO_MOSAIC ((GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X)

/* (number - black) * gain, at most `limit`. */
KERNEL void linearize(GLOBAL const u8 *RESTRICT bytes, GLOBAL float *RESTRICT mosaic, int row_bytes, int pitch,
                      float black_0, float black_1, float black_2, float black_3, float gain_0, float gain_1,
                      float gain_2, float gain_3, float limit, int encoded)
{
    const floats numbers = samples(bytes + GLOBAL_Y * row_bytes, GLOBAL_X);
    const floats gain = BY_PHOTOSITE(gain, GLOBAL_X, GLOBAL_Y);
    const floats light = numbers * gain - gain * BY_PHOTOSITE(black, GLOBAL_X, GLOBAL_Y);
    STORE(mosaic, INTO_MOSAIC, encode(lesser(light, (floats)(limit)), encoded));
}

/* The same with per-photosite tables: `blacks` is added to the black level, `gains` (lens shading) multiplies the gain.
 */
KERNEL void linearize_mapped(GLOBAL const u8 *RESTRICT bytes, GLOBAL const float *RESTRICT blacks,
                             GLOBAL const float *RESTRICT gains, GLOBAL float *RESTRICT mosaic, int row_bytes,
                             int width, int pitch, float black_0, float black_1, float black_2, float black_3,
                             float gain_0, float gain_1, float gain_2, float gain_3, float limit, int encoded)
{
    const int index = GLOBAL_Y * width + GLOBAL_X;
    const floats numbers = samples(bytes + GLOBAL_Y * row_bytes, GLOBAL_X);
    const floats black = BY_PHOTOSITE(black, GLOBAL_X, GLOBAL_Y) + LOAD(blacks, index);
    const floats light = (numbers - black) * BY_PHOTOSITE(gain, GLOBAL_X, GLOBAL_Y) * LOAD(gains, index);
    STORE(mosaic, INTO_MOSAIC, encode(lesser(light, (floats)(limit)), encoded));
}

/* For a quad-Bayer sensor: the mean of each square of four photosites, a Bayer mosaic of half the size. */
KERNEL void linearize_binned(GLOBAL const u8 *RESTRICT bytes, GLOBAL float *RESTRICT mosaic, int row_bytes, int pitch,
                             float black_0, float black_1, float black_2, float black_3, float gain_0, float gain_1,
                             float gain_2, float gain_3, float limit, int encoded)
{
    GLOBAL const u8 *row = bytes + 2 * GLOBAL_Y * row_bytes;
    const int x = 2 * GLOBAL_X;
#if RUN > 1
    const floats left = samples(row, x) + samples(row + row_bytes, x);
    const floats right = samples(row, x + RUN) + samples(row + row_bytes, x + RUN);
    const floats four = (floats)(left.even + left.odd, right.even + right.odd);
#else
    const float four = samples(row, x) + samples(row, x + 1)
                     + samples(row + row_bytes, x) + samples(row + row_bytes, x + 1);
#endif
    const floats light = (0.25f * four - BY_PHOTOSITE(black, GLOBAL_X, GLOBAL_Y))
                       * BY_PHOTOSITE(gain, GLOBAL_X, GLOBAL_Y);
    STORE(mosaic, INTO_MOSAIC, encode(lesser(light, (floats)(limit)), encoded));
}

/* For light already on the device, one float per photosite. */
KERNEL void linearize_float(GLOBAL const float *RESTRICT light, GLOBAL float *RESTRICT mosaic, int width, int pitch,
                            int encoded)
{
    STORE(mosaic, INTO_MOSAIC, encode(LOAD(light, GLOBAL_Y * width + GLOBAL_X), encoded));
}
