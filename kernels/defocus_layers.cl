/* Preparation for spreading: radii from depth, and weights. */
#define NARROW_F16 /* these kernels mostly copy: two halves of a run take three quarters of the time (measured on Zen 5) */
#include "portable.h"
#include "defocus.h"
#include "aperture.h"

#define NEAREST_M 1e-3f
#define MAX_DEPTH_M 1e6f /* stands for infinity, which fast arithmetic does not handle exactly */

#if RUN == 1
/* The values of a row of a tile in local memory; the rows are not a multiple of the banks apart. */
#define ROW_FLOATS (TILE + 1)

/* On a GPU: the largest values of the rows of a tile for the layers from `first` on, stored in `strips`, and that of the
 * tile, stored in `tiles`. `rows` holds TILE rows for each of `count` layers.
 */
FUNCTION void store_largest(LOCAL float *rows, int first, int count, GLOBAL float *tiles, GLOBAL float *strips,
                            int tile_x, int tile_y, int tiles_x, int tiles_y, int height)
{
    BARRIER;
    for (int i = ITEM; i < count * TILE; i += TILE_ITEMS) {
        LOCAL float *row = rows + i * ROW_FLOATS;
        float largest_in_row = row[0];
        for (int x = 1; x < TILE; ++x)
            largest_in_row = row[x] > largest_in_row ? row[x] : largest_in_row;
        row[0] = largest_in_row;
        const int l = first + i / TILE, y = tile_y * TILE + i % TILE;
        if (y < height)
            strips[strip_at(l, tile_x, y, tiles_x, height)] = largest_in_row;
    }
    BARRIER;
    if (ITEM < count) {
        float largest_here = 0.0f;
        for (int row = 0; row < TILE; ++row) {
            const float here = rows[(ITEM * TILE + row) * ROW_FLOATS];
            largest_here = here > largest_here ? here : largest_here;
        }
        tiles[tile_at(first + ITEM, tile_x, tile_y, tiles_x, tiles_y)] = largest_here;
    }
}
#endif

/* Signed blur radius in pixels, negative in front of the focus: half of coc_px |1 - focus / depth| (engine/lens.py),
 * minus (in quadrature) the blur of the capturing lens, and reduced off-centre by a polynomial of the field position,
 * where the lens rims vignette the pupil. The second output is the weight that spreads one pixel. For each tile and
 * layer, the third is the largest radius spread at full size.
 */
KERNEL void coc(GLOBAL const float *RESTRICT depth, GLOBAL f16 *RESTRICT radius, GLOBAL f16 *RESTRICT spread,
                GLOBAL float *RESTRICT tiles, GLOBAL float *RESTRICT strips, GLOBAL const float *RESTRICT borders,
                GLOBAL const float *RESTRICT aperture, int cells_x, int cells_y, int width, int height, int pitch,
                int tiles_x, int tiles_y, float coc_px, float focus, float native_coc_px, float native_focus,
                float max_radius, float reach, float open_1, float open_2, float open_3, float open_4)
{
#if RUN == 1
    LOCAL_FLOATS(rows, LAYERS * TILE * ROW_FLOATS);
#endif
#if SHAPED
    GLOBAL const float *cell = cell_at(aperture, cells_x, cells_y, TILE_X * TILE, TILE_Y * TILE, width, height);
#endif
#if RUN > 1
    floats largest_here[LAYERS];
    for (int l = 0; l < LAYERS; ++l)
        largest_here[l] = (floats)(0.0f);
#endif
    for (int row = FIRST_ROW; row < TILE; row += ROW_STEP) {
        floats largest_in_row[LAYERS];
        UNROLL for (int l = 0; l < LAYERS; ++l)
            largest_in_row[l] = (floats)(0.0f);
        PREFETCH(depth, (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + AHEAD);
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
            const floats nearness = 1.0f / limited(LOAD(depth, at), NEAREST_M, MAX_DEPTH_M);
            const floats wanted = 0.5f * coc_px * (1.0f - focus * nearness);
            floats size = absolute(wanted);
            if (native_coc_px > 0.0f) {
                const floats native = 0.5f * native_coc_px * (1.0f - native_focus * nearness);
                size = square_root(greater(wanted * wanted - native * native, (floats)(0.0f)));
            }
#if SHAPED
            size *= over_field(field_height(TILE_X * TILE + run, TILE_Y * TILE + row, width, height), open_1,
                               open_2, open_3, open_4);
#endif
            size = rounded_f16(lesser(size, (floats)(max_radius)));
            const floats signed_size = wanted < 0.0f ? -size : size;
            const floats share = share_here(size, reach);
            const floats disc = size > SHARP ? size : (floats)(EPSILON), none = (floats)(0.0f);
            const floats spread_here = share > 0.0f ? disc : none;
            floats remaining = (floats)(1.0f);
            UNROLL for (int l = 0; l < LAYERS; ++l) {
                const floats beyond = behind(borders, l + 1, signed_size);
                largest_in_row[l] = remaining > beyond ? greater(largest_in_row[l], spread_here) : largest_in_row[l];
                remaining = beyond;
            }
            STORE_F16(radius, at, signed_size);
#if SHAPED
            floats area = coverage(size, 0.0f), covered, squares;
            if (any_positive(spread_here - SHARP)) {
                shape_sums(cell, size, &covered, &squares);
                area = spread_here > SHARP ? covered : area;
            }
#else
            const floats area = disc_area(size, (1.0f + FADE) * reach);
#endif
            STORE_F16(spread, at, share / area);
        }
#if RUN > 1
        const int y = TILE_Y * TILE + row;
        for (int l = 0; l < LAYERS; ++l) {
            largest_here[l] = greater(largest_here[l], largest_in_row[l]);
            if (y < height)
                strips[strip_at(l, TILE_X, y, tiles_x, height)] = largest(largest_in_row[l]);
        }
#else
        UNROLL for (int l = 0; l < LAYERS; ++l)
            rows[(l * TILE + row) * ROW_FLOATS + FIRST_COLUMN] = largest_in_row[l];
#endif
    }
#if RUN > 1
    for (int l = 0; l < LAYERS; ++l)
        tiles[tile_at(l, TILE_X, TILE_Y, tiles_x, tiles_y)] = largest(largest_here[l]);
#else
    store_largest(rows, 0, LAYERS, tiles, strips, TILE_X, TILE_Y, tiles_x, tiles_y, height);
#endif
}

/* Weights of a scale in place, per disc pixel: for the light passed to the scale, and for the occluded part of a
 * surface, in which all scales share. For each tile, border included, also its largest radius.
 */
KERNEL void weigh(GLOBAL f16 *scale, GLOBAL float *RESTRICT tiles, GLOBAL float *RESTRICT strips,
                  GLOBAL const float *RESTRICT aperture, int cells_x, int cells_y, int width, int height, int pitch,
                  int stride, int tiles_x, int tiles_y, int is_first, int first_limited, int first_surface, float reach,
                  float softness, float finer_reach, float rim, float colour_from, float colour_rate, float red_shift,
                  float blue_shift)
{
    const int l = TILE_Y / tiles_y, tile_x = TILE_X, tile_y = TILE_Y % tiles_y;
#if RUN == 1
    LOCAL_FLOATS(rows, TILE * ROW_FLOATS);
    for (int row = FIRST_ROW; row < TILE; row += ROW_STEP)
        rows[row * ROW_FLOATS + FIRST_COLUMN] = 0.0f;
#endif
    GLOBAL f16 *passed = scale + SPREAD(l) * stride;
    GLOBAL const f16 *surface = scale + SURFACE(l) * stride;
#if SHAPED
    GLOBAL const float *cell = cell_at(aperture, cells_x, cells_y, tile_x * TILE, tile_y * TILE, width, height);
    const float side = l >= first_limited ? 1.0f : -1.0f;
#endif
#if RUN > 1
    floats max_spread = (floats)(0.0f);
#endif
    for (int row = FIRST_ROW; row < TILE && tile_y * TILE + row < height; row += ROW_STEP) {
        floats largest_in_row = (floats)(0.0f);
        const int ahead = (tile_y * TILE + row + PAD) * pitch + PAD + tile_x * TILE + AHEAD;
        for (int plane = 0; plane < 6; ++plane) {
            PREFETCH(passed, ahead + plane * stride);
            if (l >= first_surface)
                PREFETCH(surface, ahead + plane * stride);
        }
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (tile_y * TILE + row + PAD) * pitch + PAD + tile_x * TILE + run;
            const floats known = l >= first_surface ? LOAD_F16(surface, at + 5 * stride) : (floats)(1.0f);
            const floats own_radius = LOAD_F16(passed, at + 4 * stride);
            const floats share = is_first ? (floats)(1.0f) : share_here(own_radius, reach);
            const floats passed_weight = LOAD_F16(passed, at + 3 * stride), own = share * passed_weight;
            const int continues = l == 0 && first_surface == 0; /* needs no other continuation behind its occluders */
            if (l < first_limited && (!is_first || continues)) {
                const floats onward = is_first ? LOAD_F16(passed, at + ONWARD * stride) : passed_weight - own;
                const floats occluded = continues ? 1.0f - known : (floats)(0.0f);
                STORE_F16(passed, at + ONWARD * stride, greater(onward - occluded, (floats)(0.0f)));
            }
            floats hidden = (floats)(0.0f), hidden_radius = hidden;
            if (l >= first_surface && any_positive(1.0f - known)) {
                hidden_radius = LOAD_F16(surface, at + 4 * stride);
                const floats passed_here = finer_reach > 0.0f ? 1.0f - share_here(2.0f * hidden_radius, finer_reach)
                                                              : (floats)(1.0f);
                hidden = (1.0f - known) * LOAD_F16(surface, at + 3 * stride) * passed_here
                       * share_here(hidden_radius, reach);
            }
            const floats weight = own + hidden;
            if (!any_positive(weight)) {
                for (int plane = 0; plane < ONWARD && any_positive(passed_weight); ++plane)
                    STORE_F16(passed, at + plane * stride, (floats)(0.0f));
                continue;
            }
            const floats mean_radius = (own * own_radius + hidden * hidden_radius) / greater(weight, (floats)(EPSILON));
            const floats radius = rounded_f16(sharpened(mean_radius, softness));
#if SHAPED
            const floats tilt = tilt_of(radius, side * rim);
            floats areas[4], squares;
            shape_sums(cell, radius, &areas[3], &squares);
            areas[0] = areas[1] = areas[2] = areas[3] + tilt * squares;
            for (int plane = 0; plane < 3; plane += 2) {
                const float shift = plane == 0 ? red_shift : blue_shift;
                if (shift == 0.0f)
                    continue;
                const floats wider = radius + side * shift * coloured_part(radius, colour_from, colour_rate);
                shape_sums(cell, greater(wider, (floats)(0.0f)), &areas[plane], &squares);
                areas[plane] += tilt * squares;
            }
            STORE_F16(passed, at + 5 * stride, tilt);
#else
            const floats area = disc_area(radius, (1.0f + FADE) * reach);
            const floats areas[4] = {area, area, area, area};
#endif
            for (int plane = 0; plane < 3; ++plane) {
                floats colour = share * LOAD_F16(passed, at + plane * stride);
                if (l >= first_surface)
                    colour += hidden * LOAD_F16(surface, at + plane * stride);
                STORE_F16(passed, at + plane * stride, colour / areas[plane]);
            }
            STORE_F16(passed, at + 3 * stride, weight / areas[3]);
            STORE_F16(passed, at + 4 * stride, radius);
            const ints counts = (weight > 1e-4f) & (tile_x * TILE + run + LANES < width);
            /* Occluded points in focus are spread, too, and 0 stands for a strip without points. */
            largest_in_row = counts ? greater(largest_in_row, radius + EPSILON) : largest_in_row;
        }
#if RUN > 1
        strips[strip_at(l, tile_x, tile_y * TILE + row, tiles_x, height)] = largest(largest_in_row);
        max_spread = greater(max_spread, largest_in_row);
#else
        rows[row * ROW_FLOATS + FIRST_COLUMN] = largest_in_row;
#endif
    }
#if RUN > 1
    tiles[tile_at(l, tile_x, tile_y, tiles_x, tiles_y)] = largest(max_spread);
#else
    store_largest(rows, l, 1, tiles, strips, tile_x, tile_y, tiles_x, tiles_y, height);
#endif
}
