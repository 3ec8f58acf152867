/* Interleaved RGB pictures, (H, W, 3), to three planes of scene RGB. 8 and 16 bit values are display-encoded; `table`
 * holds their linear light. Floats are linear already. `numbers` begin with row `first` of the picture.
 */
#include "portable.h"

#define LOOKED_UP(number) table[number]
#define AS_IT_IS(number) number
#define DEVELOP(linear_light)                                                                                          \
    for (int i = 0; i < RUN; ++i) {                                                                                    \
        const int from = 3 * (GLOBAL_Y * width + GLOBAL_X + i);                                                        \
        const int at = (first + GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X + i;                                                  \
        const float r = linear_light(numbers[from]);                                                                   \
        const float g = linear_light(numbers[from + 1]);                                                               \
        const float b = linear_light(numbers[from + 2]);                                                               \
        scene[at] = rr * r + rg * g + rb * b;                                                                          \
        scene[at + stride] = gr * r + gg * g + gb * b;                                                                 \
        scene[at + 2 * stride] = br * r + bg * g + bb * b;                                                             \
    }

KERNEL void picture_u8(GLOBAL const u8 *RESTRICT numbers, GLOBAL const float *RESTRICT table,
                       GLOBAL float *RESTRICT scene, int first, int width, int pitch, int stride, float rr, float rg, float rb,
                       float gr, float gg, float gb, float br, float bg, float bb)
{
    DEVELOP(LOOKED_UP)
}

KERNEL void picture_u16(GLOBAL const u16 *RESTRICT numbers, GLOBAL const float *RESTRICT table,
                        GLOBAL float *RESTRICT scene, int first, int width, int pitch, int stride, float rr, float rg, float rb,
                        float gr, float gg, float gb, float br, float bg, float bb)
{
    DEVELOP(LOOKED_UP)
}

/* `table` is unused: all three kernels have the same signature. */
KERNEL void picture_f32(GLOBAL const float *RESTRICT numbers, GLOBAL const float *RESTRICT table,
                        GLOBAL float *RESTRICT scene, int first, int width, int pitch, int stride, float rr, float rg, float rb,
                        float gr, float gg, float gb, float br, float bg, float bb)
{
    DEVELOP(AS_IT_IS)
}
