/* Sites of a mosaic that do not measure light: found, and replaced from good neighbours of their own colour. */
#include "portable.h"

/* What a site may differ from its neighbours in the domain of the square root, where noise is even, before it counts;
 * and by how much of their own spread beyond that. Of a real point of light the sites beside it, of other colours, see
 * a part.
 */
#define LEAST 0.045f
#define SPREAD 0.7f
#define SHARED 0.1f

#define M(dx, dy) LOAD(mosaic, at + (dy) * pitch + (dx))

/* Marks, as 1 in a plane, sites that are brighter or darker than every neighbour of their colour, `step` sites away, by
 * more than detail explains, and those that `listed` marks already.
 */
KERNEL void detect_defects(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT listed,
                           GLOBAL float *RESTRICT marks, int pitch, int step)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats here = M(0, 0);
    floats most = M(-step, -step), least = most, sum = most;
#define NEIGHBOUR(dx, dy)                                                                                              \
    {                                                                                                                  \
        const floats value = M(dx, dy);                                                                                \
        most = greater(most, value);                                                                                   \
        least = lesser(least, value);                                                                                  \
        sum += value;                                                                                                  \
    }
    NEIGHBOUR(0, -step)
    NEIGHBOUR(step, -step)
    NEIGHBOUR(-step, 0)
    NEIGHBOUR(step, 0)
    NEIGHBOUR(-step, step)
    NEIGHBOUR(0, step)
    NEIGHBOUR(step, step)
    const floats allowed = LEAST + SPREAD * (most - least);
    const floats above = here - most, below = least - here;
    const floats stands_out = here - 0.125f * sum;
    /* How far the sites beside it, of other colours, stand out among their own: three of the four, since the fourth may
     * be bad itself.
     */
    floats lit = (floats)(0.0f), shaded = lit;
    if (step == 2) {
        const floats west = M(-1, 0), east = M(1, 0), north = M(0, -1), south = M(0, 1);
        const floats four = west + east + north + south;
        const floats own = 0.125f * (M(-2, -1) + M(2, -1) + M(-2, 1) + M(2, 1)
                                     + M(-1, -2) + M(-1, 2) + M(1, -2) + M(1, 2));
        lit = (four - greater(greater(west, east), greater(north, south))) * (1.0f / 3.0f) - own;
        shaded = (four - lesser(lesser(west, east), lesser(north, south))) * (1.0f / 3.0f) - own;
    }
    const floats hot = above > allowed && lit < SHARED * stands_out ? (floats)(1.0f) : (floats)(0.0f);
    const floats dead = below > allowed && shaded > SHARED * stands_out ? (floats)(1.0f) : (floats)(0.0f);
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
KERNEL void mend_marked(GLOBAL float *mosaic, GLOBAL const float *RESTRICT marks, int pitch, int step, int width)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    if (!(largest(LOAD(marks, at)) > 0.0f))
        return;
    for (int i = 0; i < RUN && GLOBAL_X + i < width; ++i)
        if (marks[at + i] > 0.0f)
            mend(mosaic, marks, at + i, pitch, step);
}

/* The same of `count` places, told as column and row. */
KERNEL void mend_listed(GLOBAL float *mosaic, GLOBAL const float *RESTRICT marks, GLOBAL const int *RESTRICT places,
                        int pitch, int step, int count)
{
    if (GROUP_X < count)
        mend(mosaic, marks, (places[2 * GROUP_X + 1] + PAD) * pitch + PAD + places[2 * GROUP_X], pitch, step);
}
