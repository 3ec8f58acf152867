/* A sensor without filters: every photosite is a grey pixel; the camera matrix maps it to neutral grey. */
#include "portable.h"
#include "scene.h"

KERNEL void demosaic_mono(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT scene, int pitch, int stride,
                          int encoded, float red, float green, float blue)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats light = LOAD(mosaic, at);
    store_scene(scene, stride, at, light, light, light, encoded, red, 0.0f, 0.0f, 0.0f, green, 0.0f, 0.0f, 0.0f, blue);
}
