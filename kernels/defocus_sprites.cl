/* Highlight sprites: points so much brighter than their neighbourhood that each appears as a single disc in the shape
 * of the aperture.
 *
 * They are removed from the picture before spreading and drawn one by one at full size, only where no occluder lies
 * between the highlight and the lens.
 */
#include "portable.h"
#include "defocus.h"
#include "aperture.h"

#define OVER_MEAN 10.0f /* minimum ratio of a highlight to its local mean: noise near black reaches 7 */
#define MAX_VARIANCE 3.0f /* maximum spatial variance of one point, in pixels squared */
#define STEPS (LAYERS > 2 ? 24 : 12) /* depth steps from a highlight to the lens */

/* Each tile has up to SPRITES highlights, one per quarter: position (0, 1), signed radius (2), colour (3 to 5), and the
 * nearest radius that may occlude it (6).
 */
#define SPRITES 4
#define SPRITE_FLOATS 7

FUNCTION int bounded(float place, int count)
{
    return place < 0.0f ? 0 : place > (float)(count - 1) ? count - 1 : (int)place;
}

FUNCTION float positive(float x) { return x < 0.0f ? -x : x; }

/* For each tile: its highlights, the level above which a pixel belongs to one, and the extremes of the signed radius. A
 * tile whose bright areas are larger than points has no highlights: its level is negative. The weights in `spread` of a
 * highlight's pixels are reduced so that they contribute no more than the level.
 */
KERNEL void find_highlights(GLOBAL const float *RESTRICT scene, GLOBAL const f16 *RESTRICT radius,
                            GLOBAL f16 *RESTRICT spread, GLOBAL float *RESTRICT sprites,
                            GLOBAL float *RESTRICT levels, GLOBAL float *RESTRICT extremes, int pitch, int stride,
                            int width, int height, int tiles_x, float min_radius)
{
    const int tile = GLOBAL_Y * tiles_x + GROUP_X;
    const int first = (GLOBAL_Y * TILE + PAD) * pitch + PAD + GROUP_X * TILE;
    floats brightest = (floats)(0.0f), sums = brightest, tame = brightest;
    floats near = (floats)(UNLIMITED), far = -near, blurred = brightest;
    for (int row = 0; row < TILE; ++row) {
        const int ahead = first + row * pitch + AHEAD;
        for (int colour = 0; colour < 3; ++colour)
            PREFETCH(scene, ahead + colour * stride);
        PREFETCH(radius, ahead);
    }
    for (int row = 0; row < TILE; ++row)
        for (int run = 0; run < TILE; run += RUN) {
            const int at = first + row * pitch + run;
            const floats bright = greater(LOAD(scene, at), greater(LOAD(scene, at + stride),
                                                                   LOAD(scene, at + 2 * stride)));
            const floats r = LOAD_F16(radius, at);
            brightest = greater(brightest, bright);
            sums += bright;
            near = lesser(near, r);
            far = greater(far, r);
            blurred = greater(blurred, absolute(r));
        }
    extremes[2 * tile] = -largest(-near);
    extremes[2 * tile + 1] = largest(far);
    levels[tile] = -UNLIMITED;
    for (int quarter = 0; quarter < SPRITES; ++quarter)
        sprites[(tile * SPRITES + quarter) * SPRITE_FLOATS + 2] = 0.0f;
    const float mean = sum_of(sums) * (1.0f / (TILE * TILE));
    if (!(largest(brightest) > 2.0f * mean))
        return;
    /* Local mean: the mean of the tile, with each value clamped to twice the mean. */
    for (int row = 0; row < TILE; ++row)
        for (int run = 0; run < TILE; run += RUN) {
            const int at = first + row * pitch + run;
            const floats bright = greater(LOAD(scene, at), greater(LOAD(scene, at + stride),
                                                                   LOAD(scene, at + 2 * stride)));
            tame += lesser(bright, (floats)(2.0f * mean));
        }
    const float level = OVER_MEAN * sum_of(tame) * (1.0f / (TILE * TILE));
    levels[tile] = largest(brightest) > level ? -level : -UNLIMITED;
    if (!(largest(brightest) > level && largest(blurred) > min_radius))
        return;
    int found = 0;
    for (int quarter = 0; quarter < SPRITES && found >= 0; ++quarter) {
        const int left = (quarter & 1) * TILE / 2, top = (quarter >> 1) * TILE / 2;
        float excess = 0.0f, x_sum = 0.0f, y_sum = 0.0f, squares = 0.0f, own = 0.0f;
        float red = 0.0f, green = 0.0f, blue = 0.0f, smallest = UNLIMITED, max_over = 0.0f;
        for (int y = top; y < top + TILE / 2 && GLOBAL_Y * TILE + y < height; ++y)
            for (int x = left; x < left + TILE / 2 && GROUP_X * TILE + x < width; ++x) {
                const int at = first + y * pitch + x;
                const float r = scene[at], g = scene[at + stride], b = scene[at + 2 * stride];
                const float bright = r > g ? (r > b ? r : b) : g > b ? g : b;
                if (bright <= level)
                    continue;
                const float over = bright - level, share = over / bright;
                const float signed_size = ONE_F16(radius, at), size = positive(signed_size);
                excess += over;
                x_sum += over * (float)x;
                y_sum += over * (float)y;
                squares += over * (float)(x * x + y * y);
                own = over > max_over ? signed_size : own; /* adjacent pixels may be at another distance */
                max_over = over > max_over ? over : max_over;
                red += share * r;
                green += share * g;
                blue += share * b;
                smallest = size < smallest ? size : smallest;
            }
        if (excess == 0.0f)
            continue;
        const float x = x_sum / excess, y = y_sum / excess;
        found = squares / excess - x * x - y * y > MAX_VARIANCE || smallest <= min_radius ? -1 : 1;
        GLOBAL float *light = sprites + (tile * SPRITES + quarter) * SPRITE_FLOATS;
        light[0] = (float)(GROUP_X * TILE) + x;
        light[1] = (float)(GLOBAL_Y * TILE) + y;
        light[2] = own;
        light[3] = red;
        light[4] = green;
        light[5] = blue;
    }
    levels[tile] = found > 0 ? level : -level;
    for (int row = 0; found > 0 && row < TILE; ++row)
        for (int run = 0; run < TILE; run += RUN) {
            const int at = first + row * pitch + run;
            const floats bright = greater(LOAD(scene, at), greater(LOAD(scene, at + stride),
                                                                   LOAD(scene, at + 2 * stride)));
            STORE_F16(spread, at, LOAD_F16(spread, at) * (level / greater(bright, (floats)(level))));
        }
    for (int quarter = 0; found < 0 && quarter < SPRITES; ++quarter)
        sprites[(tile * SPRITES + quarter) * SPRITE_FLOATS + 2] = 0.0f;
}

/* Gauges of a run of offsets (dx, dy), (dx + 1, dy) etc. from the centre of a disc of the radius `size`. Gauges are
 * proportional to the offset. They are read at a scale where the table extends slightly beyond the disc, including its
 * rim and larger colour discs.
 */
#define BEYOND 2.0f
FUNCTION floats gauges_at(GLOBAL const float *cell, float dx, float dy, float size, float extent, float side)
{
#if SHAPED
    const float scale = side * ((float)REACH - 1.0f) / (extent * (size + BEYOND));
    const floats x = limited((dx + LANE_NUMBERS) * scale + (float)REACH, 0.0f, (float)(SIDE - 1) - 0.001f);
    const float wanted = dy * scale + (float)REACH, end = (float)(SIDE - 1) - 0.001f;
    const float y = wanted < 0.0f ? 0.0f : wanted > end ? end : wanted;
    const float down = y - (float)(int)y;
    const ints index = TRUNCATED(x);
    const floats across = x - IN_FLOATS(index);
    GLOBAL const float *row = cell + (int)y * SIDE;
    floats left, right;
    if (scale < 1.0f && scale > -1.0f) { /* one run of the table covers one run of pixels */
        const int first = scale < 0.0f ? LANE(index, RUN - 1) : LANE(index, 0);
        const floats here = LOAD(row, first), next = LOAD(row, first + 1);
        left = permuted(here + down * (LOAD(row, first + SIDE) - here), index - first);
        right = permuted(next + down * (LOAD(row, first + SIDE + 1) - next), index - first);
    } else {
        const floats here = taken(row, index), next = taken(row, index + 1);
        left = here + down * (taken(row, index + SIDE) - here);
        right = next + down * (taken(row, index + SIDE + 1) - next);
    }
    return (left + across * (right - left)) * (side / scale);
#else
    return square_root((dx + LANE_NUMBERS) * (dx + LANE_NUMBERS) + dy * dy);
#endif
}

/* Light within a disc at the given gauges, mean 1. `profile` holds it at squares of g / r in steps of 1 / PROFILE: the
 * first row behind the focus, the second in front of it.
 */
#define PROFILE 64
FUNCTION floats light_at(GLOBAL const float *profile, floats gauges, float size, float side)
{
#if SHAPED
    GLOBAL const float *row = side < 0.0f ? profile + PROFILE + 1 : profile;
    const floats place = limited(gauges * gauges * ((float)PROFILE / (size * size)), 0.0f, (float)PROFILE) + 0.5f;
    return taken(row, TRUNCATED(place));
#else
    return (floats)(1.0f);
#endif
}

/* Sum of a disc's light over its pixels, for the radii of red, green and blue. Large discs scale the sum of a smaller
 * disc of the same shape: the error from the grid is then below 0.4 %.
 */
#define LARGE 16.0f
FUNCTION void disc_sums(GLOBAL const float *cell, GLOBAL const float *profile, float x, float y, float size,
                        const float *colour_radii, float extent, float side, float *sums)
{
    const float outer = colour_radii[0] > colour_radii[2] ? colour_radii[0] : colour_radii[2];
    const float widest = outer > size ? outer : size;
    const float scale = widest > LARGE ? widest * (1.0f / LARGE) : 1.0f, per_px = 1.0f / scale;
    const int reach = (int)((widest * per_px + 0.5f) * extent) + 1;
    floats red = (floats)(0.0f), green = red, blue = red;
    for (int dy = -reach; dy <= reach; ++dy)
        for (int dx = -reach; dx <= reach; dx += RUN) {
            const float from_x = (float)((int)x + dx) - x, from_y = (float)((int)y + dy) - y;
            const floats gauges = gauges_at(cell, from_x, from_y, size * per_px, extent, side);
            if (!any_positive(widest * per_px + 0.5f - gauges))
                continue;
            const floats light = light_at(profile, gauges, size * per_px, side);
            red += light * coverage(colour_radii[0] * per_px - gauges, 0.0f);
            green += light * coverage(colour_radii[1] * per_px - gauges, 0.0f);
            blue += light * coverage(colour_radii[2] * per_px - gauges, 0.0f);
        }
    sums[0] = scale * scale * sum_of(red);
    sums[1] = scale * scale * sum_of(green);
    sums[2] = scale * scale * sum_of(blue);
}

/* For each tile's highlights: the colour divided by the disc's sum, and the nearest radius of all tiles under the disc.
 */
KERNEL void measure_highlights(GLOBAL float *RESTRICT sprites, GLOBAL const float *RESTRICT extremes,
                               GLOBAL const float *RESTRICT aperture, GLOBAL const float *RESTRICT profile, int cells_x,
                               int cells_y, int width, int height, int tiles_x, int tiles_y, float extent,
                               float red_shift, float blue_shift)
{
    for (int quarter = 0; quarter < SPRITES; ++quarter) {
        GLOBAL float *light = sprites + ((GLOBAL_Y * tiles_x + GROUP_X) * SPRITES + quarter) * SPRITE_FLOATS;
        if (light[2] == 0.0f)
            continue;
        const float x = light[0], y = light[1], radius = light[2], size = positive(radius), reach = size * extent;
        GLOBAL const float *cell = cell_at(aperture, cells_x, cells_y, (int)x, (int)y, width, height);
        const float colour_radii[3] = {positive(radius + red_shift), size, positive(radius + blue_shift)};
        float sums[3];
        disc_sums(cell, profile, x, y, size, colour_radii, extent, radius < 0.0f ? -1.0f : 1.0f, sums);
        for (int colour = 0; colour < 3; ++colour)
            light[3 + colour] /= sums[colour];
        float before = radius;
        for (int tile_y = (int)((y - reach) / TILE) - 1; tile_y <= (int)((y + reach) / TILE); ++tile_y)
            for (int tile_x = (int)((x - reach) / TILE) - 1; tile_x <= (int)((x + reach) / TILE); ++tile_x)
                if (tile_x >= 0 && tile_y >= 0 && tile_x < tiles_x && tile_y < tiles_y
                    && extremes[2 * (tile_y * tiles_x + tile_x)] < before)
                    before = extremes[2 * (tile_y * tiles_x + tile_x)];
        light[6] = before;
    }
}

/* The highlights of a row of tiles, packed at the row's beginning, and their number. */
KERNEL void list_highlights(GLOBAL float *sprites, GLOBAL float *RESTRICT counts, int tiles_x)
{
    GLOBAL float *row = sprites + GROUP_X * tiles_x * SPRITES * SPRITE_FLOATS;
    int count = 0;
    for (int from = 0; from < tiles_x * SPRITES; ++from) {
        if (row[from * SPRITE_FLOATS + 2] == 0.0f)
            continue;
        for (int part = 0; part < SPRITE_FLOATS; ++part)
            row[count * SPRITE_FLOATS + part] = row[from * SPRITE_FLOATS + part];
        count += 1;
    }
    counts[GROUP_X] = (float)count;
}

/* Sampled radii between a highlight and the lens: from the nearest possible occluder to the highlight's own radius,
 * minus a margin, so that an object does not occlude itself.
 */
FUNCTION float step_of(GLOBAL const float *light)
{
    const float range = light[2] - light[6];
    return range > (float)STEPS ? range * (1.0f / STEPS) : 1.0f;
}

FUNCTION float radius_before(GLOBAL const float *light) { return light[2] - 1.5f - 0.1f * positive(light[2]); }

/* Bit mask of the steps at which an occluder may lie between the highlight and the tile at (first_x, first_y). Seen
 * from a pixel's point of the aperture, an object of radius r is shifted by r / radius of the way from the pixel to the
 * highlight.
 */
FUNCTION int occluded_steps(GLOBAL const float *extremes, GLOBAL const float *light, int first_x, int first_y,
                            int width, int height, int tiles_x)
{
    int found = 0, bit = 1;
    const float step = step_of(light), close = 0.5f * step + 0.25f, before = radius_before(light);
    for (float r = light[6]; r < before; r += step, bit <<= 1) {
        const float way = r / light[2], side = (1.0f - way) * (float)(TILE - 1) + 0.5f;
        const float left = (float)first_x + way * (light[0] - (float)first_x);
        const float top = (float)first_y + way * (light[1] - (float)first_y);
        const int from_x = bounded(left, width) / TILE, to_x = bounded(left + side, width) / TILE;
        const int from_y = bounded(top, height) / TILE, to_y = bounded(top + side, height) / TILE;
        int may = to_x - from_x > 3 || to_y - from_y > 3;
        for (int tile_y = from_y; !may && tile_y <= to_y; ++tile_y)
            for (int tile_x = from_x; !may && tile_x <= to_x; ++tile_x) {
                GLOBAL const float *position = extremes + 2 * (tile_y * tiles_x + tile_x);
                may = position[0] < r + close && position[1] > r - close;
            }
        found |= may ? bit : 0;
    }
    return found;
}

/* Visibility of the highlight from each pixel of the run at (x, y): 1, or 0 if it is occluded at a step. */
FUNCTION floats unobstructed(GLOBAL const f16 *radii, GLOBAL const float *light, int steps, int x, int y, int pitch,
                             int width, int height)
{
    floats visibility = (floats)(1.0f);
    const float step = step_of(light), close = 0.5f * step + 0.25f;
    for (float r = light[6]; steps != 0; r += step, steps >>= 1) {
        const float way = r / light[2];
        const int position_y = (int)((float)y + way * (light[1] - (float)y) + 0.5f);
        if (!(steps & 1) || position_y < 0 || position_y >= height)
            continue;
        const float from = (float)x + way * (light[0] - (float)x) + 0.5f, column_step = 1.0f - way;
        const ints column = TRUNCATED(limited(from + column_step * LANE_NUMBERS, 0.0f, (float)(width - 1)));
        const int first = column_step < 0.0f ? LANE(column, RUN - 1) : LANE(column, 0);
        GLOBAL const f16 *row = radii + (position_y + PAD) * pitch + PAD;
        const floats occluder = column_step <= 1.0f && column_step >= -1.0f
                                  ? permuted(LOAD_F16(row, first), column - first)
                                  : taken_f16(row, column);
        visibility = absolute(occluder - r) < close ? (floats)(0.0f) : visibility;
        if (!any_positive(visibility))
            break;
    }
    return visibility;
}

/* Adds the discs to the picture, with the vignetting of `compose`. A work-item processes a tile; `around` is the reach
 * of a disc in rows of tiles.
 */
KERNEL void draw_highlights(GLOBAL float *RESTRICT picture, GLOBAL const f16 *RESTRICT radii,
                            GLOBAL const float *RESTRICT extremes, GLOBAL const float *RESTRICT sprites,
                            GLOBAL const float *RESTRICT counts, GLOBAL const float *RESTRICT aperture,
                            GLOBAL const float *RESTRICT profile, int cells_x, int cells_y, int width, int height,
                            int pitch, int stride, int tiles_x, int tiles_y, int around, float extent, float red_shift,
                            float blue_shift, float fall_1, float fall_2, float fall_3, float fall_4)
{
    const int first_x = GROUP_X * TILE, first_y = GLOBAL_Y * TILE;
    const int from_row = GLOBAL_Y > around ? GLOBAL_Y - around : 0;
    const int to_row = GLOBAL_Y + around < tiles_y ? GLOBAL_Y + around : tiles_y - 1;
    for (int light_row = from_row; light_row <= to_row; ++light_row)
        for (int number = 0; number < (int)counts[light_row]; ++number) {
            GLOBAL const float *light = sprites + (light_row * tiles_x * SPRITES + number) * SPRITE_FLOATS;
            const float size = positive(light[2]), red_size = positive(light[2] + red_shift);
            const float blue_size = positive(light[2] + blue_shift);
            const float wider = red_size > blue_size ? red_size : blue_size, widest = wider > size ? wider : size;
            const float reach = (widest + 0.5f) * extent, side = light[2] < 0.0f ? -1.0f : 1.0f;
            if (light[0] + reach < (float)first_x || light[0] - reach > (float)(first_x + TILE)
                || light[1] + reach < (float)first_y || light[1] - reach > (float)(first_y + TILE))
                continue;
            GLOBAL const float *cell = cell_at(aperture, cells_x, cells_y, (int)light[0], (int)light[1], width, height);
            for (int row = 0; row < TILE; ++row)
                for (int colour = 0; colour < 3; ++colour)
                    PREFETCH(picture, (first_y + row + PAD) * pitch + PAD + first_x + colour * stride);
            const int steps = occluded_steps(extremes, light, first_x, first_y, width, height, tiles_x);
            for (int y = first_y; y < first_y + TILE && y < height; ++y)
                for (int x = first_x; x < first_x + TILE; x += RUN) {
                    const float dx = (float)x - light[0], dy = (float)y - light[1];
                    const float past = dx > 0.0f ? dx : dx < (float)(1 - RUN) ? dx + (float)(RUN - 1) : 0.0f;
                    if (past * past + dy * dy > reach * reach)
                        continue;
                    const floats gauges = gauges_at(cell, dx, dy, size, extent, side);
                    if (!any_positive(widest + 0.5f - gauges))
                        continue;
                    floats bright = light_at(profile, gauges, size, side)
                                  * over_field(field_height(x, y, width, height), fall_1, fall_2, fall_3, fall_4);
                    if (steps != 0)
                        bright *= unobstructed(radii, light, steps, x, y, pitch, width, height);
                    const int at = (y + PAD) * pitch + PAD + x;
                    const floats red = bright * coverage(red_size - gauges, 0.0f);
                    const floats green = bright * coverage(size - gauges, 0.0f);
                    const floats blue = bright * coverage(blue_size - gauges, 0.0f);
                    STORE(picture, at, LOAD(picture, at) + light[3] * red);
                    STORE(picture, at + stride, LOAD(picture, at + stride) + light[4] * green);
                    STORE(picture, at + 2 * stride, LOAD(picture, at + 2 * stride) + light[5] * blue);
                }
        }
}
