/* Soft-focus lens: a sum of wide blurs of the whole picture over the sharp picture.
 *
 * Each blur runs at a scale where it is a few pixels wide. At the smaller scales the picture is extended by mirroring
 * beyond the reach of any blur, so that no light is lost at its edges. The unfilled area beyond the extension never
 * contributes. Each work-item processes its run of all three colours.
 */
#include "portable.h"
#include "defocus.h"

#define COLOURS 3

/* Mirrors a position beyond an edge into the picture. The edge pixel is repeated, which preserves the light. */
FUNCTION int mirrored(int i, int count)
{
    while (i < 0 || i >= count)
        i = i < 0 ? -1 - i : 2 * count - 1 - i;
    return i;
}

/* From full size to the first scale; `margin` is the offset of the picture's first pixel in both directions. */
KERNEL void soft_focus_halve_picture(GLOBAL const float *RESTRICT scene, GLOBAL f16 *RESTRICT scale, int width,
                                     int height, int pitch, int stride, int columns, int half_pitch, int half_stride,
                                     int margin)
{
    if (GLOBAL_X >= columns)
        return;
    const int at = (GLOBAL_Y + PAD) * half_pitch + PAD + GLOBAL_X;
    const int y = 2 * (GLOBAL_Y - margin), x = 2 * (GLOBAL_X - margin);
    const int upper = (mirrored(y, height) + PAD) * pitch + PAD, lower = (mirrored(y + 1, height) + PAD) * pitch + PAD;
    const int is_inside = x >= 0 && x + 2 * RUN <= width;
    const int from = is_inside ? x : x < 0 ? -x - 2 * RUN : 2 * width - x - 2 * RUN; /* mirrored beyond the edges */
    for (int c = 0; c < COLOURS; ++c) {
        GLOBAL const float *plane = scene + c * stride;
        GLOBAL f16 *to = scale + c * half_stride;
        if (from >= 0 && from + 2 * RUN <= width) {
            floats a, b, a_below, b_below;
            load_pairs(plane, upper + from, &a, &b);
            load_pairs(plane, lower + from, &a_below, &b_below);
            const floats mean = 0.25f * (a + b + (a_below + b_below));
            STORE_F16(to, at, is_inside ? mean : REVERSED(mean));
        } else
            for (int i = 0; i < RUN && GLOBAL_X + i < columns; ++i) {
                const int left = mirrored(x + 2 * i, width), right = mirrored(x + 2 * i + 1, width);
                PUT_ONE_F16(to, at + i, 0.25f * (plane[upper + left] + plane[upper + right]
                                                 + (plane[lower + left] + plane[lower + right])));
            }
    }
}

/* For a run of coarse pixels in one row: their own two fine pixels, three times, and the two adjacent ones. */
FUNCTION floats halved(GLOBAL const f16 *RESTRICT finer, int from)
{
    floats before, left, right, after;
    load_pairs_f16(finer, from - 1, &before, &left);
    load_pairs_f16(finer, from + 1, &right, &after);
    return before + after + 3.0f * (left + right);
}

/* From one scale to the next, of exactly half its size. It is the transpose of `doubled`: the blur of a light moves by
 * the same fraction of a coarse pixel as the light.
 */
KERNEL void soft_focus_halve(GLOBAL const f16 *RESTRICT finer, GLOBAL f16 *RESTRICT scale, int pitch, int stride,
                             int columns, int half_pitch, int half_stride)
{
    if (GLOBAL_X >= columns)
        return;
    const int at = (GLOBAL_Y + PAD) * half_pitch + PAD + GLOBAL_X;
    for (int c = 0; c < COLOURS; ++c) {
        const int from = c * stride + (2 * GLOBAL_Y + PAD) * pitch + PAD + 2 * GLOBAL_X;
        const floats outer = halved(finer, from - pitch) + halved(finer, from + 2 * pitch);
        const floats inner = halved(finer, from) + halved(finer, from + pitch);
        STORE_F16(scale, at + c * half_stride, (1.0f / 64.0f) * (outer + 3.0f * inner));
    }
}

/* Sum of a symmetric kernel's `taps` + 1 weights over positions `step` apart. */
FUNCTION floats blurred(GLOBAL const f16 *RESTRICT from, int at, int step, GLOBAL const float *RESTRICT weights,
                        int taps)
{
    floats sum = weights[0] * LOAD_F16(from, at);
    for (int i = 1; i <= taps; ++i)
        sum += weights[i] * (LOAD_F16(from, at - i * step) + LOAD_F16(from, at + i * step));
    return sum;
}

KERNEL void soft_focus_blur_rows(GLOBAL const f16 *RESTRICT scale, GLOBAL f16 *RESTRICT along,
                                 GLOBAL const float *RESTRICT weights, int taps, int columns, int pitch, int stride)
{
    if (GLOBAL_X >= columns)
        return;
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    for (int c = 0; c < COLOURS; ++c)
        STORE_F16(along, at + c * stride, blurred(scale, at + c * stride, 1, weights, taps));
}

/* The blur of a scale times `share`, plus the next smaller scale. `share` is 0 if this scale has no blur; `has_coarse`
 * is 0 if no smaller scale has one.
 */
KERNEL void soft_focus_blur_columns(GLOBAL const f16 *RESTRICT along, GLOBAL const f16 *RESTRICT coarse,
                                    GLOBAL f16 *RESTRICT scale, GLOBAL const float *RESTRICT weights, int taps,
                                    int columns, int pitch, int stride, int coarse_pitch, int coarse_stride,
                                    float share, int has_coarse)
{
    if (GLOBAL_X >= columns)
        return;
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const int coarse_at = (GLOBAL_Y / 2 + PAD) * coarse_pitch + PAD + GLOBAL_X / 2;
    const int nearer = GLOBAL_Y & 1 ? coarse_pitch : -coarse_pitch;
    for (int c = 0; c < COLOURS; ++c) {
        floats sum = (floats)(0.0f);
        if (share > 0.0f)
            sum = share * blurred(along, at + c * stride, pitch, weights, taps);
        if (has_coarse)
            sum += doubled(coarse, coarse_at + c * coarse_stride, nearer);
        STORE_F16(scale, at + c * stride, sum);
    }
}

/* In place: moves the fraction `share` of the picture's light into the blur. */
KERNEL void soft_focus_add(GLOBAL const f16 *RESTRICT scale, GLOBAL float *RESTRICT scene, int width, int pitch,
                           int stride, int half_pitch, int half_stride, int margin, float share)
{
    if (GLOBAL_X >= width)
        return;
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const int half_at = (GLOBAL_Y / 2 + margin + PAD) * half_pitch + PAD + GLOBAL_X / 2 + margin;
    const int nearer = GLOBAL_Y & 1 ? half_pitch : -half_pitch;
    for (int c = 0; c < COLOURS; ++c) {
        const floats sharp = LOAD(scene, at + c * stride);
        const floats glow = doubled(scale, half_at + c * half_stride, nearer);
        STORE(scene, at + c * stride, sharp + share * (glow - sharp));
    }
}
