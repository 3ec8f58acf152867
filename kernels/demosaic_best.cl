/* What `best` adds to the two methods between which it chooses: which green to believe, and what noise asks for. */
#include "portable.h"
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
                         GLOBAL float *green, int pitch, int margin)
{
    const int at = (GLOBAL_Y - margin + PAD) * pitch + GLOBAL_X;
    floats own = (floats)(0.0f), beside = own, above = own, diagonal = own;
    for (int dy = -2; dy <= 2; ++dy) {
        const int row = at + dy * pitch;
        const float weight = dy == -2 || dy == 2 ? 0.0625f : 0.125f;
        const floats even = weight * (LOAD(mosaic, row - 2) + LOAD(mosaic, row + 2) + 2.0f * LOAD(mosaic, row));
        const floats odd = 2.0f * weight * (LOAD(mosaic, row - 1) + LOAD(mosaic, row + 1));
        if (dy & 1) {
            above += even;
            diagonal += odd;
        } else {
            own += even;
            beside += odd;
        }
    }
    const floats green_here = 0.5f * (beside + above);
    const floats to_own = green_here - own, to_other = green_here - diagonal;
    const floats brightness = own + green_here + diagonal + 0.02f;
    const floats saturation = to_own * to_own + to_other * to_other + 1e-9f;
    const floats share = saturation / (saturation + SATURATION * SATURATION * brightness * brightness);
    const floats lmmse = LOAD(by_lmmse, at);
    STORE(green, at, lmmse + share * (LOAD(green, at) - lmmse));
}

#define NOISE_TILE 16
#define DARKEST 0.03f
#define BRIGHTEST 0.95f
#define TYPICAL_NOISE 1e-4f

/* How rough the green sites of a tile are: the variance of their noise, where nothing else is there, told as (typical
 * noise / variance)^4, and whether the tile counts: black and clipped ones have no noise. In the domain of the square
 * root noise is even; elsewhere it is taken to grow with the light, and told per unit of it.
 */
KERNEL void tile_noise(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT tiles, int pitch, int tiles_x,
                       int tiles_y, int red_x, int red_y, int encoded)
{
    if (GROUP_X >= tiles_x)
        return;
    floats squares = (floats)(0.0f), light = squares;
    for (int row = 0; row < NOISE_TILE; ++row) {
        const int y = GLOBAL_Y * NOISE_TILE + row;
        for (int run = 0; run < NOISE_TILE; run += RUN) {
            const int at = (y + PAD) * pitch + PAD + GROUP_X * NOISE_TILE + run;
            const ints is_green = ((LANES + GROUP_X * NOISE_TILE + run) & 1) == ((y & 1) == red_y ? 1 - red_x : red_x);
            const floats here = LOAD(mosaic, at);
            const floats rough = here - 0.25f * (LOAD(mosaic, at - pitch - 1) + LOAD(mosaic, at - pitch + 1)
                                                 + LOAD(mosaic, at + pitch - 1) + LOAD(mosaic, at + pitch + 1));
            squares += is_green ? rough * rough : (floats)(0.0f);
            light += here;
        }
    }
    const float mean = sum_of(light) * (1.0f / (NOISE_TILE * NOISE_TILE));
    const float brightness = encoded ? mean * mean : mean;
    /* Half of the sites are green; their residue has the noise of one and a quarter sites. */
    const float residue = sum_of(squares) * (2.0f / 1.25f / (NOISE_TILE * NOISE_TILE));
    const float variance = residue / (encoded ? 1.0f : mean + 1e-6f);
    const float quietness = TYPICAL_NOISE / (variance + 1e-3f * TYPICAL_NOISE);
    const int counts = brightness > DARKEST && brightness < BRIGHTEST;
    GLOBAL float *tile = tiles + 2 * (GLOBAL_Y * tiles_x + GROUP_X);
    tile[0] = counts ? quietness * quietness * quietness * quietness : 0.0f;
    tile[1] = counts ? 1.0f : 0.0f;
}

/* Sums of `count` pairs from each of `rows` places into one pair each. */
KERNEL void sum_noise(GLOBAL const float *RESTRICT pairs, GLOBAL float *RESTRICT sums, int count, int rows)
{
    if (GROUP_X >= rows)
        return;
    float quietness = 0.0f, tiles = 0.0f;
    for (int i = 0; i < count; ++i) {
        quietness += pairs[2 * (GROUP_X * count + i)];
        tiles += pairs[2 * (GROUP_X * count + i) + 1];
    }
    sums[2 * GROUP_X] = quietness;
    sums[2 * GROUP_X + 1] = tiles;
}

/* Part of the mosaic's noise that demosaicing leaves in a channel. */
#define NOISE_LEFT 0.7f

/* Scene RGB of the demosaiced picture; noise is held back by a Wiener filter over 3x3 pixels (J. S. Lee, "Digital image
 * enhancement and noise filtering by use of local statistics", IEEE PAMI 2, 1980) whose noise is that of the quietest
 * tiles: their power mean, so that a few are enough, however busy the rest is. Without noise it changes nothing.
 */
KERNEL void best_finish(GLOBAL const float *RESTRICT picture, GLOBAL const float *RESTRICT noise,
                        GLOBAL float *RESTRICT scene, int pitch, int stride, int encoded, float rr, float rg, float rb,
                        float gr, float gg, float gb, float br, float bg, float bb)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const float quietness = noise[0] / (noise[1] > 1.0f ? noise[1] : 1.0f);
    const float variance = noise[1] > 0.0f ? NOISE_LEFT * TYPICAL_NOISE / scalar_root(scalar_root(quietness)) : 0.0f;
    floats rgb[3];
    for (int c = 0; c < 3; ++c) {
        GLOBAL const float *channel = picture + c * stride;
        floats sum = (floats)(0.0f), squares = sum;
        for (int dy = -1; dy <= 1; ++dy)
            for (int dx = -1; dx <= 1; ++dx) {
                const floats value = LOAD(channel, at + dy * pitch + dx);
                sum += value;
                squares += value * value;
            }
        const floats mean = sum * (1.0f / 9.0f);
        const floats spread = greater(squares * (1.0f / 9.0f) - mean * mean, (floats)(1e-9f));
        const floats noisy = variance * (encoded ? (floats)(1.0f) : greater(mean, (floats)(0.0f)));
        const floats kept = greater(1.0f - noisy / spread, (floats)(0.0f));
        rgb[c] = mean + kept * (LOAD(channel, at) - mean);
    }
    store_scene(scene, stride, at, rgb[0], rgb[1], rgb[2], encoded, rr, rg, rb, gr, gg, gb, br, bg, bb);
}
