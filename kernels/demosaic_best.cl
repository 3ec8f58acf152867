/* What `best` adds to the two methods between which it chooses: which green to believe, and what noise asks for. */
#include "pairs.h"
#include "scene.h"

/* LMMSE expects that green minus colour is small and smooth, and is the better method where it is so; in saturated
 * colours RCD is. Measured on photographs (Kodak and McMaster), the share of RCD that errs least grows with the square
 * of the saturation, and is a half at this one.
 */
#define SATURATION 0.13f

/* In place, at the sites of red and blue: the share of RCD's green by the saturation around, and LMMSE's for the rest.
 * Over 5x5 sites, weighted (1 2 2 2 1) each way, every one of the four kinds of site weighs 16.
 */
KERNEL void choose_green(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT by_lmmse,
                         GLOBAL float *green, int pitch, int margin, int red_x, int red_y)
{
    PAIR(margin);
    floats even[6], odd[6]; /* of each row: the columns of the run's own kind, and those between */
    for (int i = 0; i < 6; ++i) {
        const int row = at + (i - 2) * pitch;
        even[i] = LOAD(mosaic, row - 2) + LOAD(mosaic, row + 2) + 2.0f * LOAD(mosaic, row);
        odd[i] = LOAD(mosaic, row - 1) + LOAD(mosaic, row + 1);
    }
#define ROWS(of, i) (site_first ? of[i] : of[(i) + 1])
#define OWN_ROWS(of) (0.0625f * (ROWS(of, 0) + ROWS(of, 4)) + 0.125f * ROWS(of, 2))
#define OTHER_ROWS(of) (0.125f * (ROWS(of, 1) + ROWS(of, 3)))
    const floats own = OWN_ROWS(even), diagonal = 2.0f * OTHER_ROWS(odd);
    const floats green_here = 0.5f * OTHER_ROWS(even) + OWN_ROWS(odd);
    const floats to_own = green_here - own, to_other = green_here - diagonal;
    const floats brightness = own + green_here + diagonal + 0.02f;
    const floats saturation = to_own * to_own + to_other * to_other + 1e-9f;
    const floats share = saturation / (saturation + SATURATION * SATURATION * brightness * brightness);
    const floats lmmse = LOAD(by_lmmse, pair);
    STORE(green, pair, lmmse + share * (LOAD(green, pair) - lmmse));
}

#define NOISE_TILE 16
#define DARKEST 0.03f
#define BRIGHTEST 0.95f
#define TYPICAL_NOISE 4e-4f

FUNCTION float eighth_power(float x) { return (x * x) * (x * x) * ((x * x) * (x * x)); }

/* Of one colour in a tile of which `share` of the sites has it: (typical noise / noise)^8, and whether the tile counts:
 * black and clipped ones have no noise. Noise is variance per unit of light, as of photons; in the domain of the square
 * root that is four times the variance.
 */
FUNCTION void store_noise(GLOBAL float *pair, float squares, float light, float share, int encoded)
{
    const float per_site = 1.0f / (share * NOISE_TILE * NOISE_TILE);
    const float mean = light * per_site;
    const float brightness = encoded ? mean * mean : mean;
    /* The residue has the noise of one and a quarter sites. */
    const float variance = squares * per_site * (1.0f / 1.25f);
    const float noise = variance * (encoded ? 4.0f : 1.0f / (mean + 1e-6f));
    const int counts = brightness > DARKEST && brightness < BRIGHTEST;
    pair[0] = counts ? eighth_power(TYPICAL_NOISE / (noise + 1e-3f * TYPICAL_NOISE)) : 0.0f;
    pair[1] = counts ? 1.0f : 0.0f;
}

/* How rough each colour of a tile is, against the four nearest sites of that colour: a pair for red, green and blue,
 * because white balance has multiplied their noise as well.
 */
KERNEL void tile_noise(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT tiles, int pitch, int tiles_x,
                       int tiles_y, int red_x, int red_y, int encoded)
{
    if (GROUP_X >= tiles_x)
        return;
    floats green = (floats)(0.0f), green_light = green;
    floats colour[2] = {green, green}, colour_light[2] = {green, green}; /* red and blue, whose rows alternate */
    for (int row = 0; row < NOISE_TILE; ++row) {
        const int y = GLOBAL_Y * NOISE_TILE + row;
        const int is_blue = (y & 1) != red_y;
        const ints is_green = ((LANES + GROUP_X * NOISE_TILE) & 1) == (is_blue ? red_x : 1 - red_x);
        for (int run = 0; run < NOISE_TILE; run += RUN) {
            const int at = (y + PAD) * pitch + PAD + GROUP_X * NOISE_TILE + run;
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
    GLOBAL float *tile = tiles + 6 * (GLOBAL_Y * tiles_x + GROUP_X);
    store_noise(tile, sum_of(colour[0]), sum_of(colour_light[0]), 0.25f, encoded);
    store_noise(tile + 2, sum_of(green), sum_of(green_light), 0.5f, encoded);
    store_noise(tile + 4, sum_of(colour[1]), sum_of(colour_light[1]), 0.25f, encoded);
}

/* Sums of `count` tiles from each of `rows` places into one each. */
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

/* Part of the mosaic's noise that demosaicing leaves in a channel. */
#define NOISE_LEFT 0.7f

/* The noise to hold back of one colour: that of the quietest tiles, by their power mean, so that a few are enough,
 * however busy the rest is. What is below the typical noise hardly counts: it may as well be film grain or fine
 * texture, and pictures without noise shall not lose (measured: 0.2 dB on photographs, had it counted).
 */
FUNCTION float noise_of(GLOBAL const float *pair)
{
    const float quietness = pair[0] / (pair[1] > 1.0f ? pair[1] : 1.0f);
    const float noise = TYPICAL_NOISE / scalar_root(scalar_root(scalar_root(quietness + 1e-30f)));
    const float counted = noise * noise / (noise * noise + TYPICAL_NOISE * TYPICAL_NOISE);
    return pair[1] > 0.0f ? NOISE_LEFT * counted * noise : 0.0f;
}

/* Scene RGB of the demosaiced picture, a pair of rows. Where the mosaic is noisy, a method that keeps to measured
 * values keeps their noise; so the fall-back is a Wiener filter over 3x3 pixels (J. S. Lee, "Digital image enhancement
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
        const float per_light = noise_of(noise + 2 * c);
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
            const floats variance = per_light * (encoded ? (floats)(0.25f) : greater(mean, (floats)(0.0f)));
            const floats kept = greater(1.0f - variance / spread, (floats)(0.0f));
            rgb[row][c] = mean + kept * (here[row + 1] - mean);
        }
    }
    for (int row = 0; row < 2; ++row)
        store_scene(scene, stride, at + row * pitch, rgb[row][0], rgb[row][1], rgb[row][2], encoded, rr, rg, rb, gr, gg,
                    gb, br, bg, bb);
}
