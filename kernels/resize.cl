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
