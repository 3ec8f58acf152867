/* Final step of every demosaic: back to linear light, through the camera matrix, into three planes of scene RGB. */
#include "encoding.h"

FUNCTION void store_scene(GLOBAL float *scene, int stride, place at, floats red, floats green, floats blue, int encoded,
                          float rr, float rg, float rb, float gr, float gg, float gb, float br, float bg, float bb)
{
    const floats r = decode(red, encoded);
    const floats g = decode(green, encoded);
    const floats b = decode(blue, encoded);
    STREAM(scene, at, rr * r + rg * g + rb * b);
    STREAM(scene, at + stride, gr * r + gg * g + gb * b);
    STREAM(scene, at + 2 * stride, br * r + bg * g + bb * b);
}
