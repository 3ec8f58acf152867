/* Enlarges the picture around its centre: focus breathing of a lens whose field of view narrows towards close focus. */
#include "portable.h"
#include "cubic.h"

/* Result limited to the range of the two neighbours: in linear light the cubic would create dark rims around lights. */
FUNCTION floats within(floats x, floats a, floats b) { return lesser(greater(x, lesser(a, b)), greater(a, b)); }

/* Values i columns to the right of a run, from the run and the next one. */
#if RUN == 16
#define FROM(i, run, next)                                                                                             \
    __builtin_shufflevector(run, next, i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7, i + 8, i + 9, i + 10,       \
                            i + 11, i + 12, i + 13, i + 14, i + 15)
#elif RUN == 8
#define FROM(i, run, next)                                                                                             \
    __builtin_shufflevector(run, next, i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7)
#endif

/* Weighted sum of the four rows from `from` on. */
FUNCTION floats in_column(GLOBAL const float *from, place pitch, float w0, float w1, float w2, float w3)
{
    const floats above = LOAD(from, pitch), below = LOAD(from, 2 * pitch);
    return within(w0 * LOAD(from, 0) + w1 * above + w2 * below + w3 * LOAD(from, 3 * pitch), above, below);
}

/* Pixels of a work-item: a part of a row on a CPU, where neighbouring runs share column sums, and one on a GPU. */
#if RUN > 1
#define AREA 256
#else
#define AREA 1
#endif

/* `step` is the distance of neighbouring output pixels in scene pixels, at most 1. A run reads values at a whole column
 * offset, mostly one offset for all lanes. If the offset changes within the run, the first lanes read one column further
 * to the right; if it changes more than once, each offset is processed in turn.
 */
KERNEL void breathe(GLOBAL const float *RESTRICT scene, GLOBAL float *RESTRICT picture, int width, int height,
                    int pitch, int stride, float step)
{
    const float rest = 1.0f - step;
    const float y = (float)GLOBAL_Y + rest * (0.5f * (float)(height - 1) - (float)GLOBAL_Y);
    const int row = (int)y;
    const float u = y - (float)row;
    const float w0 = WEIGHT_0(u), w1 = WEIGHT_1(u), w2 = WEIGHT_2(u), w3 = WEIGHT_3(u);
    const place to = (place)(GLOBAL_Y + PAD) * pitch + PAD, line = pitch, plane = stride;
    GLOBAL const float *rows = scene + (place)(row - 1 + PAD) * pitch + PAD - 1;
#if RUN > 1
    floats next[3];
    int next_at = -PAD - 1; /* the column of these column sums: none yet */
#endif
    for (int x = GROUP_X * AREA; x < GROUP_X * AREA + AREA && x < width; x += RUN) {
        const float first_shift = rest * (0.5f * (float)(width - 1) - (float)x); /* decreases from lane to lane */
        const float last_shift = first_shift - rest * (float)(RUN - 1);
        const floats shift = first_shift - rest * LANE_NUMBERS;
        int columns = (int)(first_shift + 4096.0f) - 4096;
        const int min_columns = (int)(last_shift + 4095.99f) - 4096;
#if RUN > 1
        floats value[3];
        for (columns = columns > min_columns ? columns - 1 : columns;; --columns) {
            const floats past = shift - (float)columns; /* 1 or more in the first lanes, if the offset changes */
            const ints changes = past >= 1.0f;
            const floats t = changes ? past - 1.0f : past;
            const floats t0 = WEIGHT_0(t), t1 = WEIGHT_1(t), t2 = WEIGHT_2(t), t3 = WEIGHT_3(t);
            GLOBAL const float *from = rows + x + columns;
            const int is_known = x + columns == next_at;
            UNROLL for (int c = 0; c < 3; ++c, from += plane) {
                const floats first = is_known ? next[c] : in_column(from, line, w0, w1, w2, w3);
                next[c] = in_column(from + RUN, line, w0, w1, w2, w3);
                const floats second = FROM(1, first, next[c]), third = FROM(2, first, next[c]);
                const floats fourth = FROM(3, first, next[c]);
                const floats outer = changes ? second : first, before = changes ? third : second;
                const floats after = changes ? fourth : third, last = changes ? FROM(4, first, next[c]) : fourth;
                const floats sum = within(t0 * outer + t1 * before + t2 * after + t3 * last, before, after);
                value[c] = past >= 0.0f && past < 2.0f ? sum : value[c];
            }
            next_at = x + columns + RUN;
            if (columns <= min_columns)
                break;
        }
        UNROLL for (int c = 0; c < 3; ++c)
            STREAM(picture, to + c * plane + x, value[c]);
#else
        const float t = shift - (float)columns;
        const float t0 = WEIGHT_0(t), t1 = WEIGHT_1(t), t2 = WEIGHT_2(t), t3 = WEIGHT_3(t);
        UNROLL for (int c = 0; c < 3; ++c) {
            GLOBAL const float *from = rows + x + columns + c * plane;
            const float before = in_column(from + 1, line, w0, w1, w2, w3);
            const float after = in_column(from + 2, line, w0, w1, w2, w3);
            const float sum = t0 * in_column(from, line, w0, w1, w2, w3) + t1 * before + t2 * after
                            + t3 * in_column(from + 3, line, w0, w1, w2, w3);
            picture[to + c * plane + x] = within(sum, before, after);
        }
#endif
    }
}
