/* Preparation for spreading: radii from depth, and the layers at every scale, continued behind their occluders. */
#include "portable.h"
#include "defocus.h"
#include "aperture.h"

#define NEAREST_M 1e-3f
#define MAX_DEPTH_M 1e6f /* stands for infinity, which fast arithmetic does not handle exactly */

/* Signed blur radius in pixels, negative in front of the focus: half of coc_px |1 - focus / depth| (engine/lens.py),
 * minus (in quadrature) the blur of the capturing lens, and reduced off-centre by a polynomial of the field position,
 * where the lens rims vignette the pupil. The second output is the weight that spreads one pixel. A work-item processes
 * a tile and stores for each layer the largest radius spread at full size.
 */
KERNEL void coc(GLOBAL const float *RESTRICT depth, GLOBAL float *RESTRICT radius, GLOBAL float *RESTRICT spread,
                GLOBAL float *RESTRICT tiles, GLOBAL float *RESTRICT strips, GLOBAL const float *RESTRICT borders,
                GLOBAL const float *RESTRICT aperture, int cells_x, int cells_y, int width, int height, int pitch,
                int tiles_x, int tiles_y, float coc_px, float focus, float native_coc_px, float native_focus,
                float max_radius, float reach, float open_1, float open_2, float open_3, float open_4)
{
#if SHAPED
    GLOBAL const float *cell = cell_at(aperture, cells_x, cells_y, GROUP_X * TILE, GLOBAL_Y * TILE, width, height);
#endif
    floats largest_here[LAYERS];
    for (int l = 0; l < LAYERS; ++l)
        largest_here[l] = (floats)(0.0f);
    for (int row = 0; row < TILE; ++row) {
        floats largest_in_row[LAYERS], smallest = (floats)(UNLIMITED);
        UNROLL for (int l = 0; l < LAYERS; ++l)
            largest_in_row[l] = (floats)(0.0f);
        for (int run = 0; run < TILE; run += RUN) {
            const int at = (GLOBAL_Y * TILE + row + PAD) * pitch + PAD + GROUP_X * TILE + run;
            const floats nearness = 1.0f / limited(LOAD(depth, at), NEAREST_M, MAX_DEPTH_M);
            const floats wanted = 0.5f * coc_px * (1.0f - focus * nearness);
            floats size = absolute(wanted);
            if (native_coc_px > 0.0f) {
                const floats native = 0.5f * native_coc_px * (1.0f - native_focus * nearness);
                size = square_root(greater(wanted * wanted - native * native, (floats)(0.0f)));
            }
#if SHAPED
            size *= over_field(field_height(GROUP_X * TILE + run, GLOBAL_Y * TILE + row, width, height), open_1,
                               open_2, open_3, open_4);
#endif
            size = lesser(size, (floats)(max_radius));
            const floats signed_size = wanted < 0.0f ? -size : size;
            const floats share = share_here(size, reach);
            const floats spread_here = size > SHARP && share > 0.0f ? size : (floats)(0.0f);
            floats remaining = (floats)(1.0f);
            smallest = lesser(smallest, size);
            UNROLL for (int l = 0; l < LAYERS; ++l) {
                const floats beyond = behind(borders, l + 1, signed_size);
                largest_in_row[l] = remaining > beyond ? greater(largest_in_row[l], spread_here) : largest_in_row[l];
                remaining = beyond;
            }
            STREAM(radius, at, signed_size);
#if SHAPED
            floats area = coverage(size, 0.0f), covered, squares;
            if (largest(spread_here) > 0.0f) {
                shape_sums(cell, size, &covered, &squares);
                area = spread_here > 0.0f ? covered : area;
            }
#else
            const floats area = disc_area(size, (1.0f + FADE) * reach);
#endif
            STREAM(spread, at, share / area);
        }
        const int y = GLOBAL_Y * TILE + row;
        for (int l = 0; l < LAYERS; ++l) {
            largest_here[l] = greater(largest_here[l], largest_in_row[l]);
            if (y < height)
                strips[strip_at(l, GROUP_X, y, tiles_x, height)] = largest(largest_in_row[l]);
        }
        if (y < height)
            strips[strip_at(LAYERS, GROUP_X, y, tiles_x, height)] = -largest(-smallest);
    }
    for (int l = 0; l < LAYERS; ++l)
        tiles[tile_at(l, GROUP_X, GLOBAL_Y, tiles_x, tiles_y)] = largest(largest_here[l]);
}

/* Sums of one layer over the four pixels that a pixel of the first scale covers: the light that it passes on, as in the
 * planes SPREAD of a scale, and its surface, as in the planes SURFACE.
 */
typedef struct {
    floats spread[5], surface[6];
} Quads;

/* One layer in the tiles around a run: none of its points, or only its points, all of which pass to the first scale. */
typedef struct {
    int is_absent, is_whole;
    float known; /* 1 if points of this layer or behind it are visible, 0 if nearer layers cover them; of an absent one */
} Presence;

FUNCTION float behind_border(GLOBAL const float *borders, int l, float radius)
{
    const float share = (radius - borders[2 * l]) * borders[2 * l + 1] + 0.5f;
    return l == 0 || share > 1.0f ? 1.0f : l == LAYERS || share < 0.0f ? 0.0f : share;
}

FUNCTION int lower(int a, int b) { return a < b ? a : b; }

/* Presence of layer l among points with signed radii from `near` to `far`. */
FUNCTION Presence presence_of(GLOBAL const float *borders, int l, float near, float far, float reach)
{
    Presence presence;
    const float before = behind_border(borders, l, near), beyond = behind_border(borders, l + 1, far);
    presence.is_absent = behind_border(borders, l, far) <= 0.0f || behind_border(borders, l + 1, near) >= 1.0f;
    presence.is_whole = before >= 1.0f && beyond <= 0.0f
                        && (near > (1.0f + FADE) * reach || far < -(1.0f + FADE) * reach);
    presence.known = before;
    return presence;
}

/* The sums for a run of a layer that is present, from the index `fine` of full-size planes on; `quarter` is 1/4 in
 * columns of the picture, else 0. Values above the `level` of the tile are clamped to it: in highlights, which are drawn
 * later (kernels/defocus_sprites.cl), and always in surfaces, since highlights do not continue behind occluders.
 */
FUNCTION Quads sum_quads(GLOBAL const float *scene, GLOBAL const float *radius, GLOBAL const float *borders, int l,
                         int fine, int pitch, int stride, floats level, floats quarter, float reach, int is_whole)
{
    const floats none = (floats)(0.0f), full = (floats)(1.0f), bound = absolute(level);
    const int is_bright = largest(level) > -UNLIMITED;
    Quads sums;
    UNROLL for (int plane = 0; plane < 5; ++plane)
        sums.spread[plane] = sums.surface[plane] = none;
    sums.surface[5] = none;
    UNROLL for (int row = 0; row < 2; ++row) {
        const int from = fine + row * pitch;
        floats red[2], green[2], blue[2], radii[2];
        load_pairs(scene, from, &red[0], &red[1]);
        load_pairs(scene, from + stride, &green[0], &green[1]);
        load_pairs(scene, from + 2 * stride, &blue[0], &blue[1]);
        load_pairs(radius, from, &radii[0], &radii[1]);
        if (is_whole && !is_bright) {
            sums.spread[0] += quarter * (red[0] + red[1]);
            sums.spread[1] += quarter * (green[0] + green[1]);
            sums.spread[2] += quarter * (blue[0] + blue[1]);
            sums.spread[3] += 2.0f * quarter;
            sums.spread[4] += quarter * (absolute(radii[0]) + absolute(radii[1]));
            continue;
        }
        UNROLL for (int side = 0; side < 2; ++side) {
            const floats known = quarter * behind(borders, l, radii[side]), size = absolute(radii[side]);
            const floats member = known - quarter * behind(borders, l + 1, radii[side]);
            const floats spread = member * (1.0f - share_here(size, reach));
            floats light = spread, surface = member;
            if (is_bright) {
                const floats dimmed = bound / greater(bound, greater(red[side], greater(green[side], blue[side])));
                light *= level > 0.0f ? dimmed : full;
                surface *= level > 0.0f || member >= 0.25f ? dimmed : full;
            }
            sums.spread[0] += light * red[side];
            sums.spread[1] += light * green[side];
            sums.spread[2] += light * blue[side];
            sums.spread[3] += spread;
            sums.spread[4] += spread * size;
            sums.surface[0] += surface * red[side];
            sums.surface[1] += surface * green[side];
            sums.surface[2] += surface * blue[side];
            sums.surface[3] += member;
            sums.surface[4] += member * size;
            sums.surface[5] += known;
        }
    }
    if (is_whole && !is_bright) {
        sums.spread[4] *= 0.5f;
        UNROLL for (int plane = 0; plane < 5; ++plane)
            sums.surface[plane] = sums.spread[plane];
        sums.surface[5] = sums.spread[3];
        return sums;
    }
    sums.spread[4] = 0.5f * sums.spread[4] / greater(sums.spread[3], (floats)(EPSILON));
    sums.surface[4] = 0.5f * sums.surface[4];
    return sums;
}

/* Means over 4x4 pixels of a plane, from index `from` on; of absolute values if `is_signed`. */
FUNCTION floats mean_of_16(GLOBAL const float *plane, int from, int pitch, int is_signed)
{
    floats columns[4];
    UNROLL for (int part = 0; part < 4; ++part) {
        const int at = from + part * RUN;
        const floats above = LOAD(plane, at), below = LOAD(plane, at + pitch);
        const floats third = LOAD(plane, at + 2 * pitch), last = LOAD(plane, at + 3 * pitch);
        columns[part] = is_signed ? absolute(above) + absolute(below) + (absolute(third) + absolute(last))
                                  : above + below + (third + last);
    }
    const floats low = EVERY_SECOND(columns[0], columns[1], 0) + EVERY_SECOND(columns[0], columns[1], 1);
    const floats high = EVERY_SECOND(columns[2], columns[3], 0) + EVERY_SECOND(columns[2], columns[3], 1);
    return (EVERY_SECOND(low, high, 0) + EVERY_SECOND(low, high, 1)) * (1.0f / 16.0f);
}

/* Stores a layer in one run of the first scale: the sums of what this scale spreads, only where there is light or was
 * light in the previous frame.
 */
FUNCTION void store_own(GLOBAL float *own, int stride, const floats *sums, floats share)
{
    const floats weight = share * sums[3];
    if (!(largest(weight + absolute(LOAD(own, 3 * stride))) > 0.0f))
        return;
    UNROLL for (int plane = 0; plane < 4; ++plane)
        STORE(own, plane * stride, share * sums[plane]);
    STORE(own, 4 * stride, sums[4]);
}

/* From full size to the first two scales. The first scale keeps what it spreads itself, and stores colours of surfaces
 * only where they are partly occluded. The second scale is complete, as from `halve`. In tiles of one layer, whose
 * points all pass to the second scale, its values are plain means.
 */
KERNEL void halve_picture(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT radius,
                          GLOBAL float *RESTRICT first, GLOBAL float *RESTRICT second,
                          GLOBAL const float *RESTRICT borders, GLOBAL const float *RESTRICT levels,
                          GLOBAL const float *RESTRICT extremes, int full_pitch, int full_stride, int first_width,
                          int first_height, int first_pitch, int first_stride, int width, int pitch, int stride,
                          int tiles_x, int first_limited, float reach, float first_reach)
{
    if (GLOBAL_X >= width + RUN)
        return;
    const floats none = (floats)(0.0f), full = (floats)(1.0f);
    const int to = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    GLOBAL const float *level = levels + (4 * GLOBAL_Y / TILE) * tiles_x;
    GLOBAL const float *range = extremes + 2 * (4 * GLOBAL_Y / TILE) * tiles_x;
    float near = UNLIMITED, far = -UNLIMITED, max_level = -UNLIMITED;
    for (int tile = 4 * GLOBAL_X / TILE; tile < tiles_x && tile <= (4 * GLOBAL_X + 4 * RUN - 1) / TILE; ++tile) {
        near = range[2 * tile] < near ? range[2 * tile] : near;
        far = range[2 * tile + 1] > far ? range[2 * tile + 1] : far;
        max_level = level[tile] > max_level ? level[tile] : max_level;
    }
    const float passing = (1.0f + FADE) * (reach > 2.0f * first_reach ? reach : 2.0f * first_reach);
    const int is_inside = 2 * (GLOBAL_X + RUN) <= first_width && 2 * (GLOBAL_Y + 1) <= first_height;
    int layer = -1; /* of all points */
    for (int l = 0; l < LAYERS && is_inside && max_level <= -UNLIMITED && (near > passing || far < -passing); ++l)
        if (behind_border(borders, l, near) >= 1.0f && behind_border(borders, l + 1, far) <= 0.0f)
            layer = l;
    if (layer >= 0) {
        const int from = (4 * GLOBAL_Y + PAD) * full_pitch + PAD + 4 * GLOBAL_X;
        floats means[5];
        UNROLL for (int plane = 0; plane < 3; ++plane)
            means[plane] = mean_of_16(scene, from + plane * full_stride, full_pitch, 0);
        means[3] = full;
        means[4] = 0.25f * mean_of_16(radius, from, full_pitch, 1);
        for (int l = 0; l < LAYERS; ++l) {
            const floats member = l == layer ? full : none, known = l <= layer ? full : none;
            UNROLL for (int plane = 0; plane < 5; ++plane) {
                STORE(second, to + (SPREAD(l) + plane) * stride, member * means[plane]);
                if (l > 0)
                    STORE(second, to + (SURFACE(l) + plane) * stride, member * means[plane]);
            }
            if (l > 0)
                STORE(second, to + (SURFACE(l) + 5) * stride, known);
            for (int part = 0; part < 4; ++part) {
                GLOBAL float *here = first + (2 * GLOBAL_Y + part / 2 + PAD) * first_pitch + PAD + 2 * GLOBAL_X
                                   + part % 2 * RUN;
                store_own(here + SPREAD(l) * first_stride, first_stride, means, none);
                if (l < first_limited)
                    STORE(here, (SPREAD(l) + ONWARD) * first_stride, member);
                if (l > 0) {
                    STORE(here, (SURFACE(l) + 3) * first_stride, member);
                    STORE(here, (SURFACE(l) + 4) * first_stride, member * passing); /* limits no disc of this scale */
                    STORE(here, (SURFACE(l) + 5) * first_stride, known);
                }
            }
        }
        return;
    }
    for (int l = 0; l < LAYERS; ++l) {
        floats spread[5] = {none, none, none, none, none}, surface[6] = {none, none, none, none, none, none};
        for (int row = 2 * GLOBAL_Y; row < 2 * GLOBAL_Y + 2 && row < first_height; ++row) {
            Quads runs[2];
            int is_present = 0;
            for (int part = 0; part < 2; ++part) {
                const int x = 2 * GLOBAL_X + part * RUN; /* RUN is 1 on a GPU: the next pixel */
                const int tile = lower(2 * x / TILE, tiles_x - 1); /* tiles of both ends of the run */
                const int next = lower((2 * x + 2 * RUN - 1) / TILE, tiles_x - 1);
                const floats level_here = LANES < TILE / 2 ? (floats)(level[tile]) : (floats)(level[next]);
                const floats quarter = x + LANES < first_width ? (floats)(0.25f) : none;
                const float near = range[2 * tile] < range[2 * next] ? range[2 * tile] : range[2 * next];
                const float far = range[2 * tile + 1] > range[2 * next + 1] ? range[2 * tile + 1] : range[2 * next + 1];
                const Presence presence = presence_of(borders, l, near, far, reach);
                GLOBAL float *here = first + (row + PAD) * first_pitch + PAD + x;
                GLOBAL float *own = here + SPREAD(l) * first_stride, *hidden = here + SURFACE(l) * first_stride;
                if (presence.is_absent || x >= first_width) {
                    UNROLL for (int plane = 0; plane < 5; ++plane)
                        runs[part].spread[plane] = runs[part].surface[plane] = none;
                    runs[part].surface[5] = 4.0f * presence.known * quarter;
                } else {
                    runs[part] = sum_quads(scene, radius, borders, l, (2 * row + PAD) * full_pitch + PAD + 2 * x,
                                           full_pitch, full_stride, level_here, quarter, reach, presence.is_whole);
                    is_present = 1;
                }
                if (x >= first_width)
                    continue;
                const Quads *sums = &runs[part];
                const floats share = share_here(sums->spread[4], first_reach);
                store_own(own, first_stride, sums->spread, share);
                if (l < first_limited)
                    STORE(own, ONWARD * first_stride, (1.0f - share) * sums->spread[3]);
                if (l == 0)
                    continue;
                UNROLL for (int plane = -largest(-sums->surface[5]) < 1.0f ? 0 : 3; plane < 6; ++plane)
                    STORE(hidden, plane * first_stride, sums->surface[plane]);
            }
            UNROLL for (int side = 0; side < 2; ++side) {
                if (l > 0)
                    surface[5] += 0.25f * EVERY_SECOND(runs[0].surface[5], runs[1].surface[5], side);
                if (!is_present)
                    continue;
                floats passed[5];
                UNROLL for (int plane = 0; plane < 5; ++plane)
                    passed[plane] = EVERY_SECOND(runs[0].spread[plane], runs[1].spread[plane], side);
                const floats share = 0.25f * (1.0f - share_here(passed[4], first_reach));
                UNROLL for (int plane = 0; plane < 4; ++plane)
                    spread[plane] += share * passed[plane];
                spread[4] += share * passed[3] * passed[4];
                UNROLL for (int plane = 0; l > 0 && plane < 5; ++plane)
                    surface[plane] += 0.25f * EVERY_SECOND(runs[0].surface[plane], runs[1].surface[plane], side);
            }
        }
        spread[4] = 0.5f * spread[4] / greater(spread[3], (floats)(EPSILON));
        surface[4] = 0.5f * surface[4];
        UNROLL for (int plane = 0; plane < 5; ++plane)
            STORE(second, to + (SPREAD(l) + plane) * stride, spread[plane]);
        UNROLL for (int plane = 0; l > 0 && plane < 6; ++plane)
            STORE(second, to + (SURFACE(l) + plane) * stride, surface[plane]);
    }
}

/* From one scale to the next: the light passed on, and the surfaces. The work-item's row also selects the layer. */
KERNEL void halve(GLOBAL const float *RESTRICT fine_scale, GLOBAL float *RESTRICT scale, int rows, int width,
                  int height, int pitch, int stride, int half_pitch, int half_stride, float reach)
{
    const int l = GLOBAL_Y / rows, y = GLOBAL_Y % rows;
    const int fine = (2 * y + PAD) * pitch + PAD + 2 * GLOBAL_X;
    const int at = (y + PAD) * half_pitch + PAD + GLOBAL_X;
    GLOBAL const float *finer = fine_scale + SPREAD(l) * stride;
    GLOBAL const float *surface = fine_scale + SURFACE(l) * stride;
    const int has_below = 2 * y + 1 < height;
    const floats left = 2 * (GLOBAL_X + LANES) < width ? (floats)(0.25f) : (floats)(0.0f);
    const floats right = 2 * (GLOBAL_X + LANES) + 1 < width ? (floats)(0.25f) : (floats)(0.0f);
    floats sums[5];
    for (int plane = 0; plane < 5; ++plane)
        sums[plane] = (floats)(0.0f);
    for (int row = 0; row < 1 + has_below; ++row) {
        const int from = fine + row * pitch;
        floats weight[2], radii[2], red[2], green[2], blue[2];
        load_pairs(finer, from + 3 * stride, &weight[0], &weight[1]);
        if (!(largest(weight[0] + weight[1]) > 0.0f))
            continue;
        load_pairs(finer, from, &red[0], &red[1]);
        load_pairs(finer, from + stride, &green[0], &green[1]);
        load_pairs(finer, from + 2 * stride, &blue[0], &blue[1]);
        load_pairs(finer, from + 4 * stride, &radii[0], &radii[1]);
        for (int side = 0; side < 2; ++side) {
            const floats share = (side ? right : left) * (1.0f - share_here(radii[side], reach));
            sums[0] += share * red[side];
            sums[1] += share * green[side];
            sums[2] += share * blue[side];
            sums[3] += share * weight[side];
            sums[4] += share * weight[side] * radii[side];
        }
    }
    sums[4] = 0.5f * sums[4] / greater(sums[3], (floats)(EPSILON));
    for (int plane = 0; plane < 5; ++plane)
        STORE(scale, at + (SPREAD(l) + plane) * half_stride, sums[plane]);
    for (int plane = 0; l > 0 && plane < 6; ++plane) {
        const int from = fine + plane * stride;
        floats of_left, of_right, below_left = (floats)(0.0f), below_right = below_left;
        load_pairs(surface, from, &of_left, &of_right);
        if (has_below)
            load_pairs(surface, from + pitch, &below_left, &below_right);
        STORE(scale, at + (SURFACE(l) + plane) * half_stride,
              (plane == 4 ? 0.5f : 1.0f) * (left * (of_left + below_left) + right * (of_right + below_right)));
    }
}

/* Fraction of a pixel that a surface covers, from its `seen` part relative to the `known` part of the pixel. */
FUNCTION floats visible_share(floats seen, floats known)
{
    return limited(16.0f * seen, 0.0f, 1.0f) * lesser(seen / greater(known, (floats)(EPSILON)), (floats)(1.0f));
}

/* Converts a surface in place from sums to means where it is visible, and fills it from `around` where it is not
 * (push-pull; Gortler et al., "The Lumigraph", SIGGRAPH 1996). The border, outside `within`, is filled likewise. Where
 * the next smaller scale is `too_far` for any disc, it supplies the colour of the continued surface but no coverage.
 */
FUNCTION void complete(GLOBAL float *surface, int at, int stride, ints within, const floats *around, int too_far)
{
    const floats known = within ? LOAD(surface, at + 5 * stride) : (floats)(0.0f);
    const floats seen = known > 0.0f ? LOAD(surface, at + 3 * stride) : (floats)(0.0f);
    const floats trust = limited(16.0f * seen, 0.0f, 1.0f);
    const floats per_visible = trust / greater(seen, (floats)(EPSILON));
    for (int plane = 0; plane < 5; ++plane)
        if (plane != 3)
            STORE(surface, at + plane * stride,
                  per_visible * (known > 0.0f ? LOAD(surface, at + plane * stride) : (floats)(0.0f))
                      + (1.0f - trust) * around[plane]);
    STORE(surface, at + 3 * stride, too_far ? visible_share(seen, known) : seen + (1.0f - known) * around[3]);
}

/* The smallest scale: occluded pixels are interpolated from all others by inverse distance (D. Shepard, "A
 * two-dimensional interpolation function", 1968).
 */
KERNEL void fill_top(GLOBAL const float *RESTRICT sums, GLOBAL float *RESTRICT top, int rows, int width, int height,
                     int pitch, int stride, int too_far)
{
    const int l = GLOBAL_Y / rows + 1, row = GLOBAL_Y % rows; /* borders included */
    GLOBAL const float *surface = sums + SURFACE(l) * stride;
    floats means[5], seen = (floats)(0.0f), known = (floats)(EPSILON);
    for (int plane = 0; plane < 5; ++plane)
        means[plane] = (floats)(0.0f);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const int position = (y + PAD) * pitch + PAD + x;
            const floats dx = (float)(PAD + x - GLOBAL_X) - LANE_NUMBERS;
            const float dy = (float)(PAD + y - row);
            const floats square = dx * dx + (dy * dy + 0.1f);
            const floats weight = 1.0f / (square * square);
            seen += weight * surface[position + 3 * stride];
            known += weight * surface[position + 5 * stride];
            for (int plane = 0; plane < 5; ++plane)
                means[plane] += weight * surface[position + plane * stride];
        }
    const floats per_visible = 1.0f / greater(seen, (floats)(EPSILON));
    const int at = row * pitch + GLOBAL_X;
    const floats here = visible_share(LOAD(surface, at + 3 * stride), LOAD(surface, at + 5 * stride));
    for (int plane = 0; plane < 5; ++plane)
        STORE(top, at + (6 * (l - 1) + plane) * stride,
              plane != 3 ? means[plane] * per_visible : too_far ? here : seen / known);
}

/* All other scales fill occluded pixels from the next smaller scale, whose surfaces begin at plane `first`. */
KERNEL void fill_scale(GLOBAL float *scale, GLOBAL const float *RESTRICT coarse, int rows, int width, int pitch,
                       int stride, int coarse_pitch, int coarse_stride, int first, int too_far)
{
    const int l = GLOBAL_Y / rows + 1, y = GLOBAL_Y % rows; /* borders included */
    const int at = y * pitch + GLOBAL_X;
    const ints x = GLOBAL_X + LANES;
    const ints within = (x >= PAD) & (x < PAD + width) & (ints)(y >= PAD && y < rows - PAD ? ~0 : 0);
    const floats seen = within ? LOAD(scale, at + (SURFACE(l) + 3) * stride) : (floats)(0.0f);
    if (!(largest(1.0f - seen) > 0.0f))
        return; /* wholly visible */
    const int from = ((y + PAD) / 2) * coarse_pitch + (GLOBAL_X + PAD) / 2;
    const int step_y = y & 1 ? coarse_pitch : -coarse_pitch;
    GLOBAL const float *surface = coarse + (first + 6 * (l - 1)) * coarse_stride;
    floats around[5];
    for (int plane = 0; plane < 5; ++plane)
        around[plane] = (plane == 4 ? 2.0f : 1.0f) * doubled(surface + plane * coarse_stride, from, step_y);
    complete(scale + SURFACE(l) * stride, at, stride, within, around, too_far);
}

/* Weights of a scale in place, per disc pixel: for the light passed to the scale, and for the occluded part of a
 * surface, in which all scales share. A work-item processes a tile, border included, and stores its largest radius.
 */
KERNEL void weigh(GLOBAL float *scale, GLOBAL float *RESTRICT tiles, GLOBAL float *RESTRICT strips,
                  GLOBAL const float *RESTRICT aperture, int cells_x, int cells_y, int width, int height, int pitch,
                  int stride, int tiles_x, int tiles_y, int is_first, int first_limited, float reach,
                  float finer_reach, float rim, float red_shift, float blue_shift)
{
    const int l = GLOBAL_Y / tiles_y, tile_x = GROUP_X, tile_y = GLOBAL_Y % tiles_y;
    GLOBAL float *passed = scale + SPREAD(l) * stride;
    GLOBAL const float *surface = scale + SURFACE(l) * stride;
#if SHAPED
    GLOBAL const float *cell = cell_at(aperture, cells_x, cells_y, tile_x * TILE, tile_y * TILE, width, height);
    const float side = l >= first_limited ? 1.0f : -1.0f;
#endif
    floats max_spread = (floats)(0.0f);
    for (int row = 0; row < TILE && tile_y * TILE + row < height; ++row) {
        floats largest_in_row = (floats)(0.0f);
        for (int run = 0; run < TILE; run += RUN) {
            const int at = (tile_y * TILE + row + PAD) * pitch + PAD + tile_x * TILE + run;
            const floats known = l > 0 ? LOAD(surface, at + 5 * stride) : (floats)(1.0f);
            const floats own_radius = LOAD(passed, at + 4 * stride);
            const floats share = is_first ? (floats)(1.0f) : share_here(own_radius, reach);
            const floats passed_weight = LOAD(passed, at + 3 * stride), own = share * passed_weight;
            if (!is_first && l < first_limited)
                STORE(passed, at + ONWARD * stride, passed_weight - own);
            floats hidden = (floats)(0.0f), hidden_radius = hidden;
            if (l > 0 && largest(-known) > -1.0f) {
                hidden_radius = LOAD(surface, at + 4 * stride);
                const floats passed_here = finer_reach > 0.0f ? 1.0f - share_here(2.0f * hidden_radius, finer_reach)
                                                              : (floats)(1.0f);
                hidden = (1.0f - known) * LOAD(surface, at + 3 * stride) * passed_here
                       * share_here(hidden_radius, reach);
            }
            const floats weight = own + hidden;
            if (!(largest(weight) > 0.0f)) {
                for (int plane = 0; plane < ONWARD && largest(passed_weight) > 0.0f; ++plane)
                    STORE(passed, at + plane * stride, (floats)(0.0f));
                continue;
            }
            const floats radius = (own * own_radius + hidden * hidden_radius) / greater(weight, (floats)(EPSILON));
#if SHAPED
            const floats tilt = tilt_of(radius, side * rim);
            floats areas[4], squares;
            shape_sums(cell, radius, &areas[3], &squares);
            areas[0] = areas[1] = areas[2] = areas[3] + tilt * squares;
            for (int plane = 0; plane < 3; plane += 2) {
                const float shift = plane == 0 ? red_shift : blue_shift;
                if (shift == 0.0f)
                    continue;
                shape_sums(cell, greater(radius + side * shift, (floats)(0.0f)), &areas[plane], &squares);
                areas[plane] += tilt * squares;
            }
            STORE(passed, at + 5 * stride, tilt);
#else
            const floats area = disc_area(radius, (1.0f + FADE) * reach);
            const floats areas[4] = {area, area, area, area};
#endif
            for (int plane = 0; plane < 3; ++plane) {
                floats colour = share * LOAD(passed, at + plane * stride);
                if (l > 0)
                    colour += hidden * LOAD(surface, at + plane * stride);
                STORE(passed, at + plane * stride, colour / areas[plane]);
            }
            STORE(passed, at + 3 * stride, weight / areas[3]);
            STORE(passed, at + 4 * stride, radius);
            const ints counts = (weight > 1e-4f) & (tile_x * TILE + run + LANES < width);
            largest_in_row = counts ? greater(largest_in_row, radius) : largest_in_row;
        }
        strips[strip_at(l, tile_x, tile_y * TILE + row, tiles_x, height)] = largest(largest_in_row);
        max_spread = greater(max_spread, largest_in_row);
    }
    tiles[tile_at(l, tile_x, tile_y, tiles_x, tiles_y)] = largest(max_spread);
}
