/* Input of a monocular depth model, a small display-referred copy of the scene: scene-linear Rec.2020 planes to sRGB, 0
 * to 1, three planes of width x height without borders.
 */
#include "portable.h"

/* IEC 61966-2-1; above its linear part by square roots, within 0.1/255 (fitted). */
FUNCTION float shown(float light)
{
    const float within = light > 0.0f ? (light < 1.0f ? light : 1.0f) : 0.0f;
    const float root = scalar_root(within);
    return within < 0.0031308f ? 12.92f * within
                               : 0.83375f * root + 0.29811f * scalar_root(root) - 0.05532f * within - 0.0769f;
}

/* Pixel (x, y) is the weighted mean of the scene pixels in the columns columns[x * across ...] and the rows rows[y *
 * down ...]. `rr` to `bb` convert Rec.2020 to the primaries of sRGB.
 */
KERNEL void monocular_picture(GLOBAL const float *RESTRICT scene, GLOBAL const int *RESTRICT columns,
                              GLOBAL const float *RESTRICT column_weights, GLOBAL const int *RESTRICT rows,
                              GLOBAL const float *RESTRICT row_weights, GLOBAL float *RESTRICT picture, int width,
                              int height, int across, int down, int pitch, int stride, float rr, float rg, float rb,
                              float gr, float gg, float gb, float br, float bg, float bb)
{
    const int x = GROUP_X, y = GLOBAL_Y;
    if (x >= width)
        return;
    float r = 0.0f, g = 0.0f, b = 0.0f;
    for (int j = y * down; j < (y + 1) * down; ++j) {
        for (int i = x * across; i < (x + 1) * across; ++i) {
            const float weight = row_weights[j] * column_weights[i];
            GLOBAL const float *from = scene + (rows[j] + PAD) * pitch + PAD + columns[i];
            r += weight * from[0];
            g += weight * from[stride];
            b += weight * from[2 * stride];
        }
    }
    GLOBAL float *to = picture + y * width + x;
    to[0] = shown(rr * r + rg * g + rb * b);
    to[width * height] = shown(gr * r + gg * g + gb * b);
    to[2 * width * height] = shown(br * r + bg * g + bb * b);
}
