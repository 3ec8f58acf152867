/* The picture enlarged around its middle, as a lens does whose view narrows towards close focus. */
#include "portable.h"
#include "cubic.h"

/* Between the two neighbours at most: the cubic would set dark rims around lights, which are linear light here. */
FUNCTION floats within(floats x, floats a, floats b) { return lesser(greater(x, lesser(a, b)), greater(a, b)); }

/* `step` pixels of the scene, no more than one, lie between two neighbours of the picture. A run reads what lies a whole
 * number of columns to its right, mostly the same for all of it; where that changes within the run, each in its turn.
 */
KERNEL void breathe(GLOBAL const float *RESTRICT scene, GLOBAL float *RESTRICT picture, int width, int height,
                    int pitch, int stride, float step)
{
    if (GLOBAL_X >= width)
        return;
    const float rest = 1.0f - step;
    const float y = (float)GLOBAL_Y + rest * (0.5f * (float)(height - 1) - (float)GLOBAL_Y);
    const floats x = (float)GLOBAL_X + LANE_NUMBERS;
    const floats right = rest * (0.5f * (float)(width - 1) - x); /* falls from lane to lane */
    const int row = (int)y;
    const float u = y - (float)row;
    const float down[4] = {WEIGHT_0(u), WEIGHT_1(u), WEIGHT_2(u), WEIGHT_3(u)};
    const int to = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const int farthest = (int)(largest(right) + 1024.0f) - 1024, nearest = -(int)(largest(-right) + 1024.0f) + 1024 - 1;
    for (int c = 0; c < 3; ++c) {
        floats value = (floats)(0.0f);
        for (int columns = farthest; columns >= nearest; --columns) {
            const floats t = right - (float)columns;
            const int from = c * stride + (row - 1 + PAD) * pitch + PAD + GLOBAL_X + columns - 1;
            floats across[4];
            for (int i = 0; i < 4; ++i) {
                const floats above = LOAD(scene, from + pitch + i), below = LOAD(scene, from + 2 * pitch + i);
                const floats sum = down[0] * LOAD(scene, from + i) + down[1] * above + down[2] * below
                                 + down[3] * LOAD(scene, from + 3 * pitch + i);
                across[i] = within(sum, above, below);
            }
            const floats sum = WEIGHT_0(t) * across[0] + WEIGHT_1(t) * across[1] + WEIGHT_2(t) * across[2]
                             + WEIGHT_3(t) * across[3];
            value = t >= 0.0f && t < 1.0f ? within(sum, across[1], across[2]) : value;
        }
        STORE(picture, to + c * stride, value);
    }
}
