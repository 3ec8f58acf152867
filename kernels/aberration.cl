/* Lateral chromatic aberration of a Bayer mosaic: red and blue sites are read from where the lens has put their light. */
#include "portable.h"

#define FARTHEST 9.0f /* sites; the cubic reads 4 further, which the border holds */

/* Weights of the four lattice points around a place at the fraction t between the middle two (E. Catmull and R. Rom, "A
 * class of local interpolating splines", 1974).
 */
FUNCTION void cubic(float t, float *weight)
{
    weight[0] = t * (-0.5f + t * (1.0f - 0.5f * t));
    weight[1] = 1.0f + t * t * (-2.5f + 1.5f * t);
    weight[2] = t * (0.5f + t * (2.0f - 1.5f * t));
    weight[3] = t * t * (-0.5f + 0.5f * t);
}

FUNCTION float bounded(float x) { return x < -FARTHEST ? -FARTHEST : x > FARTHEST ? FARTHEST : x; }

/* What the site's own lattice, every other site of every other row, holds at a place `shift_x`, `shift_y` sites away. */
FUNCTION float resampled(GLOBAL const float *mosaic, int at, int pitch, float shift_x, float shift_y)
{
    const float x = 0.5f * bounded(shift_x) + 8.0f, y = 0.5f * bounded(shift_y) + 8.0f;
    const int left = (int)x - 8, top = (int)y - 8;
    float across[4], down[4];
    cubic(x - (float)(int)x, across);
    cubic(y - (float)(int)y, down);
    float sum = 0.0f;
    for (int row = 0; row < 4; ++row) {
        GLOBAL const float *from = mosaic + at + 2 * ((top + row - 1) * pitch + left - 1);
        sum += down[row] * (across[0] * from[0] + across[1] * from[2] + across[2] * from[4] + across[3] * from[6]);
    }
    return sum;
}

/* A site at distance r from the centre, in half diagonals, is read k_1 + k_2 r^2 farther out. Green stays. */
KERNEL void shift_red_and_blue(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT output, int width, int pitch,
                               int red_x, int red_y, float centre_x, float centre_y, float per_half_diagonal,
                               float red_1, float red_2, float blue_1, float blue_2)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const int red_row = (GLOBAL_Y & 1) == red_y;
    const int first = red_row ? red_x : 1 - red_x; /* the parity of the columns that have red or blue */
    const float k_1 = red_row ? red_1 : blue_1, k_2 = red_row ? red_2 : blue_2;
    const float y = (float)GLOBAL_Y - centre_y;
    STORE(output, at, LOAD(mosaic, at));
    for (int i = 0; i < RUN && GLOBAL_X + i < width; ++i) {
        if (((GLOBAL_X + i) & 1) != first)
            continue;
        const float x = (float)(GLOBAL_X + i) - centre_x;
        const float radius = (x * x + y * y) * per_half_diagonal * per_half_diagonal;
        const float farther = k_1 + k_2 * radius;
        output[at + i] = resampled(mosaic, at + i, pitch, x * farther, y * farther);
    }
}
