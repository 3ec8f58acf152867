/* Sites of a mosaic that do not measure light: found, and replaced from good neighbours of their own colour. */
#include "portable.h"

/* What a site may differ from its neighbours in the domain of the square root, where noise is even, before it counts;
 * and by how much of their own spread beyond that. Of a real point of light the sites beside it, of other colours, see
 * a part; of a thin line one site beside it and one across a corner.
 */
#define MIN_EXCESS 0.045f
#define SPREAD 0.5f
#define SHARED 0.1f
#define CONTINUED 0.2f
#define CORNER 0.15f
#define SLOPE 0.12f /* of the spread: what a slope does to a neighbour on one side */

#define M(dx, dy) LOAD(mosaic, at + (dy) * pitch + (dx))

FUNCTION floats extreme(floats a, floats b, floats c, floats d) { return greater(greater(a, b), greater(c, d)); }

/* The largest and the second largest so far, and the sum. */
#define NEIGHBOUR(dx, dy)                                                                                              \
    {                                                                                                                  \
        const floats value = M(dx, dy);                                                                                \
        second = greater(second, lesser(most, value));                                                                 \
        most = greater(most, value);                                                                                   \
        last = lesser(last, greater(least, value));                                                                    \
        least = lesser(least, value);                                                                                  \
        sum += value;                                                                                                  \
    }

/* 1 where `here` lies above all eight neighbours of its colour, or all but one that may be bad itself; 0 elsewhere.
 * `lit` is by how much the sites beside it, of other colours, stand out among their own, the brightest aside (a defect
 * has a bad neighbour now and then), `brightest` by how much that one does, `one_side` by how much it passes the one
 * opposite, `corner` the brightest of the diagonal ones.
 */
FUNCTION floats is_outlier(floats here, floats most, floats second, floats last, floats least, floats sum, floats lit,
                           floats brightest, floats one_side, floats corner)
{
    const floats out = here - 0.125f * sum, inner_out = here - (sum - most - least) * (1.0f / 6.0f);
    const floats continued = CONTINUED * out + SLOPE * (most - least);
    const floats alone = here - most > MIN_EXCESS + SPREAD * (most - least) && lit < SHARED * out
                                 && !(one_side > continued && corner > continued)
                             ? (floats)(1.0f)
                             : (floats)(0.0f);
    return here - second > MIN_EXCESS + SPREAD * (second - last) && brightest < SHARED * inner_out
                   && corner < CORNER * inner_out
               ? (floats)(1.0f)
               : alone;
}

/* Marks, as 1 in a plane, sites that are brighter or darker than the neighbours of their colour, `step` sites away, by
 * more than detail explains, and those that `listed` marks already.
 */
KERNEL void detect_defects(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT listed,
                           GLOBAL float *RESTRICT marks, int pitch, int step)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats here = M(0, 0), first = M(-step, -step);
    floats most = first, least = first, second = (floats)(-1e30f), last = (floats)(1e30f), sum = first;
    NEIGHBOUR(0, -step)
    NEIGHBOUR(step, -step)
    NEIGHBOUR(-step, 0)
    NEIGHBOUR(step, 0)
    NEIGHBOUR(-step, step)
    NEIGHBOUR(0, step)
    NEIGHBOUR(step, step)
    floats lit = (floats)(0.0f), brightest = lit, corner = lit, shaded = lit, darkest = lit, dark_corner = lit,
           one_side = lit;
    if (step == 2) {
        const floats west = M(-1, 0), east = M(1, 0), north = M(0, -1), south = M(0, 1);
        const floats four = west + east + north + south;
        const floats own = 0.125f * (M(-2, -1) + M(2, -1) + M(-2, 1) + M(2, 1)
                                     + M(-1, -2) + M(-1, 2) + M(1, -2) + M(1, 2));
        brightest = extreme(west, east, north, south);
        darkest = -extreme(-west, -east, -north, -south);
        lit = (four - brightest) * (1.0f / 3.0f) - own;
        shaded = (four - darkest) * (1.0f / 3.0f) - own;
        brightest -= own;
        darkest -= own;
        one_side = greater(absolute(west - east), absolute(north - south));
        const floats nw = M(-1, -1), ne = M(1, -1), sw = M(-1, 1), se = M(1, 1), corners = nw + ne + sw + se;
        corner = (4.0f * extreme(nw, ne, sw, se) - corners) * (1.0f / 3.0f); /* above the mean of the others */
        dark_corner = (4.0f * extreme(-nw, -ne, -sw, -se) + corners) * (1.0f / 3.0f);
    }
    const floats hot = is_outlier(here, most, second, last, least, sum, lit, brightest, one_side, corner);
    const floats dead = is_outlier(-here, -least, -last, -second, -most, -sum, -shaded, -darkest, one_side,
                                   dark_corner);
    STORE(marks, at, greater(greater(hot, dead), LOAD(listed, at)));
}

/* Of two opposite neighbours that are both good, the mean, where they agree better than the best pair so far. */
FUNCTION void try_pair(GLOBAL const float *mosaic, GLOBAL const float *marks, int at, int step, float *difference,
                       float *value)
{
    if (marks[at - step] + marks[at + step] > 0.0f)
        return;
    const float apart = mosaic[at - step] - mosaic[at + step];
    const float size = apart < 0.0f ? -apart : apart;
    if (size < *difference) {
        *difference = size;
        *value = 0.5f * (mosaic[at - step] + mosaic[at + step]);
    }
}

FUNCTION void mend(GLOBAL float *mosaic, GLOBAL const float *marks, int at, int pitch, int step)
{
    float difference = 1e30f, value = mosaic[at];
    try_pair(mosaic, marks, at, step, &difference, &value);
    try_pair(mosaic, marks, at, step * pitch, &difference, &value);
    try_pair(mosaic, marks, at, step * (pitch + 1), &difference, &value);
    try_pair(mosaic, marks, at, step * (pitch - 1), &difference, &value);
    if (difference == 1e30f) { /* a cluster: whatever is good around it */
        float sum = 0.0f, count = 0.0f;
        for (int dy = -2; dy <= 2; ++dy)
            for (int dx = -2; dx <= 2; ++dx) {
                const int from = at + step * (dy * pitch + dx);
                sum += marks[from] > 0.0f ? 0.0f : mosaic[from];
                count += marks[from] > 0.0f ? 0.0f : 1.0f;
            }
        value = count > 0.0f ? sum / count : value;
    }
    mosaic[at] = value;
}

/* In place: good sites are only read, bad ones only written. */
KERNEL void correct_marked(GLOBAL float *mosaic, GLOBAL const float *RESTRICT marks, int pitch, int step, int width)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    if (!(largest(LOAD(marks, at)) > 0.0f))
        return;
    for (int i = 0; i < RUN && GLOBAL_X + i < width; ++i)
        if (marks[at + i] > 0.0f)
            mend(mosaic, marks, at + i, pitch, step);
}

/* The same of `count` places, told as column and row. */
KERNEL void correct_listed(GLOBAL float *mosaic, GLOBAL const float *RESTRICT marks, GLOBAL const int *RESTRICT places,
                        int pitch, int step, int count)
{
    if (GROUP_X < count)
        mend(mosaic, marks, (places[2 * GROUP_X + 1] + PAD) * pitch + PAD + places[2 * GROUP_X], pitch, step);
}
