/* Defective photosites of a mosaic: detection, and correction from good neighbours of the same colour. */
#include "portable.h"

/* Detection thresholds in the square-root domain, where noise is uniform: the allowed difference from the neighbours,
 * and the allowed multiple of their spread beyond it. A real point of light also raises the adjacent photosites of
 * other colours; a thin line raises one adjacent and one diagonal photosite.
 */
#define MIN_EXCESS 0.045f
#define SPREAD 0.5f
#define SHARED 0.1f
#define CONTINUED 0.2f
#define CORNER 0.15f
#define SLOPE 0.12f /* fraction of the spread that a slope adds to a neighbour on one side */

#define M(dx, dy) LOAD(mosaic, at + (dy) * pitch + (dx))

FUNCTION floats extreme(floats a, floats b, floats c, floats d) { return greater(greater(a, b), greater(c, d)); }

/* The largest and second largest value so far, and the sum. */
#define NEIGHBOUR(dx, dy)                                                                                              \
    {                                                                                                                  \
        const floats value = M(dx, dy);                                                                                \
        second = greater(second, lesser(maximum, value));                                                              \
        maximum = greater(maximum, value);                                                                             \
        last = lesser(last, greater(minimum, value));                                                                  \
        minimum = lesser(minimum, value);                                                                              \
        sum += value;                                                                                                  \
    }

/* 1 where `here` exceeds all eight neighbours of its colour, or all but one, which may be defective; 0 elsewhere. `lit`
 * is the excess of the adjacent photosites of other colours over their own neighbours, without the brightest (a
 * defect sometimes has a defective neighbour). `brightest` is the excess of the brightest one, `one_side` its
 * difference from the opposite one, `corner` the maximum excess of the diagonal ones.
 */
FUNCTION floats is_outlier(floats here, floats maximum, floats second, floats last, floats minimum, floats sum,
                           floats lit, floats brightest, floats one_side, floats corner)
{
    const floats out = here - 0.125f * sum, inner_out = here - (sum - maximum - minimum) * (1.0f / 6.0f);
    const floats continued = CONTINUED * out + SLOPE * (maximum - minimum);
    const floats is_single = here - maximum > MIN_EXCESS + SPREAD * (maximum - minimum) && lit < SHARED * out
                                 && !(one_side > continued && corner > continued)
                             ? (floats)(1.0f)
                             : (floats)(0.0f);
    return here - second > MIN_EXCESS + SPREAD * (second - last) && brightest < SHARED * inner_out
                   && corner < CORNER * inner_out
               ? (floats)(1.0f)
               : is_single;
}

/* Sets 1 in `mask` at defective photosites: those brighter or darker than the neighbours of their colour, `step`
 * photosites away, by more than image detail explains, and those already set in `listed`.
 */
KERNEL void detect_defects(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT listed,
                           GLOBAL float *RESTRICT mask, int pitch, int step)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats here = M(0, 0), first = M(-step, -step);
    floats maximum = first, minimum = first, second = (floats)(-1e30f), last = (floats)(1e30f), sum = first;
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
        corner = (4.0f * extreme(nw, ne, sw, se) - corners) * (1.0f / 3.0f); /* relative to the mean of the others */
        dark_corner = (4.0f * extreme(-nw, -ne, -sw, -se) + corners) * (1.0f / 3.0f);
    }
    const floats hot = is_outlier(here, maximum, second, last, minimum, sum, lit, brightest, one_side, corner);
    const floats dead = is_outlier(-here, -minimum, -last, -second, -maximum, -sum, -shaded, -darkest, one_side,
                                   dark_corner);
    STORE(mask, at, greater(greater(hot, dead), LOAD(listed, at)));
}

/* Mean of two opposite neighbours if both are good and agree better than the best pair so far. */
FUNCTION void try_pair(GLOBAL const float *mosaic, GLOBAL const float *mask, int at, int step, float *difference,
                       float *value)
{
    if (mask[at - step] + mask[at + step] > 0.0f)
        return;
    const float signed_difference = mosaic[at - step] - mosaic[at + step];
    const float size = signed_difference < 0.0f ? -signed_difference : signed_difference;
    if (size < *difference) {
        *difference = size;
        *value = 0.5f * (mosaic[at - step] + mosaic[at + step]);
    }
}

FUNCTION void correct(GLOBAL float *mosaic, GLOBAL const float *mask, int at, int pitch, int step)
{
    float difference = 1e30f, value = mosaic[at];
    try_pair(mosaic, mask, at, step, &difference, &value);
    try_pair(mosaic, mask, at, step * pitch, &difference, &value);
    try_pair(mosaic, mask, at, step * (pitch + 1), &difference, &value);
    try_pair(mosaic, mask, at, step * (pitch - 1), &difference, &value);
    if (difference == 1e30f) { /* a cluster: use all good neighbours */
        float sum = 0.0f, count = 0.0f;
        for (int dy = -2; dy <= 2; ++dy)
            for (int dx = -2; dx <= 2; ++dx) {
                const int from = at + step * (dy * pitch + dx);
                sum += mask[from] > 0.0f ? 0.0f : mosaic[from];
                count += mask[from] > 0.0f ? 0.0f : 1.0f;
            }
        value = count > 0.0f ? sum / count : value;
    }
    mosaic[at] = value;
}

/* In place: good photosites are only read, defective ones only written. */
KERNEL void correct_detected(GLOBAL float *mosaic, GLOBAL const float *RESTRICT mask, int pitch, int step, int width)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    if (!(largest(LOAD(mask, at)) > 0.0f))
        return;
    for (int i = 0; i < RUN && GLOBAL_X + i < width; ++i)
        if (mask[at + i] > 0.0f)
            correct(mosaic, mask, at + i, pitch, step);
}

/* The same for `count` positions given as column and row. */
KERNEL void correct_listed(GLOBAL float *mosaic, GLOBAL const float *RESTRICT mask,
                           GLOBAL const int *RESTRICT positions, int pitch, int step, int count)
{
    if (GROUP_X < count)
        correct(mosaic, mask, (positions[2 * GROUP_X + 1] + PAD) * pitch + PAD + positions[2 * GROUP_X], pitch, step);
}
