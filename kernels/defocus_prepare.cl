/* Before the picture is spread: radii from depth, and the pyramids of what is blurred too far for a scale.
 *
 * There are two groups of points. `near` ones lie before the focus and spill over everything; the `rest` lies in focus
 * or behind it, and each of its points is covered by what stands before it. A scale of a group holds five planes:
 * colour times weight (0 to 2), weight (3), and radius in pixels of that scale (4).
 */
#include "portable.h"
#include "defocus.h"

#define EPSILON 1e-6f
#define NEAREST_M 1e-3f
#define FARTHEST_M 1e6f /* infinity, without which fast arithmetic is not exact */
#define NEAR_RADIUS 0.5f /* up to here a disc is its own pixel, so the groups meet without a seam */

/* Signed blur radius in pixels, negative before the focus: half of coc_px |1 - focus / depth| (engine/optics/lens.py),
 * less in quadrature what the capturing lens has blurred already. Beside it the weight that spreads one pixel. A
 * work-item takes a tile, and notes the largest radius of its near points and of the rest, among those that are spread
 * at full size. Tiles at the right and at the bottom reach into the border, which is mirrored later.
 */
KERNEL void coc(GLOBAL const float *RESTRICT depth, GLOBAL float *RESTRICT radius, GLOBAL float *RESTRICT spread,
                GLOBAL float *RESTRICT near_tiles, GLOBAL float *RESTRICT rest_tiles, int width, int pitch, int tiles_x,
                float coc_px, float focus, float native_coc_px, float native_focus, float most, float reach)
{
    floats near = (floats)(0.0f);
    floats rest = near;
    for (int row = 0; row < TILE; ++row)
        for (int run = 0; run < TILE; run += RUN) {
            const int y = GLOBAL_Y * TILE + row;
            const int x = GROUP_X * TILE + run;
            const floats nearness = 1.0f / limited(LOAD(depth, y * width + x), NEAREST_M, FARTHEST_M);
            const floats wanted = 0.5f * coc_px * (1.0f - focus * nearness);
            floats size = absolute(wanted);
            if (native_coc_px > 0.0f) {
                const floats native = 0.5f * native_coc_px * (1.0f - native_focus * nearness);
                size = square_root(greater(wanted * wanted - native * native, (floats)(0.0f)));
            }
            size = lesser(size, (floats)(most));
            const floats share = share_here(size, reach);
            const floats spread_here = size > NEAR_RADIUS && share > 0.0f ? size : (floats)(0.0f);
            near = greater(near, wanted < 0.0f ? spread_here : (floats)(0.0f));
            rest = greater(rest, wanted < 0.0f ? (floats)(0.0f) : spread_here);
            const int at = (y + PAD) * pitch + PAD + x;
            STREAM(radius, at, wanted < 0.0f ? -size : size);
            STREAM(spread, at, share / disc_area(size, (1.0f + FADE) * reach));
        }
    near_tiles[GLOBAL_Y * tiles_x + GROUP_X] = largest(near);
    rest_tiles[GLOBAL_Y * tiles_x + GROUP_X] = largest(rest);
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

/* The mean of the limits that are seen, in pixels of half size; -1 where none is. */
FUNCTION floats halved_limit(floats sum, floats seen)
{
    return seen > 0.0f ? 0.5f * sum / greater(seen, (floats)(1.0f)) : (floats)(-1.0f);
}

/* What the full size hands on to half size, all of it in one reading of the picture:
 *   near, rest   the points blurred too far for the full size, as groups;
 *   limit        how far the rest may be blurred where it is seen: as far as it is itself, -1 where it is hidden;
 *   backdrop     what near points may uncover, colour times weight and weight: the rest, and near points the less the
 *                nearer they are (`nearest` is the largest radius, negative), for one may stand before another.
 */
KERNEL void halve_picture(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT radius,
                          GLOBAL float *RESTRICT near, GLOBAL float *RESTRICT rest, GLOBAL float *RESTRICT limit,
                          GLOBAL float *RESTRICT backdrop, int pitch, int stride, int half_pitch, int half_stride,
                          float reach, float nearest, int has_near_scales, int has_rest_scales,
                          int has_near)
{
    const int fine = (2 * GLOBAL_Y + PAD) * pitch + PAD + 2 * GLOBAL_X;
    const int at = (GLOBAL_Y + PAD) * half_pitch + PAD + GLOBAL_X;
    const floats none = (floats)(0.0f);
    floats near_red = none, near_green = none, near_blue = none, near_weight = none, near_radii = none;
    floats rest_red = none, rest_green = none, rest_blue = none, rest_weight = none, rest_radii = none;
    floats back_red = none, back_green = none, back_blue = none, back_weight = none, limits = none, seen = none;
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
            limits += r < -NEAR_RADIUS ? none : greater(r, none);
            seen += r < -NEAR_RADIUS ? none : (floats)(1.0f);
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
        STORE(limit, at, halved_limit(limits, seen));
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

/* In place: what stays at this scale, spread over its disc. A work-item takes a tile, of the border too, and notes the
 * largest radius of the tiles of the picture.
 */
KERNEL void weigh(GLOBAL float *group, GLOBAL float *RESTRICT tiles, int rows, int pitch, int stride, int tiles_x,
                  int tiles_y, float reach)
{
    const int tile_x = GROUP_X - PAD / TILE;
    const int tile_y = GLOBAL_Y - PAD / TILE;
    floats most = (floats)(0.0f);
    for (int row = 0; row < TILE && GLOBAL_Y * TILE + row < rows; ++row)
        for (int run = 0; run < TILE; run += RUN) {
            const int at = (GLOBAL_Y * TILE + row) * pitch + GROUP_X * TILE + run;
            const floats radius = LOAD(group, at + 4 * stride);
            const floats spread = share_here(radius, reach) / disc_area(radius, (1.0f + FADE) * reach);
            for (int plane = 0; plane < 4; ++plane)
                STORE(group, at + plane * stride, spread * LOAD(group, at + plane * stride));
            most = greater(most, LOAD(group, at + 3 * stride) > 0.0f ? radius : (floats)(0.0f));
        }
    if (tile_x >= 0 && tile_x < tiles_x && tile_y >= 0 && tile_y < tiles_y)
        tiles[tile_y * tiles_x + tile_x] = largest(most);
}

/* How far the rest may be blurred, at the next scale. */
KERNEL void halve_limit(GLOBAL const float *RESTRICT fine_limit, GLOBAL float *RESTRICT limit, int pitch, int stride,
                        int limit_pitch, int limit_stride)
{
    const int fine = (2 * GLOBAL_Y + PAD) * pitch + PAD + 2 * GLOBAL_X;
    floats sum = (floats)(0.0f), seen = sum;
    for (int child = 0; child < 4; ++child) {
        const floats here = LOAD_HALVED(fine_limit, fine + (child >> 1) * pitch + (child & 1));
        sum += greater(here, (floats)(0.0f));
        seen += here < 0.0f ? (floats)(0.0f) : (floats)(1.0f);
    }
    STORE(limit, (GLOBAL_Y + PAD) * limit_pitch + PAD + GLOBAL_X, halved_limit(sum, seen));
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
    const int at = GLOBAL_Y * pitch + GLOBAL_X; /* borders included */
    const int from = ((GLOBAL_Y + PAD) / 2) * coarse_pitch + (GLOBAL_X + PAD) / 2;
    const int step_y = GLOBAL_Y & 1 ? coarse_pitch : -coarse_pitch;
    const floats missing = (1.0f - LOAD(backdrop, at + 3 * stride))
                         / greater(doubled(coarse + 3 * coarse_stride, from, step_y), (floats)(EPSILON));
    for (int plane = 0; plane < 4; ++plane)
        STORE(backdrop, at + plane * stride,
              LOAD(backdrop, at + plane * stride) + missing * doubled(coarse + plane * coarse_stride, from, step_y));
}
