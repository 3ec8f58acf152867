/* Sensor numbers to the encoded mosaic: black and white level of each CFA site, white balance, clip, encode. */
#include "portable.h"
#include "encoding.h"

/* Site s of the 2x2 block, in reading order, becomes (number - black_s) * gain_s, at most `clip`. */
KERNEL void levels_u16(GLOBAL const u16 *RESTRICT numbers, GLOBAL float *RESTRICT mosaic, int width, int pitch,
                       float black_0, float black_1, float black_2, float black_3,
                       float gain_0, float gain_1, float gain_2, float gain_3, float clip, int encoded)
{
    const int y = GLOBAL_Y;
    const ints odd_column = ((LANES + GLOBAL_X) & 1) == 1;
    const int odd_row = y & 1;
    const floats black = odd_column ? (floats)(odd_row ? black_3 : black_1) : (floats)(odd_row ? black_2 : black_0);
    const floats gain = odd_column ? (floats)(odd_row ? gain_3 : gain_1) : (floats)(odd_row ? gain_2 : gain_0);
    const floats light = (LOAD_U16(numbers, y * width + GLOBAL_X) - black) * gain;
    STORE(mosaic, (y + PAD) * pitch + PAD + GLOBAL_X, encode(lesser(light, (floats)(clip)), encoded));
}

KERNEL void levels_f32(GLOBAL const float *RESTRICT numbers, GLOBAL float *RESTRICT mosaic, int width, int pitch,
                       int encoded)
{
    const int y = GLOBAL_Y;
    STORE(mosaic, (y + PAD) * pitch + PAD + GLOBAL_X, encode(LOAD(numbers, y * width + GLOBAL_X), encoded));
}
