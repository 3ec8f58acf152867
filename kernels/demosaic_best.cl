/* Additional steps of the method `best`: selection between two greens, correlation of red and blue with green, and
 * noise reduction.
 */
#define FAR_GRADIENTS
#include "colours.h"
#include "scene.h"
#include "tiles.h"

/* LMMSE assumes that green minus colour is small and smooth, and is more accurate where this holds. RCD is more
 * accurate where colours are saturated and vary independently of green. Measured on photographs (Kodak and McMaster),
 * the share of RCD with the least error grows with the square of saturation times (slope - 1), and is one half where
 * that is CONTRARY.
 */
#define CONTRARY 0.055f
#define SATURATION 0.08f /* saturation at which a measured slope has half weight */
#define FLAT 1e-4f       /* variance of green below which the slope is not measurable */

/* At red and blue photosites, in place: a mixture of RCD's and LMMSE's green; and the slope, the regression coefficient
 * of the photosite's colour on LMMSE's green over 3x3 photosites of that colour (after D. Kiku, Y. Monno, M. Tanaka, M.
 * Okutomi, "Residual interpolation for color image demosaicking", ICIP 2013). In pale colours the slope is 1; measuring
 * it increases the error.
 *
 * Saturation is measured over 5x5 photosites, weighted (1 2 2 2 1) in both directions: each of the four kinds has the
 * total weight 16.
 */
KERNEL void best_green(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT by_lmmse,
                       GLOBAL float *RESTRICT green, GLOBAL float *RESTRICT slopes, int pitch, int stride, int margin)
{
    BLOCK(margin);
/* In a row: columns of the photosite's own kind, and those between. */
#define EVEN(dy) (NEAR(mosaic, -2, dy) + NEAR(mosaic, 2, dy) + 2.0f * NEAR(mosaic, 0, dy))
#define ODD(dy) (NEAR(mosaic, -1, dy) + NEAR(mosaic, 1, dy))
#define OWN_ROWS(of) (0.0625f * (of(-2) + of(2)) + 0.125f * of(0))
#define OTHER_ROWS(of) (0.125f * (of(-1) + of(1)))
#pragma unroll
    for (int photosite = 0; photosite < 2; ++photosite) {
        const floats own = OWN_ROWS(EVEN), diagonal = 2.0f * OTHER_ROWS(ODD);
        const floats green_here = 0.5f * OTHER_ROWS(EVEN) + OWN_ROWS(ODD);
        const floats to_own = green_here - own, to_other = green_here - diagonal;
        const floats brightness = greater(own + green_here + diagonal, (floats)(0.0f)) + 0.02f;
        const floats saturation = (to_own * to_own + to_other * to_other) / (brightness * brightness);

        const floats lmmse = NEAR(by_lmmse, 0, 0);
        floats mean = (floats)(0.0f), square = mean, product = mean;
#pragma unroll
        for (int dy = -1; dy <= 1; ++dy)
#pragma unroll
            for (int dx = -1; dx <= 1; ++dx) {
                const float weight = 0.0625f * (dy == 0 ? 2.0f : 1.0f) * (dx == 0 ? 2.0f : 1.0f);
                const floats colour = NEAR(mosaic, 2 * dx, 2 * dy) - own; /* relative to its mean, `own` */
                const floats from_here = NEAR(by_lmmse, 2 * dx, 2 * dy) - lmmse;
                mean += weight * from_here;
                square += weight * (from_here * from_here);
                product += weight * (from_here * colour);
            }
        const floats slope = (product + FLAT) / (greater(square - mean * mean, (floats)(0.0f)) + FLAT);
        const floats contrary = saturation * ((slope - 1.0f) * (slope - 1.0f)) * (1.0f / (CONTRARY * CONTRARY));
        const floats share = contrary / (contrary + 1.0f);
        const place at = OF_BLOCK(photosite);
        STORE(green, at, lmmse + share * (LOAD(green, at) - lmmse));
        const floats saturated = saturation / (saturation + SATURATION * SATURATION);
        STORE(slopes, at, 1.0f + saturated * (limited(slope, 0.0f, 1.0f) - 1.0f));
    }
}

/* Step 3: blue at red photosites and red at blue photosites. */
KERNEL void best_opposite(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT falling,
                          GLOBAL const float *RESTRICT green, GLOBAL const float *RESTRICT slopes,
                          GLOBAL float *RESTRICT opposite, int pitch, int stride, int margin)
{
    BLOCK(margin);
#pragma unroll
    for (int photosite = 0; photosite < 2; ++photosite)
        STORE(opposite, OF_BLOCK(photosite),
              opposite_colour(mosaic, falling, green, block, line, stride, photosite, AROUND(slopes)));
}

/* Step 4: red and blue at green photosites, and the picture from row `first` of the blocks on. */
KERNEL void best_colours(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT vertical,
                         GLOBAL const float *RESTRICT green, GLOBAL const float *RESTRICT opposite,
                         GLOBAL const float *RESTRICT slopes, GLOBAL float *RESTRICT picture, int width, int pitch,
                         int stride, int picture_pitch, int picture_stride, int first, int red_x, int red_y)
{
    BLOCK(0);
    if (GLOBAL_X < PAD || GLOBAL_X >= PAD + width)
        return;
#pragma unroll
    for (int row = 0; row < 2; ++row) {
        const int photosite = 2 + row;
        const floats row_slope = 0.5f * (NEAR(slopes, -1, 0) + NEAR(slopes, 1, 0));
        const floats column_slope = 0.5f * (NEAR(slopes, 0, -1) + NEAR(slopes, 0, 1));
        const place to = ROW_OF_BLOCK(first, row) * (place)picture_pitch + BLOCK_COLUMN;
        floats left[3], right[3];
        colours_of_row(mosaic, vertical, green, opposite, block, line, stride, row, red_x, row_slope, column_slope,
                       left, right);
#pragma unroll
        for (int c = 0; c < 3; ++c)
            STORE_PAIRS(picture, to + c * (place)picture_stride, left[c], right[c]);
    }
}

#define DARKEST 0.03f
#define BRIGHTEST 0.95f
#define TYPICAL_NOISE 8e-4f

FUNCTION float eighth_power(float x) { return (x * x) * (x * x) * ((x * x) * (x * x)); }

/* For one colour in a tile, present in the fraction `share` of the photosites: (typical noise / noise)^8, and whether
 * the tile is valid: black and clipped tiles have no measurable noise. Noise is variance per unit of light, as for
 * photons. In the square-root domain this is four times the variance.
 */
FUNCTION void store_noise(GLOBAL float *pair, float squares, float light, float share, int encoded)
{
    const float per_photosite = 1.0f / (share * TILE * TILE);
    const float mean = light * per_photosite;
    const float brightness = encoded ? mean * mean : mean;
    /* The residue has the noise of one and a quarter photosites. */
    const float variance = squares * per_photosite * (1.0f / 1.25f);
    const float noise = variance * (encoded ? 4.0f : 1.0f / (mean + 1e-6f));
    const int counts = brightness > DARKEST && brightness < BRIGHTEST;
    pair[0] = counts ? eighth_power(TYPICAL_NOISE / (noise + 1e-3f * TYPICAL_NOISE)) : 0.0f;
    pair[1] = counts ? 1.0f : 0.0f;
}

/* Roughness of each colour of a tile, relative to the four nearest photosites of that colour. Red, green and blue are
 * separate, because white balance has scaled their noise too.
 */
KERNEL void tile_noise(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT tiles, int pitch, int tiles_x,
                       int tiles_y, int red_x, int red_y, int encoded)
{
    if (TILE_X >= tiles_x)
        return;
    floats green = (floats)(0.0f), green_light = green;
    floats colour[2] = {green, green}, colour_light[2] = {green, green}; /* red and blue, in alternating rows */
    for (int row = FIRST_ROW; row < TILE; row += ROW_STEP) {
        const int y = TILE_Y * TILE + row;
        const int is_blue = (y & 1) != red_y;
        const ints is_green = ((LANES + TILE_X * TILE) & 1) == (is_blue ? red_x : 1 - red_x);
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (y + PAD) * pitch + PAD + TILE_X * TILE + run;
            const ints green_here = (run & 1) ? is_green == 0 : is_green;
            const floats here = LOAD(mosaic, at);
            const floats diagonal = LOAD(mosaic, at - pitch - 1) + LOAD(mosaic, at - pitch + 1)
                                  + LOAD(mosaic, at + pitch - 1) + LOAD(mosaic, at + pitch + 1);
            const floats straight = LOAD(mosaic, at - 2) + LOAD(mosaic, at + 2) + LOAD(mosaic, at - 2 * pitch)
                                  + LOAD(mosaic, at + 2 * pitch);
            const floats rough = here - 0.25f * (green_here ? diagonal : straight);
            const floats square = rough * rough;
            green += green_here ? square : (floats)(0.0f);
            green_light += green_here ? here : (floats)(0.0f);
            colour[is_blue] += green_here ? (floats)(0.0f) : square;
            colour_light[is_blue] += green_here ? (floats)(0.0f) : here;
        }
    }
#if RUN == 1
    LOCAL_FLOATS(shared, 6 * PART);
    shared[ITEM] = green;
    shared[PART + ITEM] = green_light;
    for (int i = 0; i < 2; ++i) {
        shared[(2 + i) * PART + ITEM] = colour[i];
        shared[(4 + i) * PART + ITEM] = colour_light[i];
    }
    reduce(shared, 6, 6);
    if (ITEM > 0)
        return;
    green = shared[0];
    green_light = shared[PART];
    for (int i = 0; i < 2; ++i) {
        colour[i] = shared[(2 + i) * PART];
        colour_light[i] = shared[(4 + i) * PART];
    }
#endif
    GLOBAL float *tile = tiles + 6 * (TILE_Y * tiles_x + TILE_X);
    store_noise(tile, sum_of(colour[0]), sum_of(colour_light[0]), 0.25f, encoded);
    store_noise(tile + 2, sum_of(green), sum_of(green_light), 0.5f, encoded);
    store_noise(tile + 4, sum_of(colour[1]), sum_of(colour_light[1]), 0.25f, encoded);
}

/* Reduces `count` tiles at each of `rows` positions to one sum each. */
KERNEL void sum_noise(GLOBAL const float *RESTRICT tiles, GLOBAL float *RESTRICT sums, int count, int rows)
{
    if (GROUP_X >= rows)
        return;
    for (int part = 0; part < 6; ++part) {
        float sum = 0.0f;
        for (int i = 0; i < count; ++i)
            sum += tiles[6 * (GROUP_X * count + i) + part];
        sums[6 * GROUP_X + part] = sum;
    }
}

/* Fraction of the mosaic's noise that remains in a channel after demosaicing. */
#define NOISE_LEFT 0.7f

/* Noise level to remove from red, green and blue, from `rows` sums: that of the quietest tiles, by a power mean, so
 * that few smooth tiles suffice. Noise below the typical level has little effect: it may be film grain or fine texture,
 * and noise-free pictures must not lose quality (measured: otherwise 0.3 dB on photographs).
 */
KERNEL void finish_noise(GLOBAL const float *RESTRICT sums, GLOBAL float *RESTRICT noise, int rows)
{
    if (GROUP_X >= 3)
        return;
    float quietness = 0.0f, tiles = 0.0f;
    for (int row = 0; row < rows; ++row) {
        quietness += sums[6 * row + 2 * GROUP_X];
        tiles += sums[6 * row + 2 * GROUP_X + 1];
    }
    const float mean = quietness / (tiles > 1.0f ? tiles : 1.0f) + 1e-30f;
    const float quietest = TYPICAL_NOISE / scalar_root(scalar_root(scalar_root(mean)));
    const float counted = quietest * quietest / (quietest * quietest + TYPICAL_NOISE * TYPICAL_NOISE);
    noise[GROUP_X] = tiles > 0.0f ? NOISE_LEFT * counted * quietest : 0.0f;
}

/* Scene RGB of the demosaiced picture, a pair of rows. A method that preserves measured values also preserves their
 * noise. Noisy mosaics therefore fall back to a Wiener filter over 3x3 pixels (J. S. Lee, "Digital image enhancement
 * and noise filtering by use of local statistics", IEEE PAMI 2, 1980).
 */
KERNEL void best_finish(GLOBAL const float *RESTRICT picture, GLOBAL const float *RESTRICT noise,
                        GLOBAL float *RESTRICT scene, int pitch, int stride, int encoded, float rr, float rg, float rb,
                        float gr, float gg, float gb, float br, float bg, float bb)
{
    const int at = (2 * GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    floats rgb[2][3];
    for (int c = 0; c < 3; ++c) {
        GLOBAL const float *channel = picture + c * stride;
        const float per_light = encoded ? 0.25f * noise[c] : noise[c];
        floats here[4], sum[4], squares[4];
        for (int i = 0; i < 4; ++i) {
            const int row = at + (i - 1) * pitch;
            const floats before = LOAD(channel, row - 1), after = LOAD(channel, row + 1);
            here[i] = LOAD(channel, row);
            sum[i] = before + here[i] + after;
            squares[i] = before * before + here[i] * here[i] + after * after;
        }
        for (int row = 0; row < 2; ++row) {
            const floats mean = (sum[row] + sum[row + 1] + sum[row + 2]) * (1.0f / 9.0f);
            const floats square = (squares[row] + squares[row + 1] + squares[row + 2]) * (1.0f / 9.0f);
            const floats spread = greater(square - mean * mean, (floats)(1e-9f));
            const floats variance = per_light * (encoded ? (floats)(1.0f) : greater(mean, (floats)(0.0f)));
            const floats kept = greater(1.0f - variance / spread, (floats)(0.0f));
            rgb[row][c] = mean + kept * (here[row + 1] - mean);
        }
    }
    for (int row = 0; row < 2; ++row)
        store_scene(scene, stride, at + row * pitch, rgb[row][0], rgb[row][1], rgb[row][2], encoded, rr, rg, rb, gr, gg,
                    gb, br, bg, bb);
}
