/* What the matching did not find: specks are taken out, holes filled from the farther side. Disparities by pixel, -1
 * where they are not known.
 */
#include "portable.h"

#define UNKNOWN (-1.0f)
#define ALIKE 1.0f /* neighbours on one surface differ by no more */
#define REACH 6    /* of the window in which a pixel looks for others of its surface, every other one */
#define FEWEST 14.0f

/* A pixel stays where enough of those around it lie on its surface. */
KERNEL void without_specks(GLOBAL const float *RESTRICT disparity, GLOBAL float *RESTRICT kept, int pitch)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats here = LOAD(disparity, at);
    floats count = (floats)(0.0f);
    for (int dy = -REACH; dy <= REACH; dy += 2)
        for (int dx = -REACH; dx <= REACH; dx += 2)
            count += absolute(LOAD(disparity, at + dy * pitch + dx) - here) <= ALIKE ? (floats)(1.0f) : (floats)(0.0f);
    STORE(kept, at, count >= FEWEST && here >= 0.0f ? here : (floats)(UNKNOWN));
}

FUNCTION float farther(float a, float b) { return a < 0.0f || (b >= 0.0f && b < a) ? b : a; }

/* Each hole in a row takes the lesser of the disparities at its ends: it is what the nearer thing hides from the right
 * camera, so it lies behind. A work-item a line; `along` and `across` are the steps within and between lines.
 */
KERNEL void fill_lines(GLOBAL float *disparity, int lines, int length, int along, int across, int pitch)
{
    if (GROUP_X >= lines)
        return;
    GLOBAL float *line = disparity + PAD * pitch + PAD + GROUP_X * across;
    float last = UNKNOWN;
    for (int i = 0; i < length;) {
        if (line[i * along] >= 0.0f) {
            last = line[i * along];
            ++i;
            continue;
        }
        int end = i;
        while (end < length && line[end * along] < 0.0f)
            ++end;
        const float filling = farther(last, end < length ? line[end * along] : UNKNOWN);
        for (; i < end; ++i)
            line[i * along] = filling;
    }
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
