/* Colours of a mosaic of any pattern, by filters for textures of several kinds (engine/develop/textures.py).
 *
 * Each kind first says what it expects at every site from the sites around it. Where it is least surprised by what is
 * there, it is trusted most to estimate what is not there: (1 / surprise)^6, the surprise taken over 7x7 sites. One
 * kind after the other adds its estimates, times its trust; who has the sums divides.
 *
 * The filters lie as table[kind][row of the block][tap][filter][column], the columns repeated so that a run of
 * neighbouring pixels reads its weights like pixels.
 */
#include "portable.h"
#include "pattern.h"

/* How far a filter sees; how many colours it estimates at each site. */
#ifndef REACH
#define REACH 4
#endif
#ifndef ESTIMATES
#define ESTIMATES 2
#endif
#define FILTERS (1 + ESTIMATES)
#define TAPS ((2 * REACH + 1) * (2 * REACH + 1))

/* Surprise is spread over so many sites on each side. */
#define SPREAD 3
/* Below this surprise, the square of 1/1000 of full scale, no kind is better than another. */
#define NEGLIGIBLE 7e-7f
#define TYPICAL 1e-4f

/* The filters of the site in column `x`, row `y` of the picture. */
#define WEIGHTS_AT(x, y) (filters + (kind * SIDE + PHASE(y)) * TAPS * FILTERS * ROW + PHASE(x))

/* How wrong the kind is about each site, squared. Runs over the border's columns too and SPREAD rows of it. */
KERNEL void texture_surprise(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT filters,
                             GLOBAL float *RESTRICT surprise, int pitch, int kind)
{
    const int y = GLOBAL_Y - SPREAD;
    const int at = (y + PAD) * pitch + GLOBAL_X;
    GLOBAL const float *weights = WEIGHTS_AT(GLOBAL_X - PAD, y);
    floats expected = (floats)(0.0f);
    for (int dy = -REACH; dy <= REACH; ++dy)
        for (int dx = -REACH; dx <= REACH; ++dx) {
            expected += LOAD(weights, 0) * LOAD(mosaic, at + dy * pitch + dx);
            weights += FILTERS * ROW;
        }
    const floats wrong = LOAD(mosaic, at) - expected;
    STORE(surprise, at, wrong * wrong);
}

/* Weights 1 2 3 3 3 2 1 across; the estimate does the same down. */
KERNEL void texture_spread(GLOBAL const float *RESTRICT surprise, GLOBAL float *RESTRICT spread, int pitch)
{
    const int at = (GLOBAL_Y - SPREAD + PAD) * pitch + PAD + GLOBAL_X;
    STORE(spread, at,
          LOAD(surprise, at - 3) + LOAD(surprise, at + 3) + 2.0f * (LOAD(surprise, at - 2) + LOAD(surprise, at + 2))
              + 3.0f * (LOAD(surprise, at - 1) + LOAD(surprise, at) + LOAD(surprise, at + 1)));
}

/* Adds the kind's estimates, each in a plane of `sums`, and behind them its trust. The first kind begins the sums. */
KERNEL void texture_estimate(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT filters,
                             GLOBAL const float *RESTRICT spread, GLOBAL float *RESTRICT sums, int pitch, int stride,
                             int kind)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    GLOBAL const float *weights = WEIGHTS_AT(GLOBAL_X, GLOBAL_Y);
    floats estimates[ESTIMATES];
    for (int i = 0; i < ESTIMATES; ++i)
        estimates[i] = (floats)(0.0f);
    for (int dy = -REACH; dy <= REACH; ++dy)
        for (int dx = -REACH; dx <= REACH; ++dx) {
            const floats here = LOAD(mosaic, at + dy * pitch + dx);
            for (int i = 0; i < ESTIMATES; ++i)
                estimates[i] += LOAD(weights, (1 + i) * ROW) * here;
            weights += FILTERS * ROW;
        }
    const floats mean = (1.0f / 225.0f)
        * (LOAD(spread, at - 3 * pitch) + LOAD(spread, at + 3 * pitch)
           + 2.0f * (LOAD(spread, at - 2 * pitch) + LOAD(spread, at + 2 * pitch))
           + 3.0f * (LOAD(spread, at - pitch) + LOAD(spread, at) + LOAD(spread, at + pitch)));
    const floats ratio = TYPICAL / (mean + NEGLIGIBLE);
    const floats cubed = ratio * ratio * ratio;
    const floats trust = cubed * cubed + 1e-30f; /* never nothing at all */
    for (int i = 0; i < ESTIMATES; ++i) {
        const floats others = kind > 0 ? LOAD(sums, at + i * stride) : (floats)(0.0f);
        STORE(sums, at + i * stride, others + trust * estimates[i]);
    }
    const floats others = kind > 0 ? LOAD(sums, at + ESTIMATES * stride) : (floats)(0.0f);
    STORE(sums, at + ESTIMATES * stride, others + trust);
}
