/* Corrects lateral chromatic aberration of a Bayer mosaic: resamples red and blue photosites at their true positions.
 */
#include "portable.h"
#include "cubic.h"

#define MAX_SHIFT 9.0f /* in photosites; the cubic reads 4 more, within the border */

FUNCTION float bounded(float x) { return x < -MAX_SHIFT ? -MAX_SHIFT : x > MAX_SHIFT ? MAX_SHIFT : x; }

/* The photosite's own lattice (every second photosite of every second row), sampled at an offset of `shift_x`,
 * `shift_y` photosites.
 */
FUNCTION float resampled(GLOBAL const float *mosaic, int at, int pitch, float shift_x, float shift_y)
{
    const float x = 0.5f * bounded(shift_x) + 8.0f, y = 0.5f * bounded(shift_y) + 8.0f;
    const float t = x - (float)(int)x, u = y - (float)(int)y;
    const float across[4] = {WEIGHT_0(t), WEIGHT_1(t), WEIGHT_2(t), WEIGHT_3(t)};
    const float down[4] = {WEIGHT_0(u), WEIGHT_1(u), WEIGHT_2(u), WEIGHT_3(u)};
    float sum = 0.0f;
    for (int row = 0; row < 4; ++row) {
        GLOBAL const float *from = mosaic + at + 2 * (((int)y - 9 + row) * pitch + (int)x - 9);
        sum += down[row] * (across[0] * from[0] + across[1] * from[2] + across[2] * from[4] + across[3] * from[6]);
    }
    return sum;
}

/* A photosite at distance r from the centre, in half diagonals, is read k_1 + k_2 r^2 farther out. Green does not
 * change.
 */
KERNEL void shift_red_and_blue(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT output, int width, int pitch,
                               int red_x, int red_y, float centre_x, float centre_y, float per_half_diagonal,
                               float red_1, float red_2, float blue_1, float blue_2)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const int red_row = (GLOBAL_Y & 1) == red_y;
    const int first = red_row ? red_x : 1 - red_x; /* parity of the columns that have red or blue */
    const float k_1 = red_row ? red_1 : blue_1, k_2 = red_row ? red_2 : blue_2;
    const float y = (float)GLOBAL_Y - centre_y;
#if RUN > 1
    /* Most runs lie between the same lattice points throughout: the whole run is then read at once, both colours alike.
     */
    const floats x = (float)GLOBAL_X - centre_x + LANE_NUMBERS;
    const floats farther = k_1 + k_2 * (x * x + y * y) * per_half_diagonal * per_half_diagonal;
    const floats to_x = 0.5f * limited(x * farther, -MAX_SHIFT, MAX_SHIFT) + 8.0f;
    const floats to_y = 0.5f * limited(y * farther, -MAX_SHIFT, MAX_SHIFT) + 8.0f;
    const int left = (int)to_x.s0, top = (int)to_y.s0;
    const floats t = to_x - (float)left, u = to_y - (float)top;
    if (largest(greater(t, u)) < 1.0f && largest(greater(-t, -u)) <= 0.0f) {
        GLOBAL const float *from = mosaic + at + 2 * ((top - 9) * pitch + left - 9);
        const floats w0 = WEIGHT_0(t), w1 = WEIGHT_1(t), w2 = WEIGHT_2(t), w3 = WEIGHT_3(t);
#define ACROSS(row)                                                                                                    \
    (w0 * LOAD(from, 2 * row * pitch) + w1 * LOAD(from, 2 * row * pitch + 2) + w2 * LOAD(from, 2 * row * pitch + 4)    \
     + w3 * LOAD(from, 2 * row * pitch + 6))
        const floats value = WEIGHT_0(u) * ACROSS(0) + WEIGHT_1(u) * ACROSS(1) + WEIGHT_2(u) * ACROSS(2)
                           + WEIGHT_3(u) * ACROSS(3);
        STORE(output, at, ((LANES + GLOBAL_X) & 1) == first ? value : LOAD(mosaic, at));
        return;
    }
#endif
    STORE(output, at, LOAD(mosaic, at));
    for (int i = 0; i < RUN && GLOBAL_X + i < width; ++i) {
        if (((GLOBAL_X + i) & 1) != first)
            continue;
        const float one_x = (float)(GLOBAL_X + i) - centre_x;
        const float one_farther = k_1 + k_2 * (one_x * one_x + y * y) * per_half_diagonal * per_half_diagonal;
        output[at + i] = resampled(mosaic, at + i, pitch, one_x * one_farther, y * one_farther);
    }
}
