/* Final step of a demosaic from the estimates of kernels/textures.cl. */
#include "portable.h"
#include "pattern.h"
#include "scene.h"

/* Scene RGB. On entry its planes hold sums: each photosite's first and second missing colour (in the order red, green,
 * blue) times the weights, and the sum of the weights.
 */
KERNEL void demosaic_textures(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT colours,
                              GLOBAL float *scene, int pitch, int stride, int encoded, float rr, float rg, float rb,
                              float gr, float gg, float gb, float br, float bg, float bb)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats colour = COLOURS_AT(colours, GLOBAL_X, GLOBAL_Y);
    const floats own = LOAD(mosaic, at);
    const floats scale = 1.0f / LOAD(scene, at + 2 * stride);
    const floats first = scale * LOAD(scene, at);
    const floats second = scale * LOAD(scene, at + stride);
    const floats red = colour == 0.0f ? own : first;
    const floats green = colour == 1.0f ? own : colour == 0.0f ? first : second;
    const floats blue = colour == 2.0f ? own : second;
    store_scene(scene, stride, at, red, green, blue, encoded, rr, rg, rb, gr, gg, gb, br, bg, bb);
}
