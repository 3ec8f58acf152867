/* Converts pictures to grey for stereo matching, 0 to 1 in perceived brightness, one pixel per step x step block.
 * Linear light goes through a square root. Green has double weight, as in a mosaic.
 */
#include "portable.h"

#define GREY(Number)                                                                                                   \
    const int x = GROUP_X, y = GLOBAL_Y;                                                                               \
    if (x >= width)                                                                                                    \
        return;                                                                                                        \
    float sum = 0.0f;                                                                                                  \
    for (int dy = 0; dy < step; ++dy) {                                                                                \
        GLOBAL const Number *from = numbers + (y * step + dy) * row + x * step * samples;                              \
        for (int dx = 0; dx < step; ++dx, from += samples)                                                             \
            sum += samples == 1 ? (float)from[0]                                                                       \
                                : 0.25f * (float)from[0] + 0.5f * (float)from[1] + 0.25f * (float)from[2];             \
    }                                                                                                                  \
    const float value = gain * sum - black;                                                                            \
    const float perceived = value > 0.0f ? (is_light ? scalar_root(value) : value) : 0.0f;                             \
    grey[(y + PAD) * pitch + PAD + x] = perceived < 1.0f ? perceived : 1.0f;

/* Row `y` starts at the element y * row. */
KERNEL void grey_u8(GLOBAL const u8 *RESTRICT numbers, GLOBAL float *RESTRICT grey, int width, int row, int samples,
                    int step, int pitch, float gain, float black, int is_light)
{
    GREY(u8)
}

KERNEL void grey_u16(GLOBAL const u16 *RESTRICT numbers, GLOBAL float *RESTRICT grey, int width, int row, int samples,
                     int step, int pitch, float gain, float black, int is_light)
{
    GREY(u16)
}

KERNEL void grey_f32(GLOBAL const float *RESTRICT numbers, GLOBAL float *RESTRICT grey, int width, int row, int samples,
                     int step, int pitch, float gain, float black, int is_light)
{
    GREY(float)
}
