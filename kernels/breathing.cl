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

/* `step` is the distance of neighbouring output pixels in scene pixels, at most 1. A run reads values at a whole column
 * offset, mostly one offset for all lanes. If the offset changes within the run, each offset is processed in turn.
 */
KERNEL void breathe(GLOBAL const float *RESTRICT scene, GLOBAL float *RESTRICT picture, int width, int height,
                    int pitch, int stride, float step)
{
    if (GLOBAL_X >= width)
        return;
    const float rest = 1.0f - step;
    const float y = (float)GLOBAL_Y + rest * (0.5f * (float)(height - 1) - (float)GLOBAL_Y);
    const floats x = (float)GLOBAL_X + LANE_NUMBERS;
    const floats shift = rest * (0.5f * (float)(width - 1) - x); /* decreases from lane to lane */
    const int row = (int)y;
    const float u = y - (float)row;
    const float w0 = WEIGHT_0(u), w1 = WEIGHT_1(u), w2 = WEIGHT_2(u), w3 = WEIGHT_3(u);
    const int to = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const float first_shift = rest * (0.5f * (float)(width - 1) - (float)GLOBAL_X);
    const float last_shift = first_shift - rest * (float)(RUN - 1);
    const int max_columns = (int)(first_shift + 4096.0f) - 4096, min_columns = (int)(last_shift + 4095.99f) - 4096;
    for (int c = 0; c < 3; ++c) {
        floats value = (floats)(0.0f);
        for (int columns = max_columns; columns >= min_columns; --columns) {
            const floats t = shift - (float)columns;
            const int from = c * stride + (row - 1 + PAD) * pitch + PAD + GLOBAL_X + columns - 1;
            const floats first = in_column(scene, from, pitch, w0, w1, w2, w3);
#if RUN > 1
            const floats next = in_column(scene, from + RUN, pitch, w0, w1, w2, w3);
            const floats before = FROM(1, first, next), after = FROM(2, first, next), last = FROM(3, first, next);
#else
            const float before = in_column(scene, from + 1, pitch, w0, w1, w2, w3);
            const float after = in_column(scene, from + 2, pitch, w0, w1, w2, w3);
            const float last = in_column(scene, from + 3, pitch, w0, w1, w2, w3);
#endif
            const floats sum = WEIGHT_0(t) * first + WEIGHT_1(t) * before + WEIGHT_2(t) * after + WEIGHT_3(t) * last;
            value = t >= 0.0f && t < 1.0f ? within(sum, before, after) : value;
        }
        STREAM(picture, to + c * stride, value);
    }
}
