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

/* The same for pairs of pixels, from red, green and blue of their left and right ones. */
FUNCTION void store_scene_pairs(GLOBAL float *scene, int stride, place at, const floats *left, const floats *right,
                                int encoded, float rr, float rg, float rb, float gr, float gg, float gb, float br,
                                float bg, float bb)
{
    const floats r = decode(left[0], encoded), g = decode(left[1], encoded), b = decode(left[2], encoded);
    const floats r2 = decode(right[0], encoded), g2 = decode(right[1], encoded), b2 = decode(right[2], encoded);
    STREAM_PAIRS(scene, at, rr * r + rg * g + rb * b, rr * r2 + rg * g2 + rb * b2);
    STREAM_PAIRS(scene, at + stride, gr * r + gg * g + gb * b, gr * r2 + gg * g2 + gb * b2);
    STREAM_PAIRS(scene, at + 2 * (place)stride, br * r + bg * g + bb * b, br * r2 + bg * g2 + bb * b2);
}
