/* Reconstructs clipped photosites of a Bayer mosaic from the unclipped channels, in three steps: the colour of light
 * before it clips, per tile, propagated into tiles without one; the whiteness of clipped light towards fully clipped
 * areas; the photosites themselves.
 */
#include "portable.h"
#include "encoding.h"
#include "tiles.h"

/* Sensors become nonlinear before they clip: a photosite counts as clipped from this fraction of its limit. */
#define CLIPPED 0.985f
/* Maximum reconstructed value of a channel, in multiples of its limit; minimum fraction of each channel in the colour.
 */
#define MAX_OVER_LIMIT 16.0f
#define MIN_PART 0.08f
/* Mean level relative to the limit: below the first value, light gives no evidence of the clipped colour; above the
 * second it has full weight. A wall beside the sky is below, the rim of a lamp is above.
 */
#define FAR 0.72f
#define NEAR 0.84f
/* Tiles of less weight are hard edges, which give no evidence of the light behind them. */
#define HARD 0.2f
/* Weight of the propagated colour relative to the evidence of two channels, squared. */
#define UNSURE 0.03f
#define TINY 1e-6f

#define LIGHT(step) decode(LOAD(mosaic, at + (step)), encoded)
/* Per-photosite gains (lens shading) raise the limits too. */
#ifdef SHADED
#define GAIN(step) LOAD(gains, at + (step))
#define UNSHADED(light, step) ((light) / GAIN(step))
#else
#define GAIN(step) 1.0f
#define UNSHADED(light, step) (light)
#endif

FUNCTION floats greatest_of(floats a, floats b, floats c, floats d) { return greater(greater(a, b), greater(c, d)); }
FUNCTION floats min_of(floats a, floats b, floats c, floats d) { return lesser(lesser(a, b), lesser(c, d)); }

/* The sampled rows of a tile: they cover most of it, both kinds of row equally. */
#define SAMPLED_ROWS 4
#define SAMPLED_ROW(i) (TILE_Y * TILE + ((i) >> 1) * 8 + ((i) & 1 ? 4 : 1))

/* Mean colour of the unclipped light in a tile, as four floats: red, green and blue times the confidence, and the
 * confidence. Also the last two of the three floats of `whites`: whether any photosite is clipped, and the fraction of
 * fully clipped area.
 *
 * The colours of each photosite are symmetric means around it, so that gradients of the light do not tint them. Light
 * near its limit has the most weight: dim light gives no evidence of a lamp. Hard edges, where colours mix, have little
 * weight. All nine photosites must be unclipped: this excludes light beyond the limit that noise left unclipped at one
 * photosite.
 */
KERNEL void tile_colour(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT gains,
                        GLOBAL float *RESTRICT colours, GLOBAL float *RESTRICT whites, int pitch, int tiles_x,
                        int width, int height, int red_x, int red_y, float clip_red, float clip_green, float clip_blue,
                        int encoded)
{
    if (TILE_X >= tiles_x)
        return;
    const floats none = (floats)(0.0f), one = (floats)(1.0f);
    floats red = none, green = none, blue = none, weights = none, fully_clipped = none, count = none, brightest = none;
    floats levels = none;
    for (int i = FIRST_ROW; i < SAMPLED_ROWS; i += ROW_STEP)
        for (int row = -1; row <= 1; ++row)
            PREFETCH(mosaic, (SAMPLED_ROW(i) + row + PAD) * pitch + PAD + TILE_X * TILE + AHEAD);
    for (int i = FIRST_ROW; i < SAMPLED_ROWS; i += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int x = TILE_X * TILE + run, y = SAMPLED_ROW(i);
            const int at = (y + PAD) * pitch + PAD + x;
            const int red_row = (y & 1) == red_y;
            const float per_row = 1.0f / (red_row ? clip_red : clip_blue);
            const float per_other = 1.0f / (red_row ? clip_blue : clip_red), per_green = 1.0f / clip_green;
            const ints is_green = ((LANES + x) & 1) == (red_row ? 1 - red_x : red_x);
            const floats here = LIGHT(0);
            const floats w = LIGHT(-1), e = LIGHT(1), n = LIGHT(-pitch), s = LIGHT(pitch);
            const floats nw = LIGHT(-pitch - 1), ne = LIGHT(-pitch + 1), sw = LIGHT(pitch - 1), se = LIGHT(pitch + 1);
            const floats across = 0.5f * (w + e), along = 0.5f * (n + s), diagonal = 0.25f * (nw + ne + sw + se);
            const floats of_row = is_green ? across : here, of_other = is_green ? along : diagonal;
            const floats of_green = is_green ? 0.5f * (here + diagonal) : 0.5f * (across + along);

            const floats beside_max = greater(UNSHADED(w, -1), UNSHADED(e, 1));
            const floats beside_min = lesser(UNSHADED(w, -1), UNSHADED(e, 1));
            const floats above_max = greater(UNSHADED(n, -pitch), UNSHADED(s, pitch));
            const floats above_min = lesser(UNSHADED(n, -pitch), UNSHADED(s, pitch));
            const floats corner_max = greatest_of(UNSHADED(nw, -pitch - 1), UNSHADED(ne, -pitch + 1),
                                                   UNSHADED(sw, pitch - 1), UNSHADED(se, pitch + 1));
            const floats corner_min = min_of(UNSHADED(nw, -pitch - 1), UNSHADED(ne, -pitch + 1),
                                                 UNSHADED(sw, pitch - 1), UNSHADED(se, pitch + 1));
            const floats own = UNSHADED(here, 0);
            const floats greens_max = is_green ? greater(own, corner_max) : greater(beside_max, above_max);
            const floats greens_min = is_green ? lesser(own, corner_min) : lesser(beside_min, above_min);
            const floats maximum = greater(greens_max * per_green,
                                        is_green ? greater(beside_max * per_row, above_max * per_other)
                                                 : greater(own * per_row, corner_max * per_other));
            const floats minimum = lesser(greens_min * per_green,
                                        is_green ? lesser(beside_min * per_row, above_min * per_other)
                                                 : lesser(own * per_row, corner_min * per_other));
            const ints inside = (LANES + x) < width && (ints)(y) < (ints)(height);
            const floats even = greater(greens_min, none) / (greens_max + TINY);
            const floats squared = maximum * maximum, fourth = squared * squared;
            const floats weight = maximum < CLIPPED && maximum > 0.0f && inside ? even * even * fourth * fourth : none;
            red += weight * (red_row ? of_row : of_other);
            green += weight * of_green;
            blue += weight * (red_row ? of_other : of_row);
            weights += weight;
            levels += weight * maximum;
            fully_clipped += minimum >= CLIPPED && inside ? one : none;
            count += inside ? one : none;
            brightest = greater(brightest, maximum);
        }
#if RUN == 1
    LOCAL_FLOATS(shared, 8 * PART);
    shared[ITEM] = red;
    shared[PART + ITEM] = green;
    shared[2 * PART + ITEM] = blue;
    shared[3 * PART + ITEM] = weights;
    shared[4 * PART + ITEM] = levels;
    shared[5 * PART + ITEM] = fully_clipped;
    shared[6 * PART + ITEM] = count;
    shared[7 * PART + ITEM] = brightest;
    reduce(shared, 7, 8);
    if (ITEM > 0)
        return;
    red = shared[0];
    green = shared[PART];
    blue = shared[2 * PART];
    weights = shared[3 * PART];
    levels = shared[4 * PART];
    fully_clipped = shared[5 * PART];
    count = shared[6 * PART];
    brightest = shared[7 * PART];
#endif
    const float weight = sum_of(weights);
    const float nearness = (sum_of(levels) / (weight + 1e-20f) - FAR) * (1.0f / (NEAR - FAR));
    const float clamped = nearness < 0.0f ? 0.0f : nearness < 1.0f ? nearness : 1.0f;
    const float known = weight < 1.0f ? weight * clamped : clamped;
    const float scale = known / (weight + 1e-20f);
    const int tile = TILE_Y * tiles_x + TILE_X;
    colours[4 * tile] = scale * sum_of(red);
    colours[4 * tile + 1] = scale * sum_of(green);
    colours[4 * tile + 2] = scale * sum_of(blue);
    colours[4 * tile + 3] = known;
    whites[3 * tile + 1] = largest(brightest) < CLIPPED ? 0.0f : 1.0f;
    whites[3 * tile + 2] = sum_of(fully_clipped) / (sum_of(count) + TINY);
}

/* Push-pull (Gortler et al., "The Lumigraph", SIGGRAPH 1996) over pyramids of cells of `stride` floats. The levels are
 * consecutive, each a quarter as wide. Float number `known` is the confidence of the floats before it. Push: sixteen
 * cells reduce to one; their confidences add up to at most one; the floats after `known` are averaged.
 */
FUNCTION void push_cell(GLOBAL float *grid, int stride, int known, int fine, int fine_x, int fine_y, int coarse,
                        int coarse_x, int cell_x, int cell_y)
{
    float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f}, count = 0.0f;
    for (int child = 0; child < 16; ++child) {
        const int x = 4 * cell_x + (child & 3), y = 4 * cell_y + (child >> 2);
        if (x < fine_x && y < fine_y) {
            for (int i = 0; i < stride; ++i)
                sums[i] += grid[stride * (fine + y * fine_x + x) + i];
            count += 1.0f;
        }
    }
    const float scale = sums[known] > 1.0f ? 1.0f / sums[known] : 1.0f;
    for (int i = 0; i < stride; ++i)
        grid[stride * (coarse + cell_y * coarse_x + cell_x) + i] = sums[i] * (i <= known ? scale : 1.0f / count);
}

KERNEL void push(GLOBAL float *grid, int stride, int known, int fine, int fine_x, int fine_y, int coarse, int coarse_x)
{
    if (GROUP_X < coarse_x)
        push_cell(grid, stride, known, fine, fine_x, fine_y, coarse, coarse_x, GROUP_X, GLOBAL_Y);
}

FUNCTION int within(int i, int count) { return i < 0 ? 0 : i >= count ? count - 1 : i; }

/* Linear interpolation between four cells of a grid of `stride` floats; x and y in cells, from the centre of the first.
 */
FUNCTION float between(GLOBAL const float *grid, int stride, int count_x, int count_y, float x, float y)
{
    const int left = (int)(x + 1.0f) - 1, top = (int)(y + 1.0f) - 1;
    const float right_part = x - (float)left, lower_part = y - (float)top;
    const int x0 = within(left, count_x), x1 = within(left + 1, count_x);
    const int y0 = within(top, count_y) * count_x, y1 = within(top + 1, count_y) * count_x;
    const float upper = grid[stride * (y0 + x0)] + right_part * (grid[stride * (y0 + x1)] - grid[stride * (y0 + x0)]);
    const float lower = grid[stride * (y1 + x0)] + right_part * (grid[stride * (y1 + x1)] - grid[stride * (y1 + x0)]);
    return upper + lower_part * (lower - upper);
}

/* Pull: fills the unknown fraction of a cell from the next coarser level. */
FUNCTION void pull_cell(GLOBAL float *grid, int stride, int known, int fine, int fine_x, int coarse, int coarse_x,
                        int coarse_y, int cell_x, int cell_y)
{
    const float x = 0.25f * (float)cell_x - 0.375f, y = 0.25f * (float)cell_y - 0.375f;
    GLOBAL float *place = grid + stride * (fine + cell_y * fine_x + cell_x);
    for (int i = 0; i < known; ++i)
        place[i] += (1.0f - place[known]) * between(grid + stride * coarse + i, stride, coarse_x, coarse_y, x, y);
}

KERNEL void pull(GLOBAL float *grid, int stride, int known, int fine, int fine_x, int coarse, int coarse_x, int coarse_y)
{
    if (GROUP_X < fine_x)
        pull_cell(grid, stride, known, fine, fine_x, coarse, coarse_x, coarse_y, GROUP_X, GLOBAL_Y);
}

#define MAX_LEVELS 12

/* Push and pull over all levels from `first` to the last, by one group: the levels are small, and a launch for each takes
 * longer. The last level is the whole picture: what remains unknown there is set to white.
 */
KERNEL void push_and_pull(GLOBAL float *grid, int stride, int known, int first, int first_x, int first_y)
{
    int start[MAX_LEVELS], across[MAX_LEVELS], down[MAX_LEVELS], last = 0;
    start[0] = first;
    across[0] = first_x;
    down[0] = first_y;
    while (across[last] * down[last] > 1) {
        start[last + 1] = start[last] + across[last] * down[last];
        across[last + 1] = (across[last] + 3) / 4;
        down[last + 1] = (down[last] + 3) / 4;
        ++last;
        for (int cell = ITEM; cell < across[last] * down[last]; cell += ITEMS)
            push_cell(grid, stride, known, start[last - 1], across[last - 1], down[last - 1], start[last], across[last],
                      cell % across[last], cell / across[last]);
        BARRIER;
    }
    if (ITEM == 0)
        for (int i = 0; i < known; ++i)
            grid[stride * start[last] + i] += 1.0f - grid[stride * start[last] + known];
    BARRIER;
    for (int level = last - 1; level >= 0; --level) {
        for (int cell = ITEM; cell < across[level] * down[level]; cell += ITEMS)
            pull_cell(grid, stride, known, start[level], across[level], start[level + 1], across[level + 1],
                      down[level + 1], cell % across[level], cell / across[level]);
        BARRIER;
    }
}

/* At a photosite: its own channel; `one` other channel (green at red and blue photosites, the row's colour at green
 * ones); and `two`, the channel of the rows above and below. `limit` is the clipping limit of each, `part` its fraction
 * of the colour, the largest 1. `light` and `unclipped` are the neighbours' estimates for the other channels: the
 * brightness, and the distance from the limit, from 1 to 0.
 */
typedef struct {
    ints is_green;
    floats own_limit, one_limit, two_limit, own_part, one_part, two_part;
    floats one_light, two_light, one_unclipped, two_unclipped;
    floats even; /* uniformity of the neighbours, from 1 to 0 */
} Photosite;

/* Mean of the two photosites on both sides of a clipped one. If they differ strongly, an edge lies between them, and a
 * clipped photosite belongs to the brighter side.
 */
FUNCTION floats brighter_side(floats a, floats b)
{
    const floats sum = a + b, difference = absolute(a - b);
    const floats edge = limited((difference - 0.25f * sum) * 4.0f / greater(sum, (floats)(TINY)), 0.0f, 1.0f);
    return 0.5f * (sum + edge * difference);
}

/* How close a neighbour is to its limit. A clipped neighbour is at its limit, whatever its reconstructed value is. */
#define SHARE(step, per_limit) lesser(UNSHADED(LIGHT(step), step) * (per_limit), (floats)(1.0f))

FUNCTION Photosite photosite_at(GLOBAL const float *mosaic, GLOBAL const float *gains, int at, int pitch, int x,
                                int red_row, int red_x, float row_clip, float green_clip, float other_clip,
                                floats row_colour, floats green_colour, floats other_colour, int encoded)
{
    Photosite photosite;
    photosite.is_green = ((LANES + x) & 1) == (red_row ? 1 - red_x : red_x);
    const floats one_clip = photosite.is_green ? (floats)(row_clip) : (floats)(green_clip);
    const floats above_clip = photosite.is_green ? (floats)(other_clip) : (floats)(green_clip);
    const floats per_one = 1.0f / (CLIPPED * one_clip), per_above = 1.0f / (CLIPPED * above_clip);
    const floats per_two = (floats)(1.0f / (CLIPPED * other_clip));
    const floats w = SHARE(-1, per_one), e = SHARE(1, per_one);
    const floats n = SHARE(-pitch, per_above), s = SHARE(pitch, per_above);
    const floats beside = brighter_side(w, e), above = brighter_side(n, s);
    const floats falling = brighter_side(SHARE(-pitch - 1, per_two), SHARE(pitch + 1, per_two));
    const floats rising = brighter_side(SHARE(-pitch + 1, per_two), SHARE(pitch - 1, per_two));
    const floats one_share = photosite.is_green ? beside : brighter_side(beside, above);
    const floats two_share = photosite.is_green ? above : brighter_side(falling, rising);
    photosite.even = greater(lesser(lesser(w, e) / (greater(w, e) + TINY), lesser(n, s) / (greater(n, s) + TINY)),
                        (floats)(0.0f));
    photosite.own_limit = (photosite.is_green ? (floats)(green_clip) : (floats)(row_clip)) * GAIN(0);
    photosite.one_limit = one_clip * GAIN(1);
    photosite.two_limit = other_clip * (photosite.is_green ? GAIN(pitch) : GAIN(pitch + 1));
    photosite.one_light = CLIPPED * one_share * photosite.one_limit;
    photosite.two_light = CLIPPED * two_share * photosite.two_limit;
    /* The weight of a channel grows with its distance from the limit, so with the number of its unclipped neighbours.
     */
    photosite.one_unclipped = greater(1.0f - one_share, (floats)(0.0f));
    photosite.two_unclipped = greater(1.0f - two_share, (floats)(0.0f));

    const floats per_brightest = 1.0f / greatest_of(row_colour, green_colour, other_colour, (floats)(1e-12f));
    const floats minimum = (floats)(MIN_PART);
    photosite.own_part = greater((photosite.is_green ? green_colour : row_colour) * per_brightest, minimum);
    photosite.one_part = greater((photosite.is_green ? row_colour : green_colour) * per_brightest, minimum);
    photosite.two_part = greater(other_colour * per_brightest, minimum);
    return photosite;
}

/* Estimates of the unclipped neighbours: their light, their fraction of the colour, the saturation relative to the
 * colour (the rest is white), and the confidence of the saturation, from 0 to 1.
 */
typedef struct {
    floats light, part, coloured, confidence;
} Estimate;

/* White is added where a coloured surface reflects the lamp (S. Shafer, "Using color to separate reflection
 * components", Color Research and Application 1985). Two channels are evidence: both unclipped, or one clipped and the
 * other unclipped one too weak for the colour. The less the two differ in the colour itself, the weaker is the
 * evidence.
 */
FUNCTION Estimate estimate_from(Photosite photosite)
{
    Estimate estimate;
    const floats one = photosite.one_light, two = photosite.two_light;
    const floats weight = photosite.one_unclipped + photosite.two_unclipped + TINY;
    estimate.light = (photosite.one_unclipped * one + photosite.two_unclipped * two) / weight;
    estimate.part = (photosite.one_unclipped * photosite.one_part + photosite.two_unclipped * photosite.two_part + TINY)
                  / weight;
    const floats saturated = estimate.light / estimate.part;
    const floats one_level = one * photosite.two_part, two_level = two * photosite.one_part;
    const floats lesser_unclipped = one_level > two_level ? photosite.two_unclipped : photosite.one_unclipped;
    const floats difference = absolute(one_level - two_level) / (absolute(one_level) + absolute(two_level) + TINY);
    const floats mismatch = limited(8.0f * lesser_unclipped, 0.0f, 1.0f)
                          * limited(6.0f * difference - 0.3f, 0.0f, 1.0f);
    const floats part_difference = photosite.one_part - photosite.two_part;
    const floats unmixed = (UNSURE * saturated + (one - two) * part_difference)
                         / (UNSURE + part_difference * part_difference);
    estimate.coloured = saturated + mismatch * (lesser(greater(unmixed, (floats)(0.0f)), saturated) - saturated);
    estimate.confidence
        = greater(mismatch, limited(8.0f * lesser(photosite.one_unclipped, photosite.two_unclipped), 0.0f, 1.0f));
    return estimate;
}

/* How white light becomes while the channels clip one after another. The first two floats of `whites`: the whiteness,
 * from 0 (as saturated as unclipped light) to 1, times the confidence; and the confidence. Hard edges are excluded.
 */
KERNEL void tile_white(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT gains,
                       GLOBAL const float *RESTRICT colours, GLOBAL float *RESTRICT whites, int pitch, int tiles_x,
                       int width, int height, int red_x, int red_y, float clip_red, float clip_green, float clip_blue,
                       int encoded)
{
    if (TILE_X >= tiles_x)
        return;
    const int tile = TILE_Y * tiles_x + TILE_X;
    GLOBAL const float *colour = colours + 4 * tile;
    floats sums = (floats)(0.0f), weights = sums;
    for (int i = FIRST_ROW; i < SAMPLED_ROWS && whites[3 * tile + 1] > 0.0f; i += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int x = TILE_X * TILE + run, y = SAMPLED_ROW(i);
            const int at = (y + PAD) * pitch + PAD + x, red_row = (y & 1) == red_y;
            const Photosite photosite
                = photosite_at(mosaic, gains, at, pitch, x, red_row, red_x, red_row ? clip_red : clip_blue, clip_green,
                               red_row ? clip_blue : clip_red, (floats)(colour[red_row ? 0 : 2]), (floats)(colour[1]),
                               (floats)(colour[red_row ? 2 : 0]), encoded);
            const Estimate estimate = estimate_from(photosite);
            const floats white = greater(estimate.light - estimate.coloured * estimate.part, (floats)(0.0f));
            const ints inside = (LANES + x) < width && (ints)(y) < (ints)(height);
            const ints counts = LIGHT(0) >= CLIPPED * photosite.own_limit && inside;
            const floats unclipped = limited(20.0f * (photosite.one_unclipped + photosite.two_unclipped), 0.0f, 1.0f);
            /* Two unclipped channels are stronger evidence than one, the more so the closer the second is to its limit.
             */
            const floats closeness = 1.0f - lesser(photosite.one_unclipped, photosite.two_unclipped);
            const floats squared = closeness * closeness;
            const floats fourth = squared * squared, evidence = 0.05f + estimate.confidence * fourth * fourth;
            const floats weight = counts ? unclipped * evidence * photosite.even * photosite.even : (floats)(0.0f);
            sums += weight * white / (estimate.coloured + white + TINY);
            weights += weight;
        }
#if RUN == 1
    LOCAL_FLOATS(shared, 2 * PART);
    shared[ITEM] = sums;
    shared[PART + ITEM] = weights;
    reduce(shared, 2, 2);
    if (ITEM > 0)
        return;
    sums = shared[0];
    weights = shared[PART];
#endif
    const float weight = sum_of(weights), clamped = weight - HARD;
    const float known = clamped < 0.0f ? 0.0f : clamped < 1.0f ? clamped : 1.0f;
    whites[3 * tile] = known * sum_of(sums) / (weight + TINY);
    whites[3 * tile + 1] = known;
}

/* A value of a grid along a run, lane by lane. The lines between tiles bend at the tile centres, which lie between two
 * groups of eight photosites.
 */
FUNCTION floats along_run(GLOBAL const float *grid, int stride, int count_x, int count_y, float x, float y, float tile)
{
    const float first = between(grid, stride, count_x, count_y, x, y);
#if RUN == 1
    return first;
#else
    const floats up = (between(grid, stride, count_x, count_y, x + 7.0f / tile, y) - first) * (1.0f / 7.0f)
                    * LANE_NUMBERS;
#if RUN == 8
    return first + up;
#else
    const float middle = between(grid, stride, count_x, count_y, x + 8.0f / tile, y);
    const float last = between(grid, stride, count_x, count_y, x + 15.0f / tile, y);
    return LANES < 8 ? first + up : middle + (last - middle) * (1.0f / 7.0f) * (LANE_NUMBERS - 8.0f);
#endif
#endif
}

/* Reconstructs photosites in place. A clipped photosite continues the colour and white fraction around it, at the
 * brightness of the adjacent unclipped channels. Without any unclipped channel the light is bright enough for all
 * channels to clip, as white as at the edge of the clipped area, and fades to white with the depth inside it: `deep` is
 * the pyramid level of `whites` for that depth. Unclipped photosites do not change. Clipped ones are read only as being
 * clipped, so the order of reconstruction does not affect the result.
 */
KERNEL void rebuild(GLOBAL float *mosaic, GLOBAL const float *RESTRICT gains, GLOBAL const float *RESTRICT colours,
                    GLOBAL const float *RESTRICT whites, int pitch, int tiles_x, int tiles_y, int deep, int deep_x,
                    int deep_y, float deep_tile, int red_x, int red_y, float clip_red, float clip_green,
                    float clip_blue, int encoded)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const int red_row = (GLOBAL_Y & 1) == red_y;
    const float row_clip = red_row ? clip_red : clip_blue;
    const ints is_green = ((LANES + GLOBAL_X) & 1) == (red_row ? 1 - red_x : red_x);
    const floats here = LIGHT(0);
    const floats limit = CLIPPED * (is_green ? (floats)(clip_green) : (floats)(row_clip)) * GAIN(0);
    if (!(largest(here >= limit ? (floats)(1.0f) : (floats)(0.0f)) > 0.0f))
        return;

    const float x = ((float)GLOBAL_X + 0.5f) / TILE - 0.5f, y = ((float)GLOBAL_Y + 0.5f) / TILE - 0.5f;
    const Photosite photosite
        = photosite_at(mosaic, gains, at, pitch, GLOBAL_X, red_row, red_x, row_clip, clip_green,
                       red_row ? clip_blue : clip_red,
                       along_run(colours + (red_row ? 0 : 2), 4, tiles_x, tiles_y, x, y, TILE),
                       along_run(colours + 1, 4, tiles_x, tiles_y, x, y, TILE),
                       along_run(colours + (red_row ? 2 : 0), 4, tiles_x, tiles_y, x, y, TILE), encoded);
    const Estimate estimate = estimate_from(photosite);
    const floats from_estimate = estimate.light + (photosite.own_part - estimate.part) * estimate.coloured;
    /* Without evidence the white fraction is that of the surrounding area. */
    const floats white = along_run(whites, 3, tiles_x, tiles_y, x, y, TILE);
    const floats own = photosite.own_part + white * (1.0f - photosite.own_part);
    const floats one = photosite.one_part + white * (1.0f - photosite.one_part);
    const floats two = photosite.two_part + white * (1.0f - photosite.two_part);
    const floats as_neighbours = estimate.light * own / (estimate.part + white * (1.0f - estimate.part));
    const floats with_unclipped = as_neighbours + estimate.confidence * (from_estimate - as_neighbours);

    const floats all_clip
        = greater(photosite.own_limit / own, greater(photosite.one_limit / one, photosite.two_limit / two));
    const float u = ((float)GLOBAL_X + 0.5f) / deep_tile - 0.5f, v = ((float)GLOBAL_Y + 0.5f) / deep_tile - 0.5f;
    const floats clipped_share = along_run(whites + 3 * deep + 2, 3, deep_x, deep_y, u, v, deep_tile);
    const floats depth = limited(2.0f * clipped_share - 1.0f, 0.0f, 1.0f);
    const floats without_unclipped = (own + depth * depth * (1.0f - own)) * all_clip;

    const floats unclipped = limited(20.0f * (photosite.one_unclipped + photosite.two_unclipped), 0.0f, 1.0f);
    const floats light = without_unclipped + unclipped * (with_unclipped - without_unclipped);
    const floats rebuilt = greater(here, lesser(light, MAX_OVER_LIMIT * photosite.own_limit));
    STORE(mosaic, at, here >= limit ? encode(rebuilt, encoded) : LOAD(mosaic, at));
}
