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

/* Photosites that become one: a SQUARE of a quad-Bayer sensor, or the SPREAD four of a filter in 4x4 photosites of a
 * Bayer sensor.
 */
#define SQUARE 1
#define SPREAD 2
#ifndef BINNING
#define BINNING 0
#endif

#if BINNING == SQUARE
#define FIRST_ROW_OF(y) (2 * (y))
#define NEXT_ROW 1
#define FIRST_COLUMN_OF(x) (2 * (x))
#define NEXT_COLUMN 1
#elif BINNING == SPREAD
#define FIRST_ROW_OF(y) (4 * ((y) >> 1) + ((y)&1))
#define NEXT_ROW 2
#define FIRST_COLUMN_OF(x) (4 * ((x) >> 1) + ((x)&1))
#define NEXT_COLUMN 2
#endif

#if BINNING == SQUARE
#define FIRST_HALF(a, b) (floats)(a.even, b.even)
#define SECOND_HALF(a, b) (floats)(a.odd, b.odd)
#elif RUN == 8
#define FIRST_HALF(a, b) (floats)(a.s0145, b.s0145)
#define SECOND_HALF(a, b) (floats)(a.s2367, b.s2367)
#else
#define FIRST_HALF(a, b) (floats)(a.s014589cd, b.s014589cd)
#define SECOND_HALF(a, b) (floats)(a.s2367abef, b.s2367abef)
#endif

/* The sensor's numbers of a run: the mean of four if they are binned. */
FUNCTION floats numbers_of(GLOBAL const u8 *bytes, int row_bytes)
{
#if BINNING == 0
    return samples(bytes + GLOBAL_Y * row_bytes, GLOBAL_X);
#else
    GLOBAL const u8 *upper = bytes + FIRST_ROW_OF(GLOBAL_Y) * row_bytes, *lower = upper + NEXT_ROW * row_bytes;
#if RUN == 1
    const int x = FIRST_COLUMN_OF(GLOBAL_X);
    const float a = samples(upper, x), b = samples(upper, x + NEXT_COLUMN);
    const float c = samples(lower, x), d = samples(lower, x + NEXT_COLUMN);
#else
    const int x = 2 * GLOBAL_X;
    const floats upper_left = samples(upper, x), upper_right = samples(upper, x + RUN);
    const floats lower_left = samples(lower, x), lower_right = samples(lower, x + RUN);
    const floats a = FIRST_HALF(upper_left, upper_right), b = SECOND_HALF(upper_left, upper_right);
    const floats c = FIRST_HALF(lower_left, lower_right), d = SECOND_HALF(lower_left, lower_right);
#endif
    return 0.25f * ((a + b) + (c + d));
#endif
}

/* (number - black) * gain, at most `limit`. No number counts more than `span` above its black: light 1 before the gain
 * (DNG specification 1.7, "Rescaling" and "Clipping").
 */
KERNEL void linearize(GLOBAL const u8 *RESTRICT bytes, GLOBAL float *RESTRICT mosaic, int row_bytes, int pitch,
                      float black_0, float black_1, float black_2, float black_3, float gain_0, float gain_1,
                      float gain_2, float gain_3, float span, float limit, int encoded)
{
    const floats numbers = numbers_of(bytes, row_bytes);
    const floats signal = lesser(numbers - BY_PHOTOSITE(black, GLOBAL_X, GLOBAL_Y), (floats)(span));
    const floats light = signal * BY_PHOTOSITE(gain, GLOBAL_X, GLOBAL_Y);
    STORE(mosaic, INTO_MOSAIC, encode(lesser(light, (floats)(limit)), encoded));
}

/* The same with per-photosite tables: `blacks` is added to the black level, `gains` (lens shading) multiplies the gain.
 */
KERNEL void linearize_mapped(GLOBAL const u8 *RESTRICT bytes, GLOBAL const float *RESTRICT blacks,
                             GLOBAL const float *RESTRICT gains, GLOBAL float *RESTRICT mosaic, int row_bytes,
                             int width, int pitch, float black_0, float black_1, float black_2, float black_3,
                             float gain_0, float gain_1, float gain_2, float gain_3, float span, float limit,
                             int encoded)
{
    const int index = GLOBAL_Y * width + GLOBAL_X;
    const floats numbers = numbers_of(bytes, row_bytes);
    const floats black = BY_PHOTOSITE(black, GLOBAL_X, GLOBAL_Y) + LOAD(blacks, index);
    const floats signal = lesser(numbers - black, (floats)(span));
    const floats light = signal * BY_PHOTOSITE(gain, GLOBAL_X, GLOBAL_Y) * LOAD(gains, index);
    STORE(mosaic, INTO_MOSAIC, encode(lesser(light, (floats)(limit)), encoded));
}

/* For light already on the device, one float per photosite. */
KERNEL void linearize_float(GLOBAL const float *RESTRICT light, GLOBAL float *RESTRICT mosaic, int width, int pitch,
                            int encoded)
{
    STORE(mosaic, INTO_MOSAIC, encode(LOAD(light, GLOBAL_Y * width + GLOBAL_X), encoded));
}
