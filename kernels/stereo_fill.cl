/* What the matching did not find: specks are taken out, holes filled from the farther side. Disparities by pixel, -1
 * where they are not known.
 */
#include "portable.h"

#define UNKNOWN (-1.0f)
#define NOWHERE 1e6f
#define ALIKE 1.0f /* neighbours on one surface differ by no more */
#define REACH 4    /* of the window in which a pixel looks for others of its surface, every other one */
#define FEWEST 7.0f

/* A pixel stays where enough of those around it lie on its surface; beside the picture nothing is known. */
KERNEL void remove_speckles(GLOBAL const float *RESTRICT disparity, GLOBAL float *RESTRICT kept, int pitch)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats here = LOAD(disparity, at);
    floats count = (floats)(0.0f);
    for (int dy = -REACH; dy <= REACH; dy += 2)
        for (int dx = -REACH; dx <= REACH; dx += 2)
            count += absolute(LOAD(disparity, at + dy * pitch + dx) - here) <= ALIKE ? (floats)(1.0f) : (floats)(0.0f);
    STORE(kept, at, count >= FEWEST && here >= 0.0f ? here : (floats)(UNKNOWN));
}

/* The last known disparity before each pixel, in a plane for each direction: first along the rows. */
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

/* Then down, or up, the picture, `lean` columns to the right each row: a work-item takes a run of neighbouring paths.
 * Those that lean begin beside the picture, `height` columns or less; of its border some of them take what is mirrored.
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

/* Most holes are what a nearer thing hides from the right camera, so they lie behind it: what is seen from a hole in
 * eight directions has its second least near there; the least may be a mistake (Hirschmueller 2008, section 2.6). Of
 * what lies no nearer than that, by ALONG, the hole takes what is in its own row, since floors recede from row to row.
 * What only the left camera sees, at its left end, goes on as it begins.
 */
#define ALONG 4.0f
KERNEL void fill(GLOBAL const float *RESTRICT disparity, GLOBAL const float *RESTRICT carried,
                 GLOBAL float *RESTRICT filled, int pitch, int stride)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats here = LOAD(disparity, at);
    const floats left = LOAD(carried, at), right = LOAD(carried, at + stride);
    floats least = (floats)(NOWHERE), second = (floats)(NOWHERE);
    for (int i = 0; i < 8; ++i) {
        floats seen = LOAD(carried, at + i * stride);
        seen = seen >= 0.0f ? seen : (floats)(NOWHERE);
        second = lesser(second, greater(least, seen));
        least = lesser(least, seen);
    }
    second = second < NOWHERE ? second : least;
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

/* The median of 3x3. Takes single wrong pixels out, and smooths what was filled row by row. */
KERNEL void median(GLOBAL const float *RESTRICT disparity, GLOBAL float *RESTRICT smooth, int pitch)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    floats a = LOAD(disparity, at - pitch - 1), b = LOAD(disparity, at - pitch), c = LOAD(disparity, at - pitch + 1);
    floats d = LOAD(disparity, at - 1), e = LOAD(disparity, at), f = LOAD(disparity, at + 1);
    floats g = LOAD(disparity, at + pitch - 1), h = LOAD(disparity, at + pitch), i = LOAD(disparity, at + pitch + 1);
    /* Each row in order, then the greatest of the least, the middle of the middle ones, the least of the greatest. */
    IN_ORDER(a, b) IN_ORDER(b, c) IN_ORDER(a, b)
    IN_ORDER(d, e) IN_ORDER(e, f) IN_ORDER(d, e)
    IN_ORDER(g, h) IN_ORDER(h, i) IN_ORDER(g, h)
    floats low = greater(a, greater(d, g)), high = lesser(c, lesser(f, i));
    floats middle = greater(lesser(b, e), lesser(greater(b, e), h));
    IN_ORDER(low, middle) IN_ORDER(middle, high) IN_ORDER(low, middle)
    STORE(smooth, at, middle);
}
