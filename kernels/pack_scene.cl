/* Packs three planes of scene light into one RGBA half-float picture for drawing: red, green, blue, 1 interleaved. */
#include "portable.h"

/* The nearest half float, in the lower bits, limited to 0..65504: infinity becomes 65504, negative values and NaN
 * become 0. After a multiplication by 2^-112 a float's upper bits are those of the half float. Values below 2^-14 may
 * become 0.
 *
 * Bits are compared, not floats: with relaxed arithmetic a compiler may assume that every value is finite. The bits of
 * positive floats have the order of the floats, and only NaN is above infinity.
 */
#define INFINITE 0x7F800000
#define LARGEST_HALF 0x477FE000 /* 65504 */
FUNCTION ints half_of(floats light)
{
    const ints bits = BITS(light);
    const ints positive = bits > 0 ? bits : (ints)(0);
    const ints number = positive <= INFINITE ? positive : (ints)(0);
    const ints bounded = number < LARGEST_HALF ? number : (ints)(LARGEST_HALF);
    return (BITS(OF_BITS(bounded) * 1.925929944e-34f) + 0x1000) >> 13;
}

/* Two words per pixel: red and green, blue and 1. The packed rows begin with row `first` of the picture. */
KERNEL void pack_scene(GLOBAL const float *RESTRICT scene, GLOBAL float *RESTRICT packed, int first, int pitch,
                       int stride)
{
    const int at = (first + GLOBAL_Y + PAD) * pitch + GLOBAL_X;
    const ints red = half_of(LOAD(scene, at));
    const ints green = half_of(LOAD(scene, at + stride));
    const ints blue = half_of(LOAD(scene, at + 2 * stride));
    const floats left = OF_BITS(red | green << 16), right = OF_BITS(blue | 0x3C000000);
    const int to = 2 * (GLOBAL_Y * pitch + GLOBAL_X);
#if RUN > 1
    floats low, high;
    low.even = left.lo;
    low.odd = right.lo;
    high.even = left.hi;
    high.odd = right.hi;
    STREAM(packed, to, low);
    STREAM(packed, to + RUN, high);
#else
    STORE_PAIR(packed, to, left, right);
#endif
}
