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

/* How many colours the filters estimate at each site; they see the TAPS sites that are less than 4.5 pixels away. */
#ifndef ESTIMATES
#define ESTIMATES 2
#endif
#define TAPS 69
#define UNROLL _Pragma("unroll")
#define IN_ROW(dy, reach)                                                                                              \
    {                                                                                                                  \
        GLOBAL const float *rows[STACK];                                                                               \
        UNROLL for (int run = 0; run < STACK; ++run)                                                                   \
            rows[run] = mosaic + first + (run * SIDE + (dy)) * pitch;                                                  \
        UNROLL for (int dx = -(reach); dx <= (reach); ++dx)                                                            \
            TAP(dx)                                                                                                    \
    }
#define EACH_TAP                                                                                                       \
    IN_ROW(-4, 2) IN_ROW(-3, 3) IN_ROW(-2, 4) IN_ROW(-1, 4) IN_ROW(0, 4) IN_ROW(1, 4) IN_ROW(2, 4) IN_ROW(3, 3)        \
    IN_ROW(4, 2)
#define FILTERS (1 + ESTIMATES)

/* Surprise is spread over so many sites on each side. */
#define SPREAD 3
/* Below this surprise, the square of 1/1000 of full scale, no kind is better than another. */
#define NEGLIGIBLE 7e-7f
#define TYPICAL 1e-4f

/* A work-item takes STACK runs, SIDE rows apart: they share their weights, which are more to read than the mosaic is. */
#define STACK (12 / SIDE)
#define FIRST_ROW (GLOBAL_Y / SIDE * SIDE * STACK + GLOBAL_Y % SIDE)

/* The filters of the site in column `x`, row `y` of the picture. */
#define WEIGHTS_AT(x, y) (filters + (kind * SIDE + PHASE(y)) * TAPS * FILTERS * ROW + PHASE(x))

/* How wrong the kind is about each site, squared. Runs over the border's columns too and SPREAD rows of it. */
KERNEL void texture_surprise(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT filters,
                             GLOBAL float *RESTRICT surprise, int pitch, int kind)
{
    const int y = FIRST_ROW - SPREAD;
    const int first = (y + PAD) * pitch + GLOBAL_X;
    GLOBAL const float *weights = WEIGHTS_AT(GLOBAL_X - PAD, y);
    floats expected[STACK];
    UNROLL for (int run = 0; run < STACK; ++run)
        expected[run] = (floats)(0.0f);
#define TAP(dx)                                                                                                        \
    {                                                                                                                  \
        const floats weight = LOAD(weights, 0);                                                                        \
        UNROLL for (int run = 0; run < STACK; ++run)                                                                   \
            expected[run] += weight * LOAD(rows[run], dx);                                                             \
        weights += FILTERS * ROW;                                                                                      \
    }
    EACH_TAP
#undef TAP
    UNROLL for (int run = 0; run < STACK; ++run) {
        const int at = first + run * SIDE * pitch;
        const floats wrong = LOAD(mosaic, at) - expected[run];
        STORE(surprise, at, wrong * wrong);
    }
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
    const int first = (FIRST_ROW + PAD) * pitch + PAD + GLOBAL_X;
    GLOBAL const float *weights = WEIGHTS_AT(GLOBAL_X, FIRST_ROW);
    floats estimates[STACK * ESTIMATES];
    UNROLL for (int i = 0; i < STACK * ESTIMATES; ++i)
        estimates[i] = (floats)(0.0f);
#define TAP(dx)                                                                                                        \
    {                                                                                                                  \
        UNROLL for (int run = 0; run < STACK; ++run) {                                                                 \
            const floats here = LOAD(rows[run], dx);                                                                   \
            UNROLL for (int i = 0; i < ESTIMATES; ++i)                                                                 \
                estimates[run * ESTIMATES + i] += LOAD(weights, (1 + i) * ROW) * here;                                 \
        }                                                                                                              \
        weights += FILTERS * ROW;                                                                                      \
    }
    EACH_TAP
#undef TAP
    UNROLL for (int run = 0; run < STACK; ++run) {
        const int at = first + run * SIDE * pitch;
        const floats mean = (1.0f / 225.0f)
            * (LOAD(spread, at - 3 * pitch) + LOAD(spread, at + 3 * pitch)
               + 2.0f * (LOAD(spread, at - 2 * pitch) + LOAD(spread, at + 2 * pitch))
               + 3.0f * (LOAD(spread, at - pitch) + LOAD(spread, at) + LOAD(spread, at + pitch)));
        const floats ratio = TYPICAL / (mean + NEGLIGIBLE);
        const floats cubed = ratio * ratio * ratio;
        const floats trust = cubed * cubed + 1e-30f; /* never nothing at all */
        for (int i = 0; i < ESTIMATES; ++i) {
            const floats others = kind > 0 ? LOAD(sums, at + i * stride) : (floats)(0.0f);
            STORE(sums, at + i * stride, others + trust * estimates[run * ESTIMATES + i]);
        }
        const floats others = kind > 0 ? LOAD(sums, at + ESTIMATES * stride) : (floats)(0.0f);
        STORE(sums, at + ESTIMATES * stride, others + trust);
    }
}
