/* Interleaved RGB pictures, (H, W, 3), to three planes of scene RGB. 8 and 16 bit numbers are display-encoded and go
 * through `table`, which holds the linear light of each; float is linear already.
 */
#include "portable.h"

#define PICTURE(name, type, linear_light)                                                                              \
    KERNEL void name(GLOBAL const type *RESTRICT numbers, GLOBAL const float *RESTRICT table,                          \
                     GLOBAL float *RESTRICT scene, int width, int pitch, int stride, float rr, float rg, float rb,     \
                     float gr, float gg, float gb, float br, float bg, float bb)                                       \
    {                                                                                                                  \
        for (int i = 0; i < RUN; ++i) {                                                                                \
            const int from = 3 * (GLOBAL_Y * width + GLOBAL_X + i);                                                    \
            const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X + i;                                              \
            const float r = linear_light(numbers[from]);                                                               \
            const float g = linear_light(numbers[from + 1]);                                                           \
            const float b = linear_light(numbers[from + 2]);                                                           \
            scene[at] = rr * r + rg * g + rb * b;                                                                      \
            scene[at + stride] = gr * r + gg * g + gb * b;                                                             \
            scene[at + 2 * stride] = br * r + bg * g + bb * b;                                                         \
        }                                                                                                              \
    }

#define LOOKED_UP(number) table[number]
#define AS_IT_IS(number) number
PICTURE(picture_u8, u8, LOOKED_UP)
PICTURE(picture_u16, u16, LOOKED_UP)
PICTURE(picture_f32, float, AS_IT_IS)
