/* Spreads the points of each scale over their discs, coarse scales first, and composites the picture.
 *
 * This is a gather: each pixel collects from the neighbours whose discs reach it. It equals the scatter without data
 * races, and preserves energy exactly on a surface of constant depth.
 */
#include "portable.h"
#include "defocus.h"
#include "sectors.h"
#include "opacity.h"

#define GATHERED 4 /* planes of a layer that a scale gathers: colour times weight (0 to 2), weight (3) */
#define MIN_COVERAGE 0.15f /* minimum surface coverage around a pixel for the surface to continue there */

#ifndef COLOURED
#define COLOURED 0 /* 1 if the discs of red and blue differ in radius from green */
#endif

/* Stores the largest radii around a tile. Returns whether discs of any layer may reach the tile. */
FUNCTION int store_largest_near(GLOBAL const float *tiles, GLOBAL float *detail, int tile_x, int tile_y, int tiles_x,
                        int tiles_y)
{
    int is_reached = 0;
    for (int l = 0; l < LAYERS; ++l) {
        float largest_here = 0.0f;
        for (int y = -1; y <= 1; ++y)
            for (int x = -1; x <= 1; ++x) {
                const float here = tiles[tile_at(l, tile_x + x, tile_y + y, tiles_x, tiles_y)];
                largest_here = here > largest_here ? here : largest_here;
            }
        detail[tile_at(1 + l, tile_x, tile_y, tiles_x, tiles_y)] = largest_here;
        is_reached |= largest_here > 0.0f;
    }
    return is_reached;
}

/* Whether the next larger scale reads the sums at columns `first` to `last` of a row: one of its tiles with detail lies
 * there, or within one pixel.
 */
FUNCTION int is_read(GLOBAL const float *finer, int finer_tiles_x, int finer_tiles_y, int first, int last, int row)
{
    const int from_x = (2 * first - 2 + 2 * TILE) / TILE - 2, to_x = (2 * last + 3 + 2 * TILE) / TILE - 2;
    const int from_y = (2 * row - 2 + 2 * TILE) / TILE - 2, to_y = (2 * row + 3 + 2 * TILE) / TILE - 2;
    float found = 0.0f;
    for (int y = from_y < -1 ? -1 : from_y; y <= to_y && y <= finer_tiles_y; ++y)
        for (int x = from_x < -1 ? -1 : from_x; x <= to_x && x <= finer_tiles_x; ++x)
            found += finer[tile_at(0, x, y, finer_tiles_x, finer_tiles_y)];
    return found > 0.0f;
}

/* Finds the tiles with detail: those in which a scale differs from the next smaller one, upsampled. The discs of the
 * scale may reach them, or tiles with detail of the next larger scale read them. The range includes the frame of the
 * table.
 */
KERNEL void find_detail(GLOBAL const float *RESTRICT tiles, GLOBAL const float *RESTRICT finer,
                       GLOBAL float *RESTRICT detail, int tiles_x, int tiles_y, int finer_tiles_x, int finer_tiles_y)
{
    const int tile_x = GROUP_X - 1, tile_y = GLOBAL_Y - 1;
    if (tile_x > tiles_x)
        return;
    int found = store_largest_near(tiles, detail, tile_x, tile_y, tiles_x, tiles_y);
    for (int row = 0; row < TILE; ++row)
        found |= is_read(finer, finer_tiles_x, finer_tiles_y, tile_x * TILE, tile_x * TILE + TILE - 1,
                         tile_y * TILE + row);
    detail[tile_at(0, tile_x, tile_y, tiles_x, tiles_y)] = found ? 1.0f : 0.0f;
}

/* The same for full size, which no larger scale reads. */
KERNEL void find_full_detail(GLOBAL const float *RESTRICT tiles, GLOBAL float *RESTRICT detail, int tiles_x,
                             int tiles_y)
{
    if (GROUP_X >= tiles_x)
        return;
    const int is_reached = store_largest_near(tiles, detail, GROUP_X, GLOBAL_Y, tiles_x, tiles_y);
    detail[tile_at(0, GROUP_X, GLOBAL_Y, tiles_x, tiles_y)] = is_reached ? 1.0f : 0.0f;
}

/* Distance from the radius of green to the end of the widest disc's rim. */
FUNCTION float rim_of(float red_wider, float blue_wider)
{
    const float wider = red_wider > blue_wider ? red_wider : blue_wider;
    return wider > 0.0f ? 0.5f + wider : 0.5f;
}

/* Pixels of a work-item: the row of a tile on a CPU, one on a GPU. */
#if RUN > 1
#define AREA TILE
#else
#define AREA 1
#endif

/* Sums of a layer at one run, and the weight of its points that smaller scales spread. */
typedef struct {
    floats red, green, blue, weight, onward;
} Sums;

/* Gathers the points of a layer whose discs reach the run at index `at` through the sector of `cell`. `group` holds the
 * planes of the layer; `side` is -1 in front of the focus; the discs of red and blue are larger by `red_wider` and
 * `blue_wider` (`coloured_part`).
 */
FUNCTION Sums gather(GLOBAL const f16 *group, GLOBAL const float *cell, int taps, place at, place pitch,
                     place stride, int side, floats limit, float colour_from, float colour_rate, float red_wider,
                     float blue_wider)
{
    const floats none = (floats)(0.0f);
    GLOBAL const f16 *reds = group + at, *greens = reds + stride, *blues = greens + stride;
    GLOBAL const f16 *weights = blues + stride, *radii = weights + stride, *onward = reds + ONWARD * stride;
    Sums sums = {none, none, none, none, none};
    for (int tap = 0; tap < taps; ++tap) {
        const float distance = gauge(cell, tap);
        const place from = side * offset(cell, tap, pitch);
        const floats reaching = lesser(LOAD_F16(radii, from), limit), away = (floats)(distance);
        const float weight = tap_weight(cell, tap);
        const floats covered = weight * coverage(reaching, distance);
#if SHAPED
        const floats shade = 1.0f + away * away * LOAD_F16(radii, stride + from);
#else
        const floats shade = (floats)(1.0f);
#endif
#if COLOURED
        const floats part = coloured_part(reaching, colour_from, colour_rate);
        const floats red = greater(reaching + red_wider * part, none);
        const floats blue = greater(reaching + blue_wider * part, none);
        sums.red += weight * shade * coverage(red, distance) * LOAD_F16(reds, from);
        sums.blue += weight * shade * coverage(blue, distance) * LOAD_F16(blues, from);
#else
        sums.red += shade * covered * LOAD_F16(reds, from);
        sums.blue += shade * covered * LOAD_F16(blues, from);
#endif
        sums.green += shade * covered * LOAD_F16(greens, from);
        sums.weight += covered * LOAD_F16(weights, from);
        if (side < 0)
            sums.onward += LOAD_F16(onward, from);
    }
    return sums;
}

/* Largest radius of a disc that reaches a run of layer l: that of the visible surface. A pixel of a small scale may show a
 * sharp surface and a blurred one, whose points spread over the pixel though its mean radius is smaller.
 */
FUNCTION floats limit_at(GLOBAL const f16 *here, int l, place stride)
{
    const floats mean = LOAD_F16(here, (SURFACE(l) + 4) * stride), weight = LOAD_F16(here, (SPREAD(l) + 3) * stride);
    return weight > 0.0f ? greater(mean, LOAD_F16(here, (SPREAD(l) + 4) * stride)) : mean;
}

/* One scale: for each layer colour times weight, and weight, plus the result of the coarser scale; and the composite of
 * the layers. A strip that no disc of this scale reaches and no larger scale reads has only a composite, that of the
 * coarser scale. The range includes the border's columns and one border row above and below, which `doubled` reads.
 *
 * Points in front of the focus spread over everything. From layer `first_limited` on, a point's blur is limited to that
 * of the visible surface at the target (J. Jimenez, "Next generation post processing in Call of Duty: Advanced
 * Warfare", SIGGRAPH 2014 courses). In front of the focus, points blurred so much more that smaller scales spread them
 * cover other points of their layer: these continue beneath them (normalised convolution; H. Knutsson and C.-F. Westin,
 * CVPR 1993).
 */
KERNEL void spread_scale(GLOBAL const f16 *RESTRICT scale, GLOBAL const float *RESTRICT strips,
                         GLOBAL const float *RESTRICT detail, GLOBAL const float *RESTRICT finer,
                         GLOBAL const f16 *RESTRICT coarse, GLOBAL const f16 *RESTRICT coarse_composite,
                         GLOBAL f16 *RESTRICT gathered, GLOBAL f16 *RESTRICT composite,
                         GLOBAL const float *RESTRICT aperture, int cells_x, int cells_y, int width, int height,
                         int pitch, int stride, int tiles_x, int tiles_y, int finer_tiles_x, int finer_tiles_y,
                         int coarse_pitch, int coarse_stride, int is_coarsest, int first_limited, int sector,
                         float extent, float colour_from, float colour_rate, float red_shift, float blue_shift)
{
    const float rims[2] = {rim_of(-red_shift, -blue_shift), rim_of(red_shift, blue_shift)};
    const int left = GROUP_X * AREA - PAD, y = GLOBAL_Y - 1;
    const int tile_x = (left + PAD) / TILE - PAD / TILE, tile = tile_around(left + PAD, y + PAD, tiles_x, tiles_y);
    float reaches[LAYERS];
    int is_composed = is_coarsest;
    for (int l = 0; (is_coarsest || detail[tile] > 0.0f) && l < LAYERS; ++l) {
        const float near = largest_near(detail, l, tile, tiles_x, tiles_y);
        reaches[l] = reach_of_strips(strips, l, tile_x, y, tiles_x, height, near, extent, rims[l >= first_limited]);
        is_composed |= reaches[l] > 0.0f;
    }
    if (!is_composed && detail[tile] > 0.0f)
        is_composed = is_read(finer, finer_tiles_x, finer_tiles_y, tile_x * TILE, tile_x * TILE + TILE - 1, y);
    for (int x = left; x < left + AREA; x += RUN) {
        const int at = (y + PAD) * pitch + PAD + x;
        const int above = (y + 2 * PAD) / 2 * coarse_pitch + (x + 2 * PAD) / 2;
        const int step_y = y & 1 ? coarse_pitch : -coarse_pitch;
        if (!is_composed) {
            for (int colour = 0; colour < 3; ++colour)
                STORE_F16(composite, at + colour * stride,
                      doubled(coarse_composite + colour * coarse_stride, above, step_y));
            continue;
        }
        GLOBAL const float *cell =
            cell_at(sector_of(aperture, sector, cells_x * cells_y), cells_x, cells_y, x, y, width, height);
        const floats none = (floats)(0.0f);
        Light light = {none, none, none, none};
        for (int l = LAYERS - 1; l >= 0; --l) {
            const int is_limited = l >= first_limited, side = is_limited ? 1 : -1;
            const int taps = reaches[l] > 0.0f ? taps_within(cell, reaches[l] + rims[is_limited]) : 0;
            const floats limit = is_limited ? limit_at(scale + at, l, stride) : (floats)(UNLIMITED);
            const int last_row = (int)((reaches[l] + rims[is_limited]) * extent);
            for (int plane = 0; taps > 0 && plane < SPREAD_PLANES; ++plane)
                PREFETCH(scale, at + (SPREAD(l) + plane) * stride + last_row * pitch + AHEAD);
            Sums sums = gather(scale + SPREAD(l) * stride, cell, taps, at, pitch, stride, side, limit, colour_from,
                               colour_rate, (float)side * red_shift, (float)side * blue_shift);
            if (taps > 0 && !is_limited) {
                const floats covered = sums.onward * (1.0f / (float)taps);
                const floats whole = 1.0f / greater(1.0f - covered, (floats)(MIN_COVERAGE));
                sums.red *= whole;
                sums.green *= whole;
                sums.blue *= whole;
                sums.weight *= whole;
            }
            GLOBAL const f16 *coarser = coarse + GATHERED * l * coarse_stride;
            const floats is_here = limited(RATE * (sums.weight - HERE), 0.0f, 1.0f);
            floats denser = (floats)(1.0f);
            if (!is_coarsest) {
                const floats nearer = doubled(coarser + 3 * coarse_stride, above, step_y);
                if (!is_limited) {
                    const floats room = limited((1.0f - nearer) / greater(sums.weight, (floats)(EPSILON)), 0.0f, 1.0f);
                    sums.red *= room;
                    sums.green *= room;
                    sums.blue *= room;
                    sums.weight *= room;
                }
                sums.weight += nearer;
            }
            const floats is_full =
                sums.weight < WHOLE ? is_here * limited(RATE * (sums.weight - FULL), 0.0f, 1.0f) : none;
            if (l + 1 < LAYERS && any_positive(is_full)) {
                const floats radius = lesser(LOAD_F16(scale, (SPREAD(l) + 4) * stride + at), limit);
                const floats minimum =
                    min_opacity_at(scale + (SURFACE(l + 1) + 5) * stride + at, cell, pitch, side, radius);
                denser += is_full * greater(minimum / greater(sums.weight, (floats)(FULL)) - 1.0f, none);
                sums.weight *= denser;
            }
            GLOBAL f16 *to = gathered + GATHERED * l * stride + at;
            STORE_F16(to, 3 * stride, sums.weight);
            if (any_positive(sums.weight)) {
                if (!is_coarsest) {
                    sums.red += doubled(coarser, above, step_y);
                    sums.green += doubled(coarser + coarse_stride, above, step_y);
                    sums.blue += doubled(coarser + 2 * coarse_stride, above, step_y);
                }
                sums.red *= denser;
                sums.green *= denser;
                sums.blue *= denser;
                cover(&light, sums.red, sums.green, sums.blue, sums.weight, sums.weight);
            }
            STORE_F16(to, 0, sums.red);
            STORE_F16(to, stride, sums.green);
            STORE_F16(to, 2 * stride, sums.blue);
        }
        const floats per_opacity = 1.0f / greater(light.opacity, (floats)(EPSILON));
        STORE_F16(composite, at, light.red * per_opacity);
        STORE_F16(composite, at + stride, light.green * per_opacity);
        STORE_F16(composite, at + 2 * stride, light.blue * per_opacity);
    }
}

/* Weight of the full-size points at index `from` in layer l, and the radius of their discs. */
FUNCTION floats weight_at(GLOBAL const f16 *radius, GLOBAL const f16 *spread, GLOBAL const float *borders, int l,
                          place from, floats *size)
{
    const floats r = LOAD_F16(radius, from);
    *size = absolute(r);
    return (behind(borders, l, r) - behind(borders, l + 1, r)) * LOAD_F16(spread, from);
}

/* Full size: spreads slightly blurred points, adds the results of the other scales, composites the layers from back to
 * front, and applies the lens's vignetting. With sectors plane 3 of the picture holds the sum of opacities. A strip
 * that no disc of full size reaches is the composite of half size, upsampled. In front of the focus, points of smaller
 * scales cover those of full size, as in `spread_scale`.
 */
KERNEL void compose(GLOBAL const float *RESTRICT scene, GLOBAL const f16 *RESTRICT radius,
                    GLOBAL const f16 *RESTRICT spread, GLOBAL const float *RESTRICT strips,
                    GLOBAL const float *RESTRICT detail, GLOBAL const f16 *RESTRICT gathered,
                    GLOBAL const f16 *RESTRICT half_composite, GLOBAL const float *RESTRICT borders,
                    GLOBAL const float *RESTRICT aperture, GLOBAL float *RESTRICT picture, int cells_x, int cells_y,
                    int width, int height, int pitch, int stride, int tiles_x, int tiles_y, int half_pitch,
                    int half_stride, int first_limited, int sector, float scale_reach, float extent, float fall_1,
                    float fall_2, float fall_3, float fall_4)
{
    const int left = GROUP_X * AREA, y = GLOBAL_Y;
    if (left >= width)
        return;
    const int tile = tile_around(left + PAD, y + PAD, tiles_x, tiles_y);
    float reaches[LAYERS];
    int is_composed = 0;
    for (int l = 0; detail[tile] > 0.0f && l < LAYERS; ++l) {
        const float near = largest_near(detail, l, tile, tiles_x, tiles_y);
        reaches[l] = reach_of_strips(strips, l, left / TILE, y, tiles_x, height, near, extent, 0.5f);
        is_composed |= reaches[l] > 0.0f;
    }
    for (int x = left; x < left + AREA; x += RUN) {
        const place at = (y + PAD) * pitch + PAD + x, plane = stride;
        const int half_at = (y / 2 + PAD) * half_pitch + PAD + x / 2;
        const int step_y = y & 1 ? half_pitch : -half_pitch;
        GLOBAL const float *cell =
            cell_at(sector_of(aperture, sector, cells_x * cells_y), cells_x, cells_y, x, y, width, height);
        const float share = sector_share(cell);
        const floats falloff = share * over_field(field_height(x, y, width, height), fall_1, fall_2, fall_3, fall_4);
        if (!is_composed) {
            add_opacity(picture + 3 * plane + at, sector, (floats)(share));
            for (int colour = 0; colour < 3; ++colour)
                store_sector(picture, 3 * plane + at, at + colour * stride, sector,
                             falloff * doubled(half_composite + colour * half_stride, half_at, step_y));
            continue;
        }
        const floats here = LOAD_F16(radius, at);
        const floats own_spread = LOAD_F16(spread, at) * coverage(absolute(here), 0.0f);
        const floats none = (floats)(0.0f);
        const floats part_here = share_here(absolute(here), scale_reach);
        floats beyond = none;
        Light light = {none, none, none, none};
        for (int l = LAYERS - 1; l >= 0; --l) {
            const floats from_here_on = behind(borders, l, here);
            const floats member = from_here_on - beyond;
            beyond = from_here_on;
            const floats limit = l >= first_limited && member > 0.0f ? absolute(here) : (floats)(UNLIMITED);
            /* Points blurred by less than a pixel stay exactly unchanged. `found` decides the opacity: the blur of points is
             * limited, what they cover is not.
             */
            floats weight = own_spread * member, found = weight;
            floats red = weight * LOAD(scene, at), green = weight * LOAD(scene, at + stride);
            floats blue = weight * LOAD(scene, at + 2 * stride);
            const int side = l >= first_limited ? 1 : -1;
            if (reaches[l] > SHARP)
                for (int tap = 1, taps = taps_within(cell, reaches[l] + 0.5f); tap < taps; ++tap) {
                    const float distance = gauge(cell, tap);
                    const place from = at + side * offset(cell, tap, pitch);
                    floats size;
                    const floats source = tap_weight(cell, tap) * weight_at(radius, spread, borders, l, from, &size);
                    const floats covered = source * coverage(lesser(size, limit), distance);
                    found += source * coverage(size, distance);
                    red += covered * LOAD(scene, from);
                    green += covered * LOAD(scene, from + plane);
                    blue += covered * LOAD(scene, from + 2 * plane);
                    weight += covered;
                }
            /* A sharp point is not covered by the blur of points behind it. */
            const floats open = limited((limit - SHARP) * (1.0f / scale_reach), 0.0f, 1.0f);
            GLOBAL const f16 *coarse = gathered + GATHERED * l * half_stride;
            const floats coarse_weight = doubled(coarse + 3 * half_stride, half_at, step_y);
            if (l < first_limited) {
                const floats room = limited((1.0f - coarse_weight) / greater(found, (floats)(EPSILON)), 0.0f, 1.0f);
                red *= room;
                green *= room;
                blue *= room;
                weight *= room;
                found *= room;
            }
            found += coarse_weight;
            weight += open * coarse_weight;
            if (any_positive(weight)) {
                red += open * doubled(coarse, half_at, step_y);
                green += open * doubled(coarse + half_stride, half_at, step_y);
                blue += open * doubled(coarse + 2 * half_stride, half_at, step_y);
                const floats is_inside = member * limited((found - ENDING) * 8.0f, 0.0f, 1.0f);
                floats whole = found + found * (LACK * part_here * is_inside);
                const floats is_full =
                    found < WHOLE ? part_here * limited(RATE * (found - FULL_AT_FULL_SIZE), 0.0f, 1.0f) : none;
                if (l + 1 < LAYERS && any_positive(is_full)) {
                    const floats size = is_full > 0.0f ? absolute(here) : none;
                    const floats minimum = min_opacity_of(radius, borders, l, cell, at, pitch, side, size);
                    whole += is_full * greater(minimum - whole, none);
                }
                cover(&light, red, green, blue, weight, whole);
            }
        }
        add_opacity(picture + 3 * plane + at, sector, share * light.opacity);
        const floats scale = SECTORS > 1 ? falloff : falloff / greater(light.opacity, (floats)(EPSILON));
        store_sector(picture, 3 * plane + at, at, sector, light.red * scale);
        store_sector(picture, 3 * plane + at, at + stride, sector, light.green * scale);
        store_sector(picture, 3 * plane + at, at + 2 * stride, sector, light.blue * scale);
    }
}
