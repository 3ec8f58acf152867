/* Shrinks a picture by area averaging: an output pixel is the mean of the input over its area. Preserves energy. */
#include "portable.h"

/* Part of input pixel `number` that lies between `from` and `to`. */
FUNCTION floats overlap(floats from, floats to, floats number)
{
    return greater(lesser(to, number + 1.0f) - greater(from, number), (floats)(0.0f));
}

/* Height only. `step` is the height of an output pixel in input pixels, at least 1; `taps` input rows cover it. The
 * output has the width and the pitch of the input, and `rows` rows in each of its three planes.
 */
KERNEL void resize_rows(GLOBAL const float *RESTRICT scene, GLOBAL float *RESTRICT picture, int rows, int pitch,
                        int stride, int scene_stride, float step, int taps)
{
    const int channel = GLOBAL_Y / rows, y = GLOBAL_Y % rows;
    const float from = (float)y * step;
    const int first = (int)from;
    floats sum = (floats)(0.0f);
    for (int tap = 0; tap < taps; ++tap) {
        const floats share = overlap((floats)(from), (floats)(from + step), (floats)((float)(first + tap)));
        sum += share * LOAD(scene, channel * scene_stride + (first + tap + PAD) * pitch + GLOBAL_X);
    }
    STORE(picture, channel * stride + (y + PAD) * pitch + GLOBAL_X, sum * (1.0f / step));
}

/* Width only: as `resize_rows`, for columns. Pixels in the border repeat the nearest column. */
KERNEL void resize_columns(GLOBAL const float *RESTRICT scene, GLOBAL float *RESTRICT picture, int rows, int width,
                           int pitch, int stride, int scene_pitch, int scene_stride, float step, int taps)
{
    const int channel = GLOBAL_Y / rows, y = GLOBAL_Y % rows;
    GLOBAL const float *row = scene + channel * scene_stride + (y + PAD) * scene_pitch + PAD;
    const floats column = (float)(GLOBAL_X - PAD) + LANE_NUMBERS;
    const floats from = limited(column, 0.0f, (float)(width - 1)) * step;
    const ints first = TRUNCATED(from);
    floats sum = (floats)(0.0f);
    for (int tap = 0; tap < taps; ++tap)
        sum += overlap(from, from + step, IN_FLOATS(first + tap)) * taken(row, first + tap);
    STORE(picture, channel * stride + (y + PAD) * pitch + GLOBAL_X, sum * (1.0f / step));
}

/* Width and height of a picture of exactly twice the size. */
KERNEL void resize_halve(GLOBAL const float *RESTRICT scene, GLOBAL float *RESTRICT picture, int rows, int width,
                         int pitch, int stride, int scene_pitch, int scene_stride)
{
    if (GLOBAL_X >= width)
        return;
    const int channel = GLOBAL_Y / rows, y = GLOBAL_Y % rows;
    const int from = channel * scene_stride + (2 * y + PAD) * scene_pitch + PAD + 2 * GLOBAL_X;
    floats left, right, below_left, below_right;
    load_pairs(scene, from, &left, &right);
    load_pairs(scene, from + scene_pitch, &below_left, &below_right);
    STREAM(picture, channel * stride + (y + PAD) * pitch + PAD + GLOBAL_X,
           0.25f * (left + right + (below_left + below_right)));
}

/* Width and height of a picture of exactly four thirds of the size. An output pixel is the mean of two input columns, and
 * of two rows: `SHARE` is the weight of the first, `FIRST` its number.
 */
#define FIRST(number) (4 * ((number) / 3) + (number) % 3)
#define SHARE(number) (0.75f - 0.25f * (float)((number) % 3))
#if RUN > 1
#define FOUR(part, i, next) OF(part, i, next), OF(part, i + 1, next), OF(part, i + 2, next), OF(part, i + 3, next)
#define OF(part, i, next) FIRST(RUN * (part) + (i)) - RUN * (part) + (next)
#if RUN == 16
#define COLUMNS(part, next)                                                                                            \
    __builtin_shufflevector(runs[part], runs[part + 1], FOUR(part, 0, next), FOUR(part, 4, next), FOUR(part, 8, next), \
                            FOUR(part, 12, next))
#else
#define COLUMNS(part, next)                                                                                            \
    __builtin_shufflevector(runs[part], runs[part + 1], FOUR(part, 0, next), FOUR(part, 4, next))
#endif
#define SHARES(part) (0.75f - 0.25f * IN_FLOATS((LANES + RUN * (part)) % 3))
#define STORE_PART(part)                                                                        \
    if (x + RUN * (part) < width)                                                               \
    STREAM(picture, to + RUN * (part),                                                          \
           COLUMNS(part, 1) + SHARES(part) * (COLUMNS(part, 0) - COLUMNS(part, 1)))
#endif

KERNEL void resize_three_quarters(GLOBAL const float *RESTRICT scene, GLOBAL float *RESTRICT picture, int rows,
                                  int width, int pitch, int stride, int scene_pitch, int scene_stride)
{
    const int channel = GLOBAL_Y / rows, y = GLOBAL_Y % rows;
#if RUN > 1
    const int x = GROUP_X * 3 * RUN, columns = GROUP_X * 4 * RUN;
#else
    const int x = GLOBAL_X, columns = FIRST(x);
#endif
    if (x >= width)
        return;
    GLOBAL const float *from = scene + channel * scene_stride + (FIRST(y) + PAD) * scene_pitch + PAD + columns;
    const int to = channel * stride + (y + PAD) * pitch + PAD + x;
    const float share = SHARE(y);
#if RUN > 1
    floats runs[4];
    UNROLL for (int part = 0; part < 4; ++part) {
        const floats below = LOAD(from, scene_pitch + part * RUN);
        runs[part] = below + share * (LOAD(from, part * RUN) - below);
    }
    STORE_PART(0);
    STORE_PART(1);
    STORE_PART(2);
#else
    const float left = from[scene_pitch] + share * (from[0] - from[scene_pitch]);
    const float right = from[scene_pitch + 1] + share * (from[1] - from[scene_pitch + 1]);
    picture[to] = right + SHARE(x) * (left - right);
#endif
}
