/* The surfaces of the layers, extended behind their occluders by a few pixels before the smaller scales are made of
 * them: so pixels at an edge show the surface as a whole. Only with more than two layers.
 */
#define NARROW_F16 /* like kernels/defocus_layers.cl */
#include "portable.h"
#include "defocus.h"
#include "surfaces.h"

#define RIDGE 0.3f      /* added to the variance of positions, in pixels squared: few of them decide on no slope */
#define AROUND 1        /* pixels to the neighbours that an extension reads, */
#define REACHED 2       /* and around a pixel of the first scale those of full size */
#define SOFT 1.0f       /* pixels squared, from where on the weight of a pixel of full size falls with distance */
#define DECIDING 4.0f   /* inverse of the weight of pixels of full size that decide, */
#define DECIDED 0.1013f /* and the weight of neighbours that decide on the covered fraction: no sum of quarters */

/* Sums over the pixels around a run: of weights, of weighted positions and their products; and those of a value. */
typedef struct {
    floats weight, x, y, xx, xy, yy;
} Moments;

typedef struct {
    floats sum, x, y;
} Weighted;

FUNCTION void add_position(Moments *moments, float x, float y, floats weight)
{
    moments->weight += weight;
    moments->x += x * weight;
    moments->y += y * weight;
    moments->xx += x * x * weight;
    moments->xy += x * y * weight;
    moments->yy += y * y * weight;
}

FUNCTION void add_value(Weighted *value, float x, float y, floats weighted)
{
    value->sum += weighted;
    value->x += x * weighted;
    value->y += y * weighted;
}

/* The value at a run: that of the plane through the values around it, whose slope is held back by RIDGE. */
FUNCTION floats value_here(const Moments *moments, const Weighted *value)
{
    const floats per_weight = 1.0f / greater(moments->weight, (floats)(EPSILON));
    const floats x = moments->x * per_weight, y = moments->y * per_weight, xy = moments->xy * per_weight - x * y;
    const floats xx = moments->xx * per_weight - x * x + RIDGE, yy = moments->yy * per_weight - y * y + RIDGE;
    const floats per_area = 1.0f / (xx * yy - xy * xy), mean = value->sum * per_weight;
    const floats along_x = value->x * per_weight - mean * x, along_y = value->y * per_weight - mean * y;
    const floats slope_x = (yy * along_x - xy * along_y) * per_area;
    const floats slope_y = (xx * along_y - xy * along_x) * per_area;
    return greater(lesser(mean - slope_x * x - slope_y * y, 2.0f * mean), (floats)(0.0f));
}

/* 1 / (d^2 + softness)^2 for the pixel at (x, y). */
FUNCTION float nearness_of(float x, float y, float softness)
{
    const float nearness = 1.0f / (x * x + y * y + softness);
    return nearness * nearness;
}

/* Fraction of the light of a pixel of full size that counts: up to its tile's level. Highlights do not continue. */
FUNCTION floats share_below(GLOBAL const float *levels, int column, int tiles_x, const floats *light)
{
    const ints tile = (column + 2 * LANES) / TILE, last = (ints)(tiles_x - 1);
    const floats bound = absolute(taken(levels, tile < last ? tile : last));
    return bound / greater(bound, greater(light[0], greater(light[1], light[2])));
}

/* Adds a pair of pixels of full size for each pixel of a run of the first scale: those at (x, y) and (x + 1, y) from
 * its centre. The first pair is at index `at` and `column`. The values are light and radius. `levels` are those of the
 * row, or 0 for none.
 */
FUNCTION void add_pair(Moments *moments, Weighted *values, GLOBAL const float *scene, GLOBAL const f16 *radius,
                       GLOBAL const float *borders, GLOBAL const float *levels, int l, int at, int pitch, int stride,
                       int column, int tiles_x, float x, float y)
{
    floats radii[2], nearest[2], weights[2], light[2][3];
    load_pairs_f16(radius, at, &radii[0], &radii[1]);
    nearest_beside(radius, at, pitch, radii, nearest);
    UNROLL for (int side = 0; side < 2; ++side) {
        const floats member = in_view(borders, l, radii[side]) - behind(borders, l + 1, radii[side]);
        weights[side] = nearness_of(x + (float)side, y, SOFT) * member
                      * (MIXED + (1.0f - MIXED) * in_view(borders, l, nearest[side]));
    }
    if (!any_positive(weights[0] + weights[1]))
        return;
    UNROLL for (int plane = 0; plane < 3; ++plane)
        load_pairs(scene, at + plane * stride, &light[0][plane], &light[1][plane]);
    UNROLL for (int side = 0; side < 2; ++side) {
        const floats weight = weights[side];
        floats dimmed = weight;
        if (levels)
            dimmed *= share_below(levels, column + side, tiles_x, light[side]);
        add_position(moments, x + (float)side, y, weight);
        UNROLL for (int plane = 0; plane < 3; ++plane)
            add_value(&values[plane], x + (float)side, y, dimmed * light[side][plane]);
        add_value(&values[3], x + (float)side, y, weight * absolute(radii[side]));
    }
}

/* Whether a tile that a run of the first scale reads has a level: most have none, and looking it up costs time. */
FUNCTION int has_level(GLOBAL const float *levels, int x, int y, int tiles_x, int tiles_y)
{
    int found = 0;
    const int last_x = (2 * (x + RUN) - 1 + REACHED) / TILE, last_y = (2 * y + 1 + REACHED) / TILE;
    for (int row = (2 * y - REACHED) / TILE; row <= last_y && row < tiles_y; ++row)
        for (int tile = (2 * x - REACHED) / TILE; tile <= last_x && tile < tiles_x; ++tile)
            found |= levels[row * tiles_x + tile] > -UNLIMITED;
    return found;
}

/* Extends the surfaces of the first scale from the pixels of full size, which are finer: the hidden and the mixed part
 * of a pixel gets the value of a plane through those around it, with weights that fall with the distance. It is added
 * to the sums.
 */
KERNEL void extend_picture(GLOBAL const float *RESTRICT scene, GLOBAL const f16 *RESTRICT radius,
                           GLOBAL f16 *RESTRICT scale, GLOBAL const f16 *RESTRICT half_scale,
                           GLOBAL const float *RESTRICT borders, GLOBAL const float *RESTRICT levels, int rows,
                           int width, int pitch, int stride, int full_pitch, int full_stride, int half_pitch,
                           int half_stride, int tiles_x, int tiles_y, int first_surface)
{
    const int l = GLOBAL_Y / rows + first_surface, y = GLOBAL_Y % rows;
    if (GLOBAL_X >= width)
        return;
    const floats none = (floats)(0.0f);
    GLOBAL f16 *surface = scale + SURFACE(l) * stride + (y + PAD) * pitch + PAD + GLOBAL_X;
    const floats certainty = LOAD_F16(surface, CERTAINTY * stride);
    const floats missing = 1.0f - LOAD_F16(surface, 5 * stride) + LOAD_F16(surface, 3 * stride) - certainty;
    if (!any_positive(GLOBAL_X + LANES < width ? missing - (1.0f - LACKING) : none))
        return;
    GLOBAL const f16 *visible = half_scale + (SURFACE(l) + CERTAINTY) * half_stride + (y / 2 + PAD) * half_pitch + PAD;
    floats seen = none;
    for (int row = -half_pitch; row <= half_pitch; row += half_pitch)
        for (int x = -1; x <= 1; ++x)
            seen = greater(seen, LOAD_F16(visible, row + GLOBAL_X / 2 + x));
    if (!any_positive(seen))
        return; /* nothing of the surface is near */
    const int is_bright = has_level(levels, GLOBAL_X, y, tiles_x, tiles_y);
    Moments moments = {none, none, none, none, none, none};
    Weighted values[4];
    UNROLL for (int plane = 0; plane < 4; ++plane)
        values[plane].sum = values[plane].x = values[plane].y = none;
    for (int row = -REACHED; row < REACHED + 2; ++row) {
        const int full_row = 2 * y + row, tile_y = full_row < 0 ? 0 : full_row / TILE;
        const int at = (full_row + PAD) * full_pitch + PAD + 2 * GLOBAL_X;
        GLOBAL const float *level = levels + (tile_y < tiles_y ? tile_y : tiles_y - 1) * tiles_x;
        UNROLL for (int column = -REACHED; column < REACHED + 2; column += 2)
            add_pair(&moments, values, scene, radius, borders, is_bright ? level : 0, l, at + column, full_pitch,
                     full_stride, 2 * GLOBAL_X + column, tiles_x, (float)column - 0.5f, (float)row - 0.5f);
    }
    const floats share = greater(missing, none) * lesser(DECIDING * moments.weight, (floats)(1.0f));
    UNROLL for (int plane = 0; plane < 4; ++plane) {
        GLOBAL f16 *sums = surface + (plane < 3 ? plane : 4) * stride;
        const floats sum = certainty > 0.0f ? LOAD_F16(sums, 0) : none;
        STORE_F16(sums, 0, sum + (plane < 3 ? 1.0f : 0.5f) * share * value_here(&moments, &values[plane]));
    }
    STORE_F16(surface, CERTAINTY * stride, certainty + share);
}

/* Sums of a run from index `at` of the surface on: those of colour, radius and weight. */
FUNCTION void load_sums(GLOBAL const f16 *surface, int at, int stride, floats *sums)
{
    sums[4] = LOAD_F16(surface, at + CERTAINTY * stride);
    UNROLL for (int plane = 0; plane < 4; ++plane) {
        const floats sum = LOAD_F16(surface, at + (plane < 3 ? plane : 4) * stride);
        sums[plane] = sums[4] > 0.0f ? sum : (floats)(0.0f);
    }
}

/* Extends a run, whose `sums` change to those of the extended surface. Stores its planes in `to`. */
FUNCTION void extend_run(GLOBAL const f16 *surface, GLOBAL f16 *to, int at, int pitch, int stride, int x, int width,
                         int first_row, int last_row, floats *sums)
{
    const floats none = (floats)(0.0f);
    Moments moments = {none, none, none, none, none, none}, visible = moments;
    Weighted values[4], covered = {none, none, none};
    UNROLL for (int plane = 0; plane < 4; ++plane)
        values[plane] = covered;
    for (int dy = first_row; dy <= last_row; ++dy)
        UNROLL for (int dx = -AROUND; dx <= AROUND; ++dx) {
            const float across = (float)dx, down = (float)dy, near = nearness_of(across, down, 0.25f);
            const ints column = x + dx + LANES, within = (column >= 0) & (column < width);
            const int from = at + dy * pitch + dx;
            const floats known = within ? near * LOAD_F16(surface, from + 5 * stride) : none;
            const floats weight = within ? near * LOAD_F16(surface, from + CERTAINTY * stride) : none;
            if (any_positive(known)) {
                add_position(&visible, across, down, known);
                add_value(&covered, across, down, within ? near * LOAD_F16(surface, from + 3 * stride) : none);
            }
            if (!any_positive(weight))
                continue;
            add_position(&moments, across, down, weight);
            UNROLL for (int plane = 0; plane < 4; ++plane) {
                const floats sum = LOAD_F16(surface, from + (plane < 3 ? plane : 4) * stride);
                add_value(&values[plane], across, down, weight > 0.0f ? near * sum : none);
            }
        }
    const ints is_whole = lacking_at(surface, at, stride) <= 0.0f;
    const floats own = sums[4], per_weight = 1.0f / greater(own, (floats)(EPSILON));
    const floats weight = lesser(moments.weight, (floats)(1.0f));
    UNROLL for (int plane = 0; plane < 4; ++plane) {
        const floats value = value_here(&moments, &values[plane]);
        STORE_F16(to, at + plane * stride, is_whole ? per_weight * sums[plane] : value);
        sums[plane] = is_whole ? sums[plane] : weight * value;
    }
    STORE_F16(to, at + 4 * stride, is_whole ? limited(TRUST * own, 0.0f, 1.0f) : weight);
    sums[4] = is_whole ? own : weight;
    const floats cover = lesser(value_here(&visible, &covered), (floats)(1.0f));
    STORE_F16(to, at + 5 * stride, visible.weight > DECIDED ? cover : (floats)(UNDECIDED));
}

/* Extends the surfaces of a scale behind their occluders by one pixel, into the planes EXTENDED. Colour and radius of
 * the next smaller scale become the means of that: so its pixels at an edge show the surface as a whole.
 */
KERNEL void extend(GLOBAL const f16 *RESTRICT fine_scale, GLOBAL f16 *RESTRICT extended, GLOBAL f16 *RESTRICT scale,
                   int rows, int width, int height, int pitch, int stride, int half_pitch, int half_stride,
                   int first_surface)
{
    const int l = GLOBAL_Y / rows + first_surface, y = GLOBAL_Y % rows;
    if (2 * GLOBAL_X >= width)
        return;
    GLOBAL const f16 *surface = fine_scale + SURFACE(l) * stride;
    GLOBAL f16 *coarse = scale + SURFACE(l) * half_stride + (y + PAD) * half_pitch + PAD + GLOBAL_X;
    const floats none = (floats)(0.0f), before = LOAD_F16(coarse, CERTAINTY * half_stride);
    if (!any_positive(WHOLE - before))
        return; /* wholly visible */
    floats means[5] = {none, none, none, none, none};
    for (int row = 2 * y; row < 2 * y + 2 && row < height; ++row) {
        floats found[2][5];
        for (int part = 0; part < 2; ++part) {
            const int x = 2 * GLOBAL_X + part * RUN, at = (row + PAD) * pitch + PAD + x;
            const ints within = x + LANES < width;
            load_sums(surface, at, stride, found[part]);
            if (is_extended_at(surface, at, stride, within))
                extend_run(surface, extended + EXTENDED * l * stride, at, pitch, stride, x, width,
                           row < AROUND ? -row : -AROUND, row + AROUND < height ? AROUND : height - 1 - row,
                           found[part]);
            UNROLL for (int sum = 0; sum < 5; ++sum)
                found[part][sum] = within ? found[part][sum] : none;
        }
        UNROLL for (int sum = 0; sum < 5; ++sum)
            means[sum] += 0.25f * (EVERY_SECOND(found[0][sum], found[1][sum], 0)
                                   + EVERY_SECOND(found[0][sum], found[1][sum], 1));
    }
    const ints is_changed = absolute(means[4] - before) > 1.0f - WHOLE;
    if (!any_positive(is_changed ? (floats)(1.0f) : none))
        return;
    means[3] *= 0.5f; /* a radius in pixels of the scale */
    for (int sum = 0; sum < 5; ++sum) {
        GLOBAL f16 *to = coarse + (sum < 3 ? sum : sum == 3 ? 4 : CERTAINTY) * half_stride;
        STORE_F16(to, 0, is_changed ? means[sum] : LOAD_F16(to, 0));
    }
}
