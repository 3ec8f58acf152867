/* The layers at every scale: the light that they spread, and their surfaces. */
#include "portable.h"
#include "defocus.h"
#include "surfaces.h"

/* Sums of one layer over the four pixels that a pixel of the first scale covers: the light that it passes on, as in the
 * planes SPREAD of a scale, and its surface, as in the planes SURFACE.
 */
typedef struct {
    floats spread[5], surface[SURFACE_PLANES];
} Quads;

/* One layer in the tiles around a run: none of its points, or only its points, all of which pass to the first scale. */
typedef struct {
    int is_absent, is_whole;
    float known; /* 1 if nothing covers an absent layer, 0 if nearer layers do */
} Presence;

/* `in_view` and `behind` for one radius. */
FUNCTION float border_in_view(GLOBAL const float *borders, int l, float radius)
{
    const float share = (radius - borders[2 * l]) * borders[2 * l + 1] + 0.5f;
    return share > 1.0f ? 1.0f : share < 0.0f ? 0.0f : share;
}

FUNCTION float behind_border(GLOBAL const float *borders, int l, float radius)
{
    return l > 0 && l < LAYERS ? border_in_view(borders, l, radius) : l == 0 ? 1.0f : 0.0f;
}

FUNCTION int lower(int a, int b) { return a < b ? a : b; }
FUNCTION int higher(int a, int b) { return a > b ? a : b; }
FUNCTION float lower_of(float a, float b) { return a < b ? a : b; }

/* Presence of layer l among points with signed radii from `near` to `far`, and from `nearest` on in the tiles around. */
FUNCTION Presence presence_of(GLOBAL const float *borders, int l, float nearest, float near, float far, float reach)
{
    Presence presence;
    const float before = border_in_view(borders, l, near), beyond = behind_border(borders, l + 1, far);
    presence.is_absent = behind_border(borders, l, far) <= 0.0f || behind_border(borders, l + 1, near) >= 1.0f;
    presence.is_whole = border_in_view(borders, l, nearest) >= 1.0f && beyond <= 0.0f
                        && (near > (1.0f + FADE) * reach || far < -(1.0f + FADE) * reach);
    presence.known = before;
    return presence;
}

/* The sums for a run of a layer that is present, from the index `fine` of full-size planes on; `quarter` is 1/4 in
 * columns of the picture, else 0. Values above the `level` of the tile are clamped to it: in highlights, which
 * kernels/defocus_sprites.cl draws later, and always in surfaces, since highlights do not continue behind occluders.
 */
FUNCTION Quads sum_quads(GLOBAL const float *scene, GLOBAL const f16 *radius, GLOBAL const float *borders, int l,
                         int fine, int pitch, int stride, floats level, floats quarter, float reach, int is_whole)
{
    const floats none = (floats)(0.0f), full = (floats)(1.0f), bound = absolute(level);
    const int is_bright = largest(level) > -UNLIMITED;
    Quads sums;
    UNROLL for (int plane = 0; plane < 5; ++plane)
        sums.spread[plane] = sums.surface[plane] = none;
    sums.surface[5] = sums.surface[SURFACE_PLANES - 1] = none;
    UNROLL for (int row = 0; row < 2; ++row) {
        const int from = fine + row * pitch;
        floats red[2], green[2], blue[2], radii[2], nearest[2];
        load_pairs(scene, from, &red[0], &red[1]);
        load_pairs(scene, from + stride, &green[0], &green[1]);
        load_pairs(scene, from + 2 * stride, &blue[0], &blue[1]);
        load_pairs_f16(radius, from, &radii[0], &radii[1]);
        if (is_whole && !is_bright) {
            sums.spread[0] += quarter * (red[0] + red[1]);
            sums.spread[1] += quarter * (green[0] + green[1]);
            sums.spread[2] += quarter * (blue[0] + blue[1]);
            sums.spread[3] += 2.0f * quarter;
            sums.spread[4] += quarter * (absolute(radii[0]) + absolute(radii[1]));
            continue;
        }
        if (LAYERS > 2)
            nearest_beside(radius, from, pitch, radii, nearest);
        UNROLL for (int side = 0; side < 2; ++side) {
            const floats known = quarter * in_view(borders, l, radii[side]), size = absolute(radii[side]);
            const floats beyond = quarter * behind(borders, l + 1, radii[side]), member = known - beyond;
            const floats whole = quarter * behind(borders, l, radii[side]) - beyond;
            const floats spread = whole * (1.0f - share_here(size, reach));
            floats pure = member, light = spread, dimmed_surface = full;
            if (LAYERS > 2)
                pure *= MIXED + (1.0f - MIXED) * in_view(borders, l, nearest[side]);
            if (is_bright) {
                const floats dimmed = bound / greater(bound, greater(red[side], greater(green[side], blue[side])));
                light *= level > 0.0f ? dimmed : full;
                dimmed_surface = level > 0.0f || whole >= 0.25f ? dimmed : full;
            }
            sums.spread[0] += light * red[side];
            sums.spread[1] += light * green[side];
            sums.spread[2] += light * blue[side];
            sums.spread[3] += spread;
            sums.spread[4] += spread * size;
            const floats surface = pure * dimmed_surface;
            sums.surface[0] += surface * red[side];
            sums.surface[1] += surface * green[side];
            sums.surface[2] += surface * blue[side];
            sums.surface[3] += member;
            sums.surface[4] += pure * size;
            sums.surface[5] += known;
            if (LAYERS > 2)
                sums.surface[CERTAINTY] += pure;
        }
    }
    if (is_whole && !is_bright) {
        sums.spread[4] *= 0.5f;
        UNROLL for (int plane = 0; plane < 5; ++plane)
            sums.surface[plane] = sums.spread[plane];
        sums.surface[5] = sums.surface[SURFACE_PLANES - 1] = sums.spread[3];
        return sums;
    }
    sums.spread[4] = 0.5f * sums.spread[4] / greater(sums.spread[3], (floats)(EPSILON));
    sums.surface[4] = 0.5f * sums.surface[4];
    return sums;
}

/* Means over 4x4 pixels, from their sums over four rows: runs of neighbouring columns. */
FUNCTION floats mean_of_columns(const floats *columns)
{
    const floats low = EVERY_SECOND(columns[0], columns[1], 0) + EVERY_SECOND(columns[0], columns[1], 1);
    const floats high = EVERY_SECOND(columns[2], columns[3], 0) + EVERY_SECOND(columns[2], columns[3], 1);
    return (EVERY_SECOND(low, high, 0) + EVERY_SECOND(low, high, 1)) * (1.0f / 16.0f);
}

/* Means over 4x4 pixels of a plane, from index `from` on. */
FUNCTION floats mean_of_16(GLOBAL const float *plane, int from, int pitch)
{
    floats columns[4];
    UNROLL for (int part = 0; part < 4; ++part) {
        const int at = from + part * RUN;
        columns[part] = LOAD(plane, at) + LOAD(plane, at + pitch)
                      + (LOAD(plane, at + 2 * pitch) + LOAD(plane, at + 3 * pitch));
    }
    return mean_of_columns(columns);
}

/* The same for the absolute values of radii. */
FUNCTION floats mean_size_of_16(GLOBAL const f16 *radius, int from, int pitch)
{
    floats columns[4];
    UNROLL for (int part = 0; part < 4; ++part) {
        columns[part] = (floats)(0.0f);
        UNROLL for (int row = 0; row < 4; ++row)
            columns[part] += absolute(LOAD_F16(radius, from + part * RUN + row * pitch));
    }
    return mean_of_columns(columns);
}

/* Stores the light that the first scale spreads in one run of a layer, if there is light or was light in the previous
 * frame.
 */
FUNCTION void store_own(GLOBAL f16 *own, int stride, const floats *sums, floats share)
{
    const floats weight = share * sums[3];
    if (!any_positive(weight + absolute(LOAD_F16(own, 3 * stride))))
        return;
    UNROLL for (int plane = 0; plane < 4; ++plane)
        STORE_F16(own, plane * stride, share * sums[plane]);
    STORE_F16(own, 4 * stride, sums[4]);
}

/* From full size to the first two scales. The first scale keeps what it spreads itself, and stores colours of surfaces
 * only where they are partly occluded. The second scale is complete, as from `halve`. In tiles of one layer, whose
 * points all pass to the second scale, its values are plain means.
 */
KERNEL void halve_picture(GLOBAL const float *RESTRICT scene, GLOBAL const f16 *RESTRICT radius,
                          GLOBAL f16 *RESTRICT first, GLOBAL f16 *RESTRICT second,
                          GLOBAL const float *RESTRICT borders, GLOBAL const float *RESTRICT levels,
                          GLOBAL const float *RESTRICT extremes, int full_pitch, int full_stride, int first_width,
                          int first_height, int first_pitch, int first_stride, int width, int pitch, int stride,
                          int tiles_x, int last_row, int first_limited, int first_surface, float reach,
                          float first_reach)
{
    if (GLOBAL_X >= width + RUN)
        return;
    const floats none = (floats)(0.0f), full = (floats)(1.0f);
    const int to = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    for (int row = 0; row < 4; ++row)
        for (int part = 0; part < 4 * RUN; part += TILE) {
            const int ahead = (4 * GLOBAL_Y + row + PAD) * full_pitch + PAD + 4 * GLOBAL_X + part + 2 * AHEAD;
            for (int colour = 0; colour < 3; ++colour)
                PREFETCH(scene, ahead + colour * full_stride);
            PREFETCH(radius, ahead);
        }
    for (int part = 0; part < 2 * LAYERS; ++part) /* what `store_own` reads */
        PREFETCH(first, (SPREAD(part / 2) + 3) * first_stride + (2 * GLOBAL_Y + part % 2 + PAD) * first_pitch + PAD
                            + 2 * GLOBAL_X + AHEAD);
    GLOBAL const float *level = levels + (4 * GLOBAL_Y / TILE) * tiles_x;
    GLOBAL const float *range = extremes + 2 * (4 * GLOBAL_Y / TILE) * tiles_x;
    float nearest, near = UNLIMITED, far = -UNLIMITED, max_level = -UNLIMITED;
    for (int tile = 4 * GLOBAL_X / TILE; tile < tiles_x && tile <= (4 * GLOBAL_X + 4 * RUN - 1) / TILE; ++tile) {
        near = range[2 * tile] < near ? range[2 * tile] : near;
        far = range[2 * tile + 1] > far ? range[2 * tile + 1] : far;
        max_level = level[tile] > max_level ? level[tile] : max_level;
    }
    nearest = LAYERS > 2 ? UNLIMITED : near; /* LAYERS > 2: of the tiles around, too */
    const int above = 4 * GLOBAL_Y / TILE > 0 ? -tiles_x : 0, below = 4 * GLOBAL_Y / TILE < last_row ? tiles_x : 0;
    const int last_tile = lower((4 * GLOBAL_X + 4 * RUN - 1) / TILE + 1, tiles_x - 1);
    for (int tile = higher(4 * GLOBAL_X / TILE - 1, 0); LAYERS > 2 && tile <= last_tile; ++tile) {
        const float beside = lower_of(range[2 * (tile + above)], range[2 * (tile + below)]);
        nearest = lower_of(nearest, lower_of(beside, range[2 * tile]));
    }
    const float passing = (1.0f + FADE) * (reach > 2.0f * first_reach ? reach : 2.0f * first_reach);
    const int is_inside = 2 * (GLOBAL_X + RUN) <= first_width && 2 * (GLOBAL_Y + 1) <= first_height;
    int layer = -1; /* the layer that contains all points */
    for (int l = 0; l < LAYERS && is_inside && max_level <= -UNLIMITED && (near > passing || far < -passing); ++l)
        if (border_in_view(borders, l, nearest) >= 1.0f && behind_border(borders, l + 1, far) <= 0.0f)
            layer = l;
    if (layer >= 0) {
        const int from = (4 * GLOBAL_Y + PAD) * full_pitch + PAD + 4 * GLOBAL_X;
        floats means[5];
        UNROLL for (int plane = 0; plane < 3; ++plane)
            means[plane] = mean_of_16(scene, from + plane * full_stride, full_pitch);
        means[3] = full;
        means[4] = 0.25f * mean_size_of_16(radius, from, full_pitch);
        for (int l = 0; l < LAYERS; ++l) {
            const floats member = l == layer ? full : none, known = l <= layer ? full : none;
            UNROLL for (int plane = 0; plane < 5; ++plane) {
                STORE_F16(second, to + (SPREAD(l) + plane) * stride, member * means[plane]);
                if (l >= first_surface)
                    STORE_F16(second, to + (SURFACE(l) + plane) * stride, member * means[plane]);
            }
            if (l >= first_surface)
                STORE_F16(second, to + (SURFACE(l) + 5) * stride, known);
            if (LAYERS > 2 && l >= first_surface)
                STORE_F16(second, to + (SURFACE(l) + CERTAINTY) * stride, member);
            for (int part = 0; part < 4; ++part) {
                GLOBAL f16 *here = first + (2 * GLOBAL_Y + part / 2 + PAD) * first_pitch + PAD + 2 * GLOBAL_X
                                   + part % 2 * RUN;
                store_own(here + SPREAD(l) * first_stride, first_stride, means, none);
                if (l < first_limited)
                    STORE_F16(here, (SPREAD(l) + ONWARD) * first_stride, member);
                if (l >= first_surface) {
                    STORE_F16(here, (SURFACE(l) + 3) * first_stride, member);
                    STORE_F16(here, (SURFACE(l) + 4) * first_stride, member * passing); /* limits no disc of this scale */
                    STORE_F16(here, (SURFACE(l) + 5) * first_stride, known);
                    if (LAYERS > 2)
                        STORE_F16(here, (SURFACE(l) + CERTAINTY) * first_stride, member);
                }
            }
        }
        return;
    }
    for (int l = 0; l < LAYERS; ++l) {
        floats spread[5] = {none, none, none, none, none};
        floats surface[SURFACE_PLANES];
        UNROLL for (int plane = 0; plane < SURFACE_PLANES; ++plane)
            surface[plane] = none;
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
                const Presence presence =
                    presence_of(borders, l, LAYERS > 2 ? nearest : near, near, far, reach);
                GLOBAL f16 *here = first + (row + PAD) * first_pitch + PAD + x;
                GLOBAL f16 *own = here + SPREAD(l) * first_stride, *hidden = here + SURFACE(l) * first_stride;
                if (presence.is_absent || x >= first_width) {
                    UNROLL for (int plane = 0; plane < 5; ++plane)
                        runs[part].spread[plane] = runs[part].surface[plane] = none;
                    runs[part].surface[SURFACE_PLANES - 1] = none;
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
                    STORE_F16(own, ONWARD * first_stride, (1.0f - share) * sums->spread[3]);
                if (l < first_surface)
                    continue;
                const int has_occluders = LAYERS > 2 ? border_in_view(borders, l, nearest) < 1.0f
                                                     : any_positive(1.0f - sums->surface[5]);
                UNROLL for (int plane = has_occluders ? 0 : 3; plane < SURFACE_PLANES; ++plane)
                    STORE_F16(hidden, plane * first_stride, sums->surface[plane]);
            }
            UNROLL for (int side = 0; side < 2; ++side) {
                if (l >= first_surface)
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
                UNROLL for (int plane = 0; l >= first_surface && plane < SURFACE_PLANES; ++plane)
                    if (plane != 5)
                        surface[plane] +=
                            0.25f * EVERY_SECOND(runs[0].surface[plane], runs[1].surface[plane], side);
            }
        }
        spread[4] = 0.5f * spread[4] / greater(spread[3], (floats)(EPSILON));
        surface[4] = 0.5f * surface[4];
        UNROLL for (int plane = 0; plane < 5; ++plane)
            STORE_F16(second, to + (SPREAD(l) + plane) * stride, spread[plane]);
        UNROLL for (int plane = 0; l >= first_surface && plane < SURFACE_PLANES; ++plane)
            STORE_F16(second, to + (SURFACE(l) + plane) * stride, surface[plane]);
    }
}

/* From one scale to the next: the light passed on, and the surfaces. The work-item's row also selects the layer. */
KERNEL void halve(GLOBAL const f16 *RESTRICT fine_scale, GLOBAL f16 *RESTRICT scale, int rows, int width,
                  int height, int pitch, int stride, int half_pitch, int half_stride, int first_surface, float reach)
{
    const int l = GLOBAL_Y / rows, y = GLOBAL_Y % rows;
    const int fine = (2 * y + PAD) * pitch + PAD + 2 * GLOBAL_X;
    const int at = (y + PAD) * half_pitch + PAD + GLOBAL_X;
    GLOBAL const f16 *finer = fine_scale + SPREAD(l) * stride;
    GLOBAL const f16 *surface = fine_scale + SURFACE(l) * stride;
    const int has_below = 2 * y + 1 < height;
    const floats left = 2 * (GLOBAL_X + LANES) < width ? (floats)(0.25f) : (floats)(0.0f);
    const floats right = 2 * (GLOBAL_X + LANES) + 1 < width ? (floats)(0.25f) : (floats)(0.0f);
    floats sums[5];
    for (int plane = 0; plane < 5; ++plane)
        sums[plane] = (floats)(0.0f);
    for (int row = 0; row < 1 + has_below; ++row) {
        const int from = fine + row * pitch;
        floats weight[2], radii[2], red[2], green[2], blue[2];
        load_pairs_f16(finer, from + 3 * stride, &weight[0], &weight[1]);
        if (!any_positive(weight[0] + weight[1]))
            continue;
        load_pairs_f16(finer, from, &red[0], &red[1]);
        load_pairs_f16(finer, from + stride, &green[0], &green[1]);
        load_pairs_f16(finer, from + 2 * stride, &blue[0], &blue[1]);
        load_pairs_f16(finer, from + 4 * stride, &radii[0], &radii[1]);
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
        STORE_F16(scale, at + (SPREAD(l) + plane) * half_stride, sums[plane]);
    for (int plane = 0; l >= first_surface && plane < SURFACE_PLANES; ++plane) {
        const int from = fine + plane * stride;
        floats of_left, of_right, below_left = (floats)(0.0f), below_right = below_left;
        load_pairs_f16(surface, from, &of_left, &of_right);
        if (has_below)
            load_pairs_f16(surface, from + pitch, &below_left, &below_right);
        STORE_F16(scale, at + (SURFACE(l) + plane) * half_stride,
              (plane == 4 ? 0.5f : 1.0f) * (left * (of_left + below_left) + right * (of_right + below_right)));
    }
}
