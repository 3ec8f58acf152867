/* One pixel per 2x2 block, greens averaged: no interpolation, half the size, a quarter of the work. */
#include "portable.h"
#include "scene.h"

KERNEL void demosaic_half(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT scene, int mosaic_pitch,
                          int pitch, int stride, int red_x, int red_y, int encoded, float rr, float rg, float rb,
                          float gr, float gg, float gb, float br, float bg, float bb)
{
    const int from = (2 * GLOBAL_Y + PAD) * mosaic_pitch + PAD + 2 * GLOBAL_X;
    const floats red = LOAD_HALVED(mosaic, from + red_y * mosaic_pitch + red_x);
    const floats blue = LOAD_HALVED(mosaic, from + (1 - red_y) * mosaic_pitch + 1 - red_x);
    const floats one_green = decode(LOAD_HALVED(mosaic, from + red_y * mosaic_pitch + 1 - red_x), encoded);
    const floats other_green = decode(LOAD_HALVED(mosaic, from + (1 - red_y) * mosaic_pitch + red_x), encoded);
    store_scene(scene, stride, (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X, red,
                encode(0.5f * (one_green + other_green), encoded), blue, encoded, rr, rg, rb, gr, gg, gb, br, bg, bb);
}
