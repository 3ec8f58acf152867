/* Capture sharpening: restores fine detail lost in the lens, the sensor and the demosaicing, in the brightness of scene
 * RGB. Colours keep their ratios.
 */
#include "portable.h"
#include "encoding.h"

/* Detail may exceed the range of the 3x3 neighbourhood by this fraction of the range. */
#define OVERSHOOT 0.08f
#define BRIGHTEST_RATIO 4.0f

/* Brightness (the luminance of Rec.2020) in the square-root domain, where noise is uniform. */
KERNEL void brightness(GLOBAL const float *RESTRICT scene, GLOBAL float *RESTRICT bright, int pitch, int stride)
{
    const int at = GLOBAL_Y * pitch + GLOBAL_X; /* borders included */
    const floats luminance = 0.2627f * LOAD(scene, at) + 0.6780f * LOAD(scene, at + stride)
                           + 0.0593f * LOAD(scene, at + 2 * stride);
    STORE(bright, at, encode(greater(luminance, (floats)(0.0f)), 1));
}

/* Detail is the difference between a pixel and its eight neighbours, times `centre`; `side` and `corner` are the
 * neighbours' weights. Detail is attenuated where it is no larger than noise, and limited.
 */
KERNEL void sharpen(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT bright,
                    GLOBAL float *RESTRICT output, int pitch, int stride, float centre, float side, float corner,
                    float noise_squared)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats here = LOAD(bright, at);
    const floats north = LOAD(bright, at - pitch), south = LOAD(bright, at + pitch);
    const floats west = LOAD(bright, at - 1), east = LOAD(bright, at + 1);
    const floats nw = LOAD(bright, at - pitch - 1), ne = LOAD(bright, at - pitch + 1);
    const floats sw = LOAD(bright, at + pitch - 1), se = LOAD(bright, at + pitch + 1);
    const floats maximum = greater(here, greater(greater(greater(north, south), greater(west, east)),
                                              greater(greater(nw, ne), greater(sw, se))));
    const floats minimum = lesser(here, lesser(lesser(lesser(north, south), lesser(west, east)),
                                             lesser(lesser(nw, ne), lesser(sw, se))));
    const floats detail = centre * here - side * ((north + south) + (west + east)) - corner * ((nw + ne) + (sw + se));
    const floats squared = detail * detail;
    const floats attenuated = detail * squared / (squared + noise_squared);
    const floats room = OVERSHOOT * (maximum - minimum);
    const floats sharp = lesser(greater(here + attenuated, greater(minimum - room, (floats)(0.0f))), maximum + room);
    const floats light = decode(here, 1);
    const floats ratio = lesser(greater(decode(sharp, 1), (floats)(0.0f)) / greater(light, (floats)(1e-6f)),
                                (floats)(BRIGHTEST_RATIO));
    const floats kept = light > 1e-5f ? ratio : (floats)(1.0f);
    for (int plane = 0; plane < 3; ++plane)
        STREAM(output, at + plane * stride, kept * LOAD(scene, at + plane * stride));
}
