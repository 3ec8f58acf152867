/* Before the picture is spread: radii from depth, and the pyramids of what is blurred too far for a scale.
 *
 * There are two groups of points. `near` ones lie before the focus and spill over everything; the `rest` lies in focus
 * or behind it, and each of its points is covered by what stands before it. A scale of a group holds five planes:
 * colour times weight (0 to 2), weight (3), and radius in pixels of that scale (4).
 */
#include "portable.h"
#include "defocus.h"

#define EPSILON 1e-6f
#define NEAR_RADIUS 0.5f /* up to here a disc is its own pixel, so the groups meet without a seam */

/* Signed blur radius in pixels, negative before the focus: half of coc_px |1 - focus / depth| (engine/optics/lens.py),
 * less in quadrature what the capturing lens has blurred already. Beside it the weight that spreads one pixel.
 */
KERNEL void coc(GLOBAL const float *RESTRICT depth, GLOBAL float *RESTRICT radius, GLOBAL float *RESTRICT spread,
                int width, int pitch, float coc_px, float focus, float native_coc_px, float native_focus, float most,
                float reach)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats nearness = 1.0f / greater(LOAD(depth, GLOBAL_Y * width + GLOBAL_X), (floats)(1e-3f));
    const floats wanted = 0.5f * coc_px * (1.0f - focus * nearness);
    floats size = absolute(wanted);
    if (native_coc_px > 0.0f) {
        const floats native = 0.5f * native_coc_px * (1.0f - native_focus * nearness);
        size = square_root(greater(wanted * wanted - native * native, (floats)(0.0f)));
    }
    size = lesser(size, (floats)(most));
    STREAM(radius, at, wanted < 0.0f ? -size : size);
    STREAM(spread, at, share_here(size, reach) / disc_area(size, (1.0f + FADE) * reach));
}

/* A tile is as wide as a run on a CPU; on a GPU, where a run is one pixel, it takes 16 of them. */
#define TILE_STEP RUN

/* Largest radius in each tile of 16x16 pixels, of the near points and of the rest, among those spread at full size.
 * A tile at the right or bottom edge sees some of the mirrored border, which is as good.
 */
KERNEL void tiles_of_picture(GLOBAL const float *RESTRICT radius, GLOBAL const float *RESTRICT spread,
                             GLOBAL float *RESTRICT near_tiles, GLOBAL float *RESTRICT rest_tiles, int pitch,
                             int tiles_x)
{
    floats near = (floats)(0.0f);
    floats rest = near;
    for (int y = 0; y < 16; ++y)
        for (int x = 0; x < 16; x += TILE_STEP) {
            const int at = (GLOBAL_Y * 16 + y + PAD) * pitch + PAD + GROUP_X * 16 + x;
            const floats r = LOAD(spread, at) > 0.0f ? LOAD(radius, at) : (floats)(0.0f);
            rest = greater(rest, r);
            near = greater(near, -r);
        }
    const float most_near = largest(near);
    const float most_rest = largest(rest);
    near_tiles[GLOBAL_Y * tiles_x + GROUP_X] = most_near > NEAR_RADIUS ? most_near : 0.0f;
    rest_tiles[GLOBAL_Y * tiles_x + GROUP_X] = most_rest > NEAR_RADIUS ? most_rest : 0.0f;
}

/* The same at a smaller scale of one group, as `weigh` leaves it. */
KERNEL void tiles_of_group(GLOBAL const float *RESTRICT group, GLOBAL float *RESTRICT tiles, int pitch, int stride,
                           int tiles_x)
{
    floats most = (floats)(0.0f);
    for (int y = 0; y < 16; ++y)
        for (int x = 0; x < 16; x += TILE_STEP) {
            const int at = (GLOBAL_Y * 16 + y + PAD) * pitch + PAD + GROUP_X * 16 + x;
            const floats weight = LOAD(group, at + 3 * stride);
            most = greater(most, weight > 0.0f ? LOAD(group, at + 4 * stride) : (floats)(0.0f));
        }
    tiles[GLOBAL_Y * tiles_x + GROUP_X] = largest(most);
}

FUNCTION void store_group(GLOBAL float *group, int at, int stride, floats red, floats green, floats blue, floats weight,
                          floats radii)
{
    STORE(group, at, red);
    STORE(group, at + stride, green);
    STORE(group, at + 2 * stride, blue);
    STORE(group, at + 3 * stride, weight);
    STORE(group, at + 4 * stride, 0.5f * radii / greater(weight, (floats)(EPSILON)));
}

/* What the full size hands on to half size, all of it in one reading of the picture:
 *   near, rest   the points blurred too far for the full size, as groups;
 *   limit        how far the rest may be blurred where it is seen: as far as it is itself, and behind near points `most`;
 *   backdrop     what near points may uncover, colour times weight and weight: the rest, and near points the less the
 *                nearer they are (`nearest` is the largest radius, negative), for one may stand before another.
 */
KERNEL void halve_picture(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT radius,
                          GLOBAL float *RESTRICT near, GLOBAL float *RESTRICT rest, GLOBAL float *RESTRICT limit,
                          GLOBAL float *RESTRICT backdrop, int pitch, int stride, int half_pitch, int half_stride,
                          float reach, float most, float nearest, int has_near_scales, int has_rest_scales,
                          int has_near)
{
    const int fine = (2 * GLOBAL_Y + PAD) * pitch + PAD + 2 * GLOBAL_X;
    const int at = (GLOBAL_Y + PAD) * half_pitch + PAD + GLOBAL_X;
    const floats none = (floats)(0.0f);
    floats near_red = none, near_green = none, near_blue = none, near_weight = none, near_radii = none;
    floats rest_red = none, rest_green = none, rest_blue = none, rest_weight = none, rest_radii = none;
    floats back_red = none, back_green = none, back_blue = none, back_weight = none, limits = none;
    for (int child = 0; child < 4; ++child) {
        const int from = fine + (child >> 1) * pitch + (child & 1);
        const floats r = LOAD_HALVED(radius, from);
        const floats red = LOAD_HALVED(scene, from);
        const floats green = LOAD_HALVED(scene, from + stride);
        const floats blue = LOAD_HALVED(scene, from + 2 * stride);
        if (has_near_scales) {
            const floats share = 0.25f * (1.0f - share_here(-r, reach));
            near_red += share * red;
            near_green += share * green;
            near_blue += share * blue;
            near_weight += share;
            near_radii -= share * r;
        }
        if (has_rest_scales) {
            const floats share = 0.25f * (1.0f - share_here(r, reach));
            rest_red += share * red;
            rest_green += share * green;
            rest_blue += share * blue;
            rest_weight += share;
            rest_radii += share * r;
            limits += 0.125f * (r < -NEAR_RADIUS ? (floats)(most) : greater(r, none));
        }
        if (has_near) {
            const floats farness = 1.0f - lesser(r * (1.0f / nearest), (floats)(1.0f));
            const floats share = r < -NEAR_RADIUS ? 0.05f * farness * farness : (floats)(0.25f);
            back_red += share * red;
            back_green += share * green;
            back_blue += share * blue;
            back_weight += share;
        }
    }
    if (has_near_scales)
        store_group(near, at, half_stride, near_red, near_green, near_blue, near_weight, near_radii);
    if (has_rest_scales) {
        store_group(rest, at, half_stride, rest_red, rest_green, rest_blue, rest_weight, rest_radii);
        STORE(limit, at, limits);
    }
    if (has_near) {
        STORE(backdrop, at, back_red);
        STORE(backdrop, at + half_stride, back_green);
        STORE(backdrop, at + 2 * half_stride, back_blue);
        STORE(backdrop, at + 3 * half_stride, back_weight);
    }
}

/* What a smaller scale of a group hands on to the next. */
KERNEL void halve_group(GLOBAL const float *RESTRICT fine_group, GLOBAL float *RESTRICT group, int pitch, int stride,
                          int group_pitch, int group_stride, float reach)
{
    const int fine = (2 * GLOBAL_Y + PAD) * pitch + PAD + 2 * GLOBAL_X;
    const int at = (GLOBAL_Y + PAD) * group_pitch + PAD + GLOBAL_X;
    floats red = (floats)(0.0f), green = red, blue = red, weight = red, radii = red;
    for (int child = 0; child < 4; ++child) {
        const int from = fine + (child >> 1) * pitch + (child & 1);
        const floats here = LOAD_HALVED(fine_group, from + 4 * stride);
        const floats share = 0.25f * (1.0f - share_here(here, reach));
        const floats handed = share * LOAD_HALVED(fine_group, from + 3 * stride);
        red += share * LOAD_HALVED(fine_group, from);
        green += share * LOAD_HALVED(fine_group, from + stride);
        blue += share * LOAD_HALVED(fine_group, from + 2 * stride);
        weight += handed;
        radii += handed * here;
    }
    store_group(group, at, group_stride, red, green, blue, weight, radii);
}

/* In place, borders included: what stays at this scale, spread over its disc. */
KERNEL void weigh(GLOBAL float *group, int pitch, int stride, float reach)
{
    const int at = GLOBAL_Y * pitch + GLOBAL_X;
    const floats radius = LOAD(group, at + 4 * stride);
    const floats spread = share_here(radius, reach) / disc_area(radius, (1.0f + FADE) * reach);
    for (int plane = 0; plane < 4; ++plane)
        STORE(group, at + plane * stride, spread * LOAD(group, at + plane * stride));
}

KERNEL void halve_limit(GLOBAL const float *RESTRICT fine_limit, GLOBAL float *RESTRICT limit, int pitch, int stride,
                        int limit_pitch, int limit_stride)
{
    const int fine = (2 * GLOBAL_Y + PAD) * pitch + PAD + 2 * GLOBAL_X;
    const floats sum = LOAD_HALVED(fine_limit, fine) + LOAD_HALVED(fine_limit, fine + 1)
                     + LOAD_HALVED(fine_limit, fine + pitch) + LOAD_HALVED(fine_limit, fine + pitch + 1);
    STORE(limit, (GLOBAL_Y + PAD) * limit_pitch + PAD + GLOBAL_X, 0.125f * sum);
}

KERNEL void halve_backdrop(GLOBAL const float *RESTRICT fine_backdrop, GLOBAL float *RESTRICT backdrop, int pitch,
                            int stride, int backdrop_pitch, int backdrop_stride)
{
    const int at = (GLOBAL_Y + PAD) * backdrop_pitch + PAD + GLOBAL_X;
    for (int plane = 0; plane < 4; ++plane) {
        const int fine = (2 * GLOBAL_Y + PAD) * pitch + PAD + 2 * GLOBAL_X + plane * stride;
        STORE(backdrop, at + plane * backdrop_stride,
              0.25f * (LOAD_HALVED(fine_backdrop, fine) + LOAD_HALVED(fine_backdrop, fine + 1)
                       + LOAD_HALVED(fine_backdrop, fine + pitch) + LOAD_HALVED(fine_backdrop, fine + pitch + 1)));
    }
}

/* In place: where a scale has no backdrop, the next one's stands in (push-pull; Gortler et al., "The Lumigraph",
 * SIGGRAPH 1996).
 */
KERNEL void fill_backdrop(GLOBAL float *backdrop, GLOBAL const float *RESTRICT coarse, int pitch, int stride,
                            int coarse_pitch, int coarse_stride)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const int from = (GLOBAL_Y / 2 + PAD) * coarse_pitch + PAD + GLOBAL_X / 2;
    const int step_y = GLOBAL_Y & 1 ? coarse_pitch : -coarse_pitch;
    const floats missing = (1.0f - LOAD(backdrop, at + 3 * stride))
                         / greater(doubled(coarse + 3 * coarse_stride, from, step_y), (floats)(EPSILON));
    for (int plane = 0; plane < 4; ++plane)
        STORE(backdrop, at + plane * stride,
              LOAD(backdrop, at + plane * stride) + missing * doubled(coarse + plane * coarse_stride, from, step_y));
}
