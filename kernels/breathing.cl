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
FUNCTION floats in_column(GLOBAL const float *RESTRICT scene, int from, int pitch, float w0, float w1, float w2,
                          float w3)
{
    const floats above = LOAD(scene, from + pitch), below = LOAD(scene, from + 2 * pitch);
    const floats sum = w0 * LOAD(scene, from) + w1 * above + w2 * below + w3 * LOAD(scene, from + 3 * pitch);
    return within(sum, above, below);
}

/* Pixels of a work-item: a part of a row on a CPU, where neighbouring runs share column sums, and one on a GPU. */
#if RUN > 1
#define AREA 256
#else
#define AREA 1
#endif

/* `step` is the distance of neighbouring output pixels in scene pixels, at most 1. A run reads values at a whole column
 * offset, mostly one offset for all lanes. If the offset changes within the run, each offset is processed in turn.
 */
KERNEL void breathe(GLOBAL const float *RESTRICT scene, GLOBAL float *RESTRICT picture, int width, int height,
                    int pitch, int stride, float step)
{
    const float rest = 1.0f - step;
    const float y = (float)GLOBAL_Y + rest * (0.5f * (float)(height - 1) - (float)GLOBAL_Y);
    const int row = (int)y;
    const float u = y - (float)row;
    const float w0 = WEIGHT_0(u), w1 = WEIGHT_1(u), w2 = WEIGHT_2(u), w3 = WEIGHT_3(u);
    const int row_at = (row - 1 + PAD) * pitch + PAD - 1, to = (GLOBAL_Y + PAD) * pitch + PAD;
    floats next[3];
    int next_at = -1; /* the column of these column sums */
    for (int x = GROUP_X * AREA; x < GROUP_X * AREA + AREA && x < width; x += RUN) {
        const float first_shift = rest * (0.5f * (float)(width - 1) - (float)x); /* decreases from lane to lane */
        const float last_shift = first_shift - rest * (float)(RUN - 1);
        const floats shift = first_shift - rest * LANE_NUMBERS;
        const int max_columns = (int)(first_shift + 4096.0f) - 4096;
        const int min_columns = (int)(last_shift + 4095.99f) - 4096;
        floats value[3];
        UNROLL for (int c = 0; c < 3; ++c)
            value[c] = (floats)(0.0f);
        for (int columns = max_columns; columns >= min_columns; --columns) {
            const floats t = shift - (float)columns;
            const floats t0 = WEIGHT_0(t), t1 = WEIGHT_1(t), t2 = WEIGHT_2(t), t3 = WEIGHT_3(t);
            const int from = row_at + x + columns;
            UNROLL for (int c = 0; c < 3; ++c) {
                const int at = from + c * stride;
#if RUN > 1
                floats first = next[c];
                if (x + columns != next_at)
                    first = in_column(scene, at, pitch, w0, w1, w2, w3);
                next[c] = in_column(scene, at + RUN, pitch, w0, w1, w2, w3);
                const floats before = FROM(1, first, next[c]), after = FROM(2, first, next[c]);
                const floats last = FROM(3, first, next[c]);
#else
                const float first = in_column(scene, at, pitch, w0, w1, w2, w3);
                const float before = in_column(scene, at + 1, pitch, w0, w1, w2, w3);
                const float after = in_column(scene, at + 2, pitch, w0, w1, w2, w3);
                const float last = in_column(scene, at + 3, pitch, w0, w1, w2, w3);
#endif
                const floats sum = t0 * first + t1 * before + t2 * after + t3 * last;
                value[c] = t >= 0.0f && t < 1.0f ? within(sum, before, after) : value[c];
            }
            next_at = x + columns + RUN;
        }
        UNROLL for (int c = 0; c < 3; ++c)
            STREAM(picture, to + c * stride + x, value[c]);
    }
}
