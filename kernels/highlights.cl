/* Clipped sites of a Bayer mosaic, rebuilt from the channels that still live, in three steps: what colour the light had
 * before it clipped, tile by tile; that colour carried into tiles where all is clipped; the sites themselves.
 */
#include "portable.h"
#include "encoding.h"

#define TILE 16
/* Sensors bend before they clip: a site counts as clipped from this part of its limit on. */
#define CLIPPED 0.985f
/* A live channel tells no more than so many times a dead one's limit; it is at least this part of the colour. */
#define FARTHEST 16.0f
#define LEAST_PART 0.02f

/* Of a row whose sites are alternately green and `row_*`: the value of each lane's own colour. */
#define OWN(is_green, of_row, of_green) ((is_green) ? (floats)(of_green) : (floats)(of_row))
#define LIGHT(step) decode(LOAD(mosaic, at + (step)), encoded)

/* Step 1: the mean colour of what is not clipped in a tile, bright light first, as four floats: red, green and blue
 * times how much is known, and that; beside them the part of the tile where every channel is clipped.
 */
KERNEL void tile_colour(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT colours,
                        GLOBAL float *RESTRICT dead, int pitch, int tiles_x, int width, int height, int red_x, int red_y,
                        float clip_red, float clip_green, float clip_blue, int encoded)
{
    if (GROUP_X >= tiles_x)
        return;
    floats sums[3] = {(floats)(0.0f), (floats)(0.0f), (floats)(0.0f)};
    floats weights = sums[0], gone = sums[0], blocks = sums[0];
    const float per_red = 1.0f / clip_red, per_green = 1.0f / clip_green, per_blue = 1.0f / clip_blue;
    for (int i = 0; i < TILE / 2; ++i) /* rows 0, 1, 4, 5 and so on tell enough, and both kinds of row alike */
        for (int run = 0; run < TILE; run += RUN) {
            const int x = GROUP_X * TILE + run, y = GLOBAL_Y * TILE + (i >> 1) * 4 + (i & 1);
            const int at = (y + PAD) * pitch + PAD + x;
            const int red_row = (y & 1) == red_y;
            const float per_row = red_row ? per_red : per_blue, per_other = red_row ? per_blue : per_red;
            const ints is_green = ((LANES + x) & 1) == (red_row ? 1 - red_x : red_x);
            /* With the sites beside, below and diagonally, a block of 2x2 has every colour, whatever its first site. */
            const floats here = LIGHT(0), beside = LIGHT(1), below = LIGHT(pitch), diagonal = LIGHT(pitch + 1);
            const floats of_row = is_green ? beside : here, of_other = is_green ? below : diagonal;
            const floats one_green = is_green ? here : beside, other_green = is_green ? diagonal : below;
            const floats row_part = of_row * per_row, other_part = of_other * per_other;
            const floats coloured_most = greater(row_part, other_part), coloured_least = lesser(row_part, other_part);
            const floats most = greater(coloured_most, greater(one_green, other_green) * per_green);
            const floats least = lesser(coloured_least, lesser(one_green, other_green) * per_green);
            const ints inside = (LANES + x) < width && (ints)(y) < (ints)(height);
            const floats weight = most < CLIPPED && inside ? most * most * most * most : (floats)(0.0f);
            sums[red_row ? 0 : 2] += weight * of_row;
            sums[red_row ? 2 : 0] += weight * of_other;
            sums[1] += 0.5f * weight * (one_green + other_green);
            weights += weight;
            gone += least >= CLIPPED && inside ? (floats)(1.0f) : (floats)(0.0f);
            blocks += inside ? (floats)(1.0f) : (floats)(0.0f);
        }
    const float weight = sum_of(weights);
    const float known = weight < 1.0f ? weight : 1.0f;
    GLOBAL float *colour = colours + 4 * (GLOBAL_Y * tiles_x + GROUP_X);
    for (int channel = 0; channel < 3; ++channel)
        colour[channel] = known * sum_of(sums[channel]) / (weight + 1e-12f);
    colour[3] = known;
    dead[GLOBAL_Y * tiles_x + GROUP_X] = sum_of(gone) / (sum_of(blocks) + 1e-6f);
}

/* Step 2, push and pull (Gortler et al., "The Lumigraph", SIGGRAPH 1996) over a pyramid whose levels lie one behind the
 * other in `colours`. Push: the mean of four tiles, as far as they exist.
 */
KERNEL void push_colour(GLOBAL float *colours, int fine, int fine_x, int fine_y, int coarse, int coarse_x, int coarse_y)
{
    if (GROUP_X >= coarse_x)
        return;
    for (int channel = 0; channel < 4; ++channel) {
        float sum = 0.0f;
        for (int child = 0; child < 4; ++child) {
            const int x = 2 * GROUP_X + (child & 1), y = 2 * GLOBAL_Y + (child >> 1);
            sum += x < fine_x && y < fine_y ? colours[4 * (fine + y * fine_x + x) + channel] : 0.0f;
        }
        colours[4 * (coarse + GLOBAL_Y * coarse_x + GROUP_X) + channel] = 0.25f * sum;
    }
}

FUNCTION int within(int i, int count) { return i < 0 ? 0 : i >= count ? count - 1 : i; }

/* Between four neighbours of a grid of `stride` floats a place, linearly; x and y in places, from the centre of the
 * first.
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

/* Pull: what a tile does not know is the colour around it, a level up. */
KERNEL void pull_colour(GLOBAL float *colours, int fine, int fine_x, int fine_y, int coarse, int coarse_x, int coarse_y)
{
    if (GROUP_X >= fine_x)
        return;
    const float x = 0.5f * (float)GROUP_X - 0.25f, y = 0.5f * (float)GLOBAL_Y - 0.25f;
    GLOBAL float *colour = colours + 4 * (fine + GLOBAL_Y * fine_x + GROUP_X);
    GLOBAL const float *above = colours + 4 * coarse;
    const float known = between(above + 3, 4, coarse_x, coarse_y, x, y);
    const float missing = known > 0.0f ? (1.0f - colour[3]) / known : 0.0f;
    for (int channel = 0; channel < 3; ++channel)
        colour[channel] += missing * between(above + channel, 4, coarse_x, coarse_y, x, y);
    colour[3] = known > 0.0f ? 1.0f : colour[3];
}

/* The colour of the light at a run, lane by lane: linear between places half a tile apart, where `between` has its
 * corners too.
 */
#define HALF_TILE 8
FUNCTION floats across_run(GLOBAL const float *grid, int stride, int tiles_x, int tiles_y, float x, float y)
{
    const float first = between(grid, stride, tiles_x, tiles_y, x, y);
#if RUN > 1
    const float second = between(grid, stride, tiles_x, tiles_y, x + 0.5f, y);
    const floats lane = LANE_NUMBERS * (1.0f / HALF_TILE);
#if RUN > HALF_TILE
    const float third = between(grid, stride, tiles_x, tiles_y, x + 1.0f, y);
    return lane < 1.0f ? first + lane * (second - first) : second + (lane - 1.0f) * (third - second);
#else
    return first + lane * (second - first);
#endif
#else
    return first;
#endif
}
#define ACROSS_RUN(grid, stride) across_run(grid, stride, tiles_x, tiles_y, x, y)

/* Step 3, in place: a clipped site goes on with the colour around it, as bright as the live channels beside it say.
 * Where none lives the light is at least so bright that all clip, and runs out to white the deeper the site lies among
 * such. No site that is not clipped changes, and of clipped ones nobody reads more than that they are: the order in
 * which sites are rebuilt makes no difference.
 */
KERNEL void rebuild(GLOBAL float *mosaic, GLOBAL const float *RESTRICT colours, GLOBAL const float *RESTRICT dead,
                    int pitch, int tiles_x, int tiles_y, int red_x, int red_y, float clip_red, float clip_green,
                    float clip_blue, int encoded)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const int red_row = (GLOBAL_Y & 1) == red_y;
    const ints is_green = ((LANES + GLOBAL_X) & 1) == (red_row ? 1 - red_x : red_x);
    const float row_clip = red_row ? clip_red : clip_blue, other_clip = red_row ? clip_blue : clip_red;
    const floats here = LIGHT(0);
    const floats own_clip = OWN(is_green, row_clip, clip_green);
    const floats is_clipped = here >= CLIPPED * own_clip ? (floats)(1.0f) : (floats)(0.0f);
    if (!(largest(is_clipped) > 0.0f))
        return;

    /* One other channel, green at red and blue sites and the row's own at green ones; and the channel of the rows above
     * and below. A clipped neighbour tells that its channel reaches the limit, however far it has been rebuilt.
     */
    const floats one_clip = OWN(is_green, clip_green, row_clip);
    const floats above_limit = CLIPPED * OWN(is_green, clip_green, other_clip);
    const floats one_limit = CLIPPED * one_clip, two_limit = (floats)(CLIPPED * other_clip);
    const floats beside = lesser(LIGHT(-1), one_limit) + lesser(LIGHT(1), one_limit);
    const floats above = lesser(LIGHT(-pitch), above_limit) + lesser(LIGHT(pitch), above_limit);
    const floats diagonal = lesser(LIGHT(-pitch - 1), two_limit) + lesser(LIGHT(-pitch + 1), two_limit)
                          + lesser(LIGHT(pitch - 1), two_limit) + lesser(LIGHT(pitch + 1), two_limit);
    const floats one = is_green ? 0.5f * beside : 0.25f * (beside + above);
    const floats two = is_green ? 0.5f * above : 0.25f * diagonal;
    /* The further a channel is from its limit, the more of its neighbours live, and the more it counts. */
    const floats one_lives = greater(1.0f - one / one_limit, (floats)(0.0f));
    const floats two_lives = greater(1.0f - two / two_limit, (floats)(0.0f));

    const float x = ((float)GLOBAL_X + 0.5f) / TILE - 0.5f, y = ((float)GLOBAL_Y + 0.5f) / TILE - 0.5f;
    const floats known = ACROSS_RUN(colours + 3, 4); /* nothing, where all of a picture is clipped: white */
    const floats row_colour = ACROSS_RUN(colours + (red_row ? 0 : 2), 4) + (1.0f - known);
    const floats green = ACROSS_RUN(colours + 1, 4) + (1.0f - known);
    const floats other = ACROSS_RUN(colours + (red_row ? 2 : 0), 4) + (1.0f - known);
    const floats brightest = greater(greater(row_colour, green), greater(other, (floats)(1e-6f)));
    const floats least = LEAST_PART * brightest;
    const floats own_part = greater(OWN(is_green, row_colour, green), least);
    const floats one_part = greater(OWN(is_green, green, row_colour), least);
    const floats two_part = greater(other, least);

    const floats lives = one_lives + two_lives;
    const floats alive = (one_lives * one + two_lives * two) / (one_lives * one_part + two_lives * two_part + 1e-12f);
    const floats all_gone = greater(own_clip / own_part, greater(one_clip / one_part, other_clip / two_part));
    const floats depth = limited(2.0f * ACROSS_RUN(dead, 1) - 1.0f, 0.0f, 1.0f);
    const floats towards_white = own_part + depth * (brightest - own_part);
    const floats told = lives > 0.001f ? own_part * alive : towards_white * all_gone;
    const floats rebuilt = greater(here, lesser(told, FARTHEST * own_clip));
    STORE(mosaic, at, is_clipped > 0.0f ? encode(rebuilt, encoded) : LOAD(mosaic, at));
}
