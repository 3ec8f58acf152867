/* Inputs of stereo matching: the census of each pixel's neighbourhood, and the cost of disparity jumps by local
 * contrast.
 */
#include "stereo.h"

/* 24 of the 9x7 pixels around each, denser near the centre; eight comparisons make a byte. */
#define SEEN(dx, dy, bit) (LOAD(grey, at + (dy) * pitch + (dx)) > here ? (ints)(1 << (bit)) : (ints)(0))
#define FIRST                                                                                                          \
    (SEEN(-1, -1, 0) | SEEN(0, -1, 1) | SEEN(1, -1, 2) | SEEN(-1, 0, 3) | SEEN(1, 0, 4) | SEEN(-1, 1, 5)               \
     | SEEN(0, 1, 6) | SEEN(1, 1, 7))
#define SECOND                                                                                                         \
    (SEEN(-2, -2, 0) | SEEN(0, -2, 1) | SEEN(2, -2, 2) | SEEN(-2, 0, 3) | SEEN(2, 0, 4) | SEEN(-2, 2, 5)               \
     | SEEN(0, 2, 6) | SEEN(2, 2, 7))
#define THIRD                                                                                                          \
    (SEEN(-3, -1, 0) | SEEN(3, -1, 1) | SEEN(-3, 1, 2) | SEEN(3, 1, 3) | SEEN(-1, -3, 4) | SEEN(1, -3, 5)              \
     | SEEN(-1, 3, 6) | SEEN(1, 3, 7))

/* Three byte planes. */
KERNEL void census_left(GLOBAL const float *RESTRICT grey, GLOBAL u8 *RESTRICT codes, int pitch, int stride)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats here = LOAD(grey, at);
    STORE_RUN_BYTES(codes, at, FIRST);
    STORE_RUN_BYTES(codes, at + stride, SECOND);
    STORE_RUN_BYTES(codes, at + 2 * stride, THIRD);
}

/* Each row from right to left, so that larger disparities have larger indices. The area left of the picture stays 0,
 * which is equally far from every disparity.
 */
KERNEL void census_right(GLOBAL const float *RESTRICT grey, GLOBAL u8 *RESTRICT codes, int pitch, int height)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const int to = GLOBAL_Y * (pitch + DISPARITIES) + pitch - RUN - GLOBAL_X;
    const int stride = height * (pitch + DISPARITIES);
    const floats here = LOAD(grey, at);
    STORE_RUN_BYTES(codes, to, REVERSED(FIRST));
    STORE_RUN_BYTES(codes, to + stride, REVERSED(SECOND));
    STORE_RUN_BYTES(codes, to + 2 * stride, REVERSED(THIRD));
}

/* Cost of a jump between a pixel and its left, upper left, upper and upper right neighbours: planes of bytes. */
#define JUMP_FROM(dx, dy)                                                                                              \
    (limited((floats)(JUMP) - JUMP_SLOPE * absolute(LOAD(grey, at + (dy) * pitch + (dx)) - here), \
                                   MIN_JUMP, JUMP))
KERNEL void jumps(GLOBAL const float *RESTRICT grey, GLOBAL u8 *RESTRICT costs, int pitch, int stride)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats here = LOAD(grey, at);
    STORE_RUN_BYTES(costs, at, JUMP_FROM(-1, 0));
    STORE_RUN_BYTES(costs, at + stride, JUMP_FROM(-1, -1));
    STORE_RUN_BYTES(costs, at + 2 * stride, JUMP_FROM(0, -1));
    STORE_RUN_BYTES(costs, at + 3 * stride, JUMP_FROM(1, -1));
}
