/* Spreads the points of each scale over their discs, coarse scales first, and composites the picture.
 *
 * This is a gather: each pixel collects from the neighbours whose discs reach it. It equals the scatter without data
 * races, and preserves energy exactly on a surface of constant depth.
 */
#include "portable.h"
#include "defocus.h"
#include "aperture.h"

#define MIN_COVERAGE 0.15f /* minimum surface coverage around a pixel for the surface to continue there */

#ifndef COLOURED
#define COLOURED 0 /* 1 if the discs of red and blue differ in radius from green */
#endif

/* One scale of one layer: colour times weight, and weight, plus the result of the coarser scale. The range includes the
 * border's columns and one border row above and below, which `doubled` reads; the work-item's row selects the layer.
 *
 * Points in front of the focus spread over everything. From layer `first_limited` on, a point's blur is limited to that
 * of the visible surface at the target (J. Jimenez, "Next generation post processing in Call of Duty: Advanced
 * Warfare", SIGGRAPH 2014 courses). In front of the focus, points blurred so much more that smaller scales spread them
 * cover other points of their layer: these continue beneath them (normalised convolution; H. Knutsson and C.-F. Westin,
 * CVPR 1993).
 */
KERNEL void spread_scale(GLOBAL const float *RESTRICT scale, GLOBAL const float *RESTRICT tiles,
                         GLOBAL const float *RESTRICT coarse, GLOBAL float *RESTRICT gathered,
                         GLOBAL const float *RESTRICT aperture, int cells_x, int cells_y, int width, int height,
                         int pitch, int stride, int tiles_x, int tiles_y, int coarse_pitch, int coarse_stride,
                         int is_coarsest, int first_limited, float extent, float red_shift, float blue_shift)
{
    const int rows = height + 2;
    const int l = GLOBAL_Y / rows;
    const int row = GLOBAL_Y % rows - 1 + PAD; /* rows and columns of the padded plane */
    const int at = row * pitch + GLOBAL_X;
    GLOBAL const float *group = scale + SPREAD(l) * stride;
    const int side = l >= first_limited ? 1 : -1;
    const float red_wider = (float)side * red_shift, blue_wider = (float)side * blue_shift;
    const float wider = red_wider > blue_wider ? red_wider : blue_wider, rim = wider > 0.0f ? 0.5f + wider : 0.5f;
    const float reach = reach_of_tiles(tiles, l, tiles_x, tiles_y, GLOBAL_X - PAD, row - PAD, extent, rim);
    const floats limit = l >= first_limited ? LOAD(scale, at + (SURFACE(l) + 4) * stride) : (floats)(UNLIMITED);
    const floats none = (floats)(0.0f);
    floats red = none, green = none, blue = none, weight = none, onward = none;
    GLOBAL const float *cell = cell_at(aperture, cells_x, cells_y, GLOBAL_X - PAD, row - PAD, width, height);
    if (reach > 0.0f)
        for (int tap = 0, taps = taps_within(cell, reach + rim); tap < taps; ++tap) {
            const float distance = gauge(cell, tap);
            const int from = at + side * offset(cell, tap, pitch);
            const floats reaching = lesser(LOAD(group, from + 4 * stride), limit), away = (floats)(distance);
            const floats covered = coverage(reaching, distance);
#if SHAPED
            const floats light = 1.0f + away * away * LOAD(group, from + 5 * stride);
#else
            const floats light = (floats)(1.0f);
#endif
#if COLOURED
            const floats red_reaching = greater(reaching + red_wider, none);
            const floats blue_reaching = greater(reaching + blue_wider, none);
            red += light * coverage(red_reaching, distance) * LOAD(group, from);
            blue += light * coverage(blue_reaching, distance) * LOAD(group, from + 2 * stride);
#else
            red += light * covered * LOAD(group, from);
            blue += light * covered * LOAD(group, from + 2 * stride);
#endif
            green += light * covered * LOAD(group, from + stride);
            weight += covered * LOAD(group, from + 3 * stride);
            onward += LOAD(group, from + ONWARD * stride);
        }
    if (reach > 0.0f && l < first_limited) {
        const floats covered = onward * (1.0f / (float)taps_within(cell, reach + rim));
        const floats whole = 1.0f / greater(1.0f - covered, (floats)(MIN_COVERAGE));
        red *= whole;
        green *= whole;
        blue *= whole;
        weight *= whole;
    }
    if (!is_coarsest) {
        GLOBAL const float *coarser = coarse + 4 * l * coarse_stride;
        const int above = ((row + PAD) / 2) * coarse_pitch + (GLOBAL_X + PAD) / 2;
        const int step_y = row & 1 ? coarse_pitch : -coarse_pitch;
        red += doubled(coarser, above, step_y);
        green += doubled(coarser + coarse_stride, above, step_y);
        blue += doubled(coarser + 2 * coarse_stride, above, step_y);
        weight += doubled(coarser + 3 * coarse_stride, above, step_y);
    }
    GLOBAL float *sums = gathered + 4 * l * stride;
    STORE(sums, at, red);
    STORE(sums, at + stride, green);
    STORE(sums, at + 2 * stride, blue);
    STORE(sums, at + 3 * stride, weight);
}

/* Full size: spreads slightly blurred points, adds the results of the other scales, composites the layers from back to
 * front, and applies the lens's vignetting.
 */
KERNEL void compose(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT radius,
                    GLOBAL const float *RESTRICT spread, GLOBAL const float *RESTRICT tiles,
                    GLOBAL const float *RESTRICT gathered, GLOBAL const float *RESTRICT borders,
                    GLOBAL const float *RESTRICT aperture, GLOBAL float *RESTRICT picture, int cells_x, int cells_y,
                    int width, int height, int pitch, int stride, int tiles_x, int tiles_y, int half_pitch,
                    int half_stride, int first_limited, float scale_reach, float extent, float fall_1, float fall_2,
                    float fall_3, float fall_4)
{
    GLOBAL const float *cell = cell_at(aperture, cells_x, cells_y, GLOBAL_X, GLOBAL_Y, width, height);
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const int half_at = (GLOBAL_Y / 2 + PAD) * half_pitch + PAD + GLOBAL_X / 2;
    const int step_y = GLOBAL_Y & 1 ? half_pitch : -half_pitch;
    const floats here = LOAD(radius, at);
    const floats own_spread = LOAD(spread, at) * coverage(absolute(here), 0.0f);
    floats visible_red = (floats)(0.0f), visible_green = visible_red, visible_blue = visible_red;
    floats visible = visible_red, beyond = visible_red;
    for (int l = LAYERS - 1; l >= 0; --l) {
        const floats from_here_on = behind(borders, l, here);
        const floats member = from_here_on - beyond;
        beyond = from_here_on;
        const floats limit = l >= first_limited && member > 0.5f ? absolute(here) : (floats)(UNLIMITED);
        /* Points blurred by less than a pixel stay exactly unchanged. */
        floats weight = own_spread * member;
        floats red = weight * LOAD(scene, at), green = weight * LOAD(scene, at + stride);
        floats blue = weight * LOAD(scene, at + 2 * stride);
        const float reach = reach_of_tiles(tiles, l, tiles_x, tiles_y, GLOBAL_X, GLOBAL_Y, extent, 0.5f);
        const int side = l >= first_limited ? 1 : -1;
        if (reach > 0.0f)
            for (int tap = 1, taps = taps_within(cell, reach + 0.5f); tap < taps; ++tap) {
                const float distance = gauge(cell, tap);
                const int from = at + side * offset(cell, tap, pitch);
                const floats r = LOAD(radius, from);
                const floats position = behind(borders, l, r) - behind(borders, l + 1, r);
                const floats reaching = lesser(absolute(r), limit);
                const floats covered = coverage(reaching, distance) * position * LOAD(spread, from);
                red += covered * LOAD(scene, from);
                green += covered * LOAD(scene, from + stride);
                blue += covered * LOAD(scene, from + 2 * stride);
                weight += covered;
            }
        /* A sharp point is not covered by the blur of points behind it. */
        const floats open = limited((limit - SHARP) * (1.0f / scale_reach), 0.0f, 1.0f);
        GLOBAL const float *coarse = gathered + 4 * l * half_stride;
        const floats coarse_weight = doubled(coarse + 3 * half_stride, half_at, step_y);
        const floats whole_weight = weight + coarse_weight;
        weight += open * coarse_weight;
        if (largest(weight) > 0.0f) {
            red += open * doubled(coarse, half_at, step_y);
            green += open * doubled(coarse + half_stride, half_at, step_y);
            blue += open * doubled(coarse + 2 * half_stride, half_at, step_y);
            const floats opacity = visible > 0.0f ? lesser(whole_weight, (floats)(1.0f))
                                               : limited(4.0f * weight, 0.0f, 1.0f);
            const floats scale = opacity / greater(weight, (floats)(EPSILON));
            visible_red = red * scale + visible_red * (1.0f - opacity);
            visible_green = green * scale + visible_green * (1.0f - opacity);
            visible_blue = blue * scale + visible_blue * (1.0f - opacity);
            visible = opacity + visible * (1.0f - opacity);
        }
    }
    const floats whole = over_field(field_height(GLOBAL_X, GLOBAL_Y, width, height), fall_1, fall_2, fall_3, fall_4)
                       / greater(visible, (floats)(EPSILON));
    STREAM(picture, at, visible_red * whole);
    STREAM(picture, at + stride, visible_green * whole);
    STREAM(picture, at + 2 * stride, visible_blue * whole);
}
