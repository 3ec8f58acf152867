/* Capture sharpening: what the lens, the sensor and the demosaicing took from the finest detail, given back to the
 * brightness of scene RGB; colours keep their ratios.
 */
#include "portable.h"
#include "encoding.h"

/* Detail may pass the brightest and the darkest of the 3x3 pixels around by this part of their distance. */
#define OVERSHOOT 0.08f
#define BRIGHTEST_RATIO 4.0f

/* Brightness (the luminance of Rec.2020) in the domain of the square root, where noise is even. */
KERNEL void brightness(GLOBAL const float *RESTRICT scene, GLOBAL float *RESTRICT bright, int pitch, int stride)
{
    const int at = GLOBAL_Y * pitch + GLOBAL_X; /* borders included */
    const floats luminance = 0.2627f * LOAD(scene, at) + 0.6780f * LOAD(scene, at + stride)
                           + 0.0593f * LOAD(scene, at + 2 * stride);
    STORE(bright, at, encode(greater(luminance, (floats)(0.0f)), 1));
}

/* An unsharp mask of the Gaussian (`side`, 1 and `far` in the middle, beside and two away, times themselves), held back
 * where the detail is no larger than `noise`, and limited.
 */
KERNEL void sharpen(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT bright,
                    GLOBAL float *RESTRICT output, int pitch, int stride, float middle, float side, float far,
                    float amount, float noise)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    floats blurred = (floats)(0.0f), most = LOAD(bright, at), least = most;
    for (int dy = -2; dy <= 2; ++dy) {
        const int row = at + dy * pitch;
        const floats left = LOAD(bright, row - 1), here = LOAD(bright, row), right = LOAD(bright, row + 1);
        const float weight = dy == 0 ? middle : dy == -1 || dy == 1 ? side : far;
        const floats farther = LOAD(bright, row - 2) + LOAD(bright, row + 2);
        blurred += weight * (middle * here + side * (left + right) + far * farther);
        if (dy > -2 && dy < 2) {
            most = greater(most, greater(here, greater(left, right)));
            least = lesser(least, lesser(here, lesser(left, right)));
        }
    }
    const floats here = LOAD(bright, at);
    const floats detail = here - blurred;
    const floats squared = detail * detail;
    const floats given = amount * detail * squared / (squared + noise * noise + 1e-12f);
    const floats room = OVERSHOOT * (most - least);
    const floats sharp = lesser(greater(here + given, greater(least - room, (floats)(0.0f))), most + room);
    const floats ratio = lesser(greater(decode(sharp, 1), (floats)(0.0f)) / greater(decode(here, 1), (floats)(1e-6f)),
                                (floats)(BRIGHTEST_RATIO));
    const floats kept = decode(here, 1) > 1e-5f ? ratio : (floats)(1.0f);
    for (int plane = 0; plane < 3; ++plane)
        STREAM(output, at + plane * stride, kept * LOAD(scene, at + plane * stride));
}
