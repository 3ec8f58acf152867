/* Completes the matched disparities: removes speckles, and fills holes from the farther side. Disparities are in
 * pixels, -1 if unknown.
 */
#include "portable.h"

#define UNKNOWN (-1.0f)
#define NOWHERE 1e6f
#define ALIKE 1.0f /* maximum difference between neighbours on one surface */
#define REACH 4    /* radius of the window in which a pixel searches its surface, at every second pixel */
#define MIN_SUPPORT 7.0f

/* A pixel is kept if enough of its neighbourhood lies on its surface; pixels outside the picture are unknown. */
KERNEL void remove_speckles(GLOBAL const float *RESTRICT disparity, GLOBAL float *RESTRICT kept, int pitch)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats here = LOAD(disparity, at);
    floats count = (floats)(0.0f);
    for (int dy = -REACH; dy <= REACH; dy += 2)
        for (int dx = -REACH; dx <= REACH; dx += 2)
            count += absolute(LOAD(disparity, at + dy * pitch + dx) - here) <= ALIKE ? (floats)(1.0f) : (floats)(0.0f);
    STORE(kept, at, count >= MIN_SUPPORT && here >= 0.0f ? here : (floats)(UNKNOWN));
}

/* The last known disparity before each pixel, in one plane per direction: first along the rows. */
KERNEL void fill_rows(GLOBAL const float *RESTRICT disparity, GLOBAL float *RESTRICT carried, int width, int height,
                      int pitch, int stride)
{
    if (GROUP_X >= height)
        return;
    const int first = (GROUP_X + PAD) * pitch + PAD;
    float last = UNKNOWN;
    for (int at = first; at < first + width; ++at) {
        last = disparity[at] >= 0.0f ? disparity[at] : last;
        carried[at] = last;
    }
    last = UNKNOWN;
    for (int at = first + width - 1; at >= first; --at) {
        last = disparity[at] >= 0.0f ? disparity[at] : last;
        carried[at + stride] = last;
    }
}

/* Then downwards or upwards, `lean` columns to the right per row: a work-item processes a run of adjacent paths.
 * Leaning paths begin up to `height` columns outside the picture; some of them read mirrored border values.
 */
KERNEL void fill_columns(GLOBAL const float *RESTRICT disparity, GLOBAL float *RESTRICT carried, int width, int height,
                         int pitch, int lean, int is_up, int plane)
{
    GLOBAL float *paths = carried + plane * (height + 2 * PAD) * pitch;
    const int from = GROUP_X * RUN - (lean > 0 ? height : 0);
    floats last = (floats)(UNKNOWN);
    for (int row = 0; row < height; ++row) {
        const int x = from + lean * row, y = is_up ? height - 1 - row : row;
        if (x <= -RUN || x >= width)
            continue;
        const int at = (y + PAD) * pitch + PAD + x;
        const floats here = LOAD(disparity, at);
        last = here >= 0.0f ? here : last;
        STORE(paths, at, last);
    }
}

/* Most holes are occlusions in the right camera, so they lie behind the occluder. The second smallest of the
 * disparities found from a hole in eight directions is the estimate; the smallest may be a mistake (Hirschmueller 2008,
 * section 2.6). A value of the hole's own row within ALONG of that estimate is preferred, since floors recede from row
 * to row. The left end, visible to the left camera only, takes the first known disparity to its right, if that is at
 * least the estimate minus ALONG.
 */
#define ALONG 4.0f
KERNEL void fill(GLOBAL const float *RESTRICT disparity, GLOBAL const float *RESTRICT carried,
                 GLOBAL float *RESTRICT filled, int pitch, int stride)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats here = LOAD(disparity, at);
    const floats left = LOAD(carried, at), right = LOAD(carried, at + stride);
    floats minimum = (floats)(NOWHERE), second = (floats)(NOWHERE);
    for (int i = 0; i < 8; ++i) {
        floats candidate = LOAD(carried, at + i * stride);
        candidate = candidate >= 0.0f ? candidate : (floats)(NOWHERE);
        second = lesser(second, greater(minimum, candidate));
        minimum = lesser(minimum, candidate);
    }
    second = second < NOWHERE ? second : minimum;
    floats filling = absolute(right - second) <= ALONG ? right : second;
    filling = absolute(left - second) <= ALONG ? left : filling;
    filling = left < 0.0f && right + ALONG >= second ? right : filling;
    filling = filling < NOWHERE ? filling : (floats)(0.0f);
    STORE(filled, at, here >= 0.0f ? here : filling);
}

#define IN_ORDER(a, b)                                                                                                 \
    {                                                                                                                  \
        const floats less = lesser(a, b);                                                                              \
        b = greater(a, b);                                                                                             \
        a = less;                                                                                                      \
    }

/* 3x3 median. Removes single wrong pixels, and smooths the row-wise filling. */
KERNEL void median(GLOBAL const float *RESTRICT disparity, GLOBAL float *RESTRICT smooth, int pitch)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    floats a = LOAD(disparity, at - pitch - 1), b = LOAD(disparity, at - pitch), c = LOAD(disparity, at - pitch + 1);
    floats d = LOAD(disparity, at - 1), e = LOAD(disparity, at), f = LOAD(disparity, at + 1);
    floats g = LOAD(disparity, at + pitch - 1), h = LOAD(disparity, at + pitch), i = LOAD(disparity, at + pitch + 1);
    /* Sorts each row; the result is the median of the largest minimum, the median of the medians and the smallest
     * maximum.
     */
    IN_ORDER(a, b) IN_ORDER(b, c) IN_ORDER(a, b)
    IN_ORDER(d, e) IN_ORDER(e, f) IN_ORDER(d, e)
    IN_ORDER(g, h) IN_ORDER(h, i) IN_ORDER(g, h)
    floats low = greater(a, greater(d, g)), high = lesser(c, lesser(f, i));
    floats middle = greater(lesser(b, e), lesser(greater(b, e), h));
    IN_ORDER(low, middle) IN_ORDER(middle, high) IN_ORDER(low, middle)
    STORE(smooth, at, middle);
}
