/* Colours of a mosaic of any pattern, by filters for several kinds of texture (engine/develop/textures.py).
 *
 * Each kind first predicts every photosite from its neighbours. The smaller its prediction error, the larger is the
 * weight of its estimates of the missing colours: (1 / error)^6, with the error taken over 7x7 photosites. The kinds
 * add their weighted estimates one after another; the consumer divides by the sum of weights.
 *
 * The filters are stored as table[kind][row of the block][tap][filter][column], with repeated columns, so that a run of
 * neighbouring pixels reads its weights like pixels.
 */
#include "portable.h"
#include "pattern.h"

/* Number of colours that the filters estimate at each photosite. */
#ifndef ESTIMATES
#define ESTIMATES 2
#endif
#define FILTERS (1 + ESTIMATES)

/* A work-item processes STACK runs, SIDE rows apart. They share weights, which need more reads than the mosaic. */
#define STACK (12 / SIDE)
#define FIRST_ROW (GLOBAL_Y / SIDE * SIDE * STACK + GLOBAL_Y % SIDE)
#define EACH_RUN UNROLL for (int run = 0; run < STACK; ++run)

/* Index of each run, from the first of `count` rows on. Runs beyond the last row are computed from the last row and
 * stored in the first row of the border below, where they have no effect: a branch here takes twice the time.
 */
#define STARTS(count)                                                                                                  \
    GLOBAL const float *starts[STACK];                                                                                 \
    int steps[STACK];                                                                                                  \
    EACH_RUN {                                                                                                         \
        const int row = FIRST_ROW + run * SIDE;                                                                        \
        steps[run] = (row < (count) ? row : (count)) * pitch;                                                          \
        starts[run] = mosaic + start + (row < (count) ? row : (count)-1) * pitch;                                      \
    }

/* The filters use the TAPS photosites that are less than 4.5 pixels away: TAP(dx) once for each, with `lines` for its
 * row.
 */
#define TAPS 69
#define IN_LINE(dy, reach)                                                                                             \
    {                                                                                                                  \
        GLOBAL const float *lines[STACK];                                                                              \
        EACH_RUN lines[run] = starts[run] + (dy) * pitch;                                                              \
        UNROLL for (int dx = -(reach); dx <= (reach); ++dx)                                                            \
            TAP(dx)                                                                                                    \
    }
#define EACH_TAP                                                                                                       \
    IN_LINE(-4, 2) IN_LINE(-3, 3) IN_LINE(-2, 4) IN_LINE(-1, 4) IN_LINE(0, 4) IN_LINE(1, 4) IN_LINE(2, 4)              \
    IN_LINE(3, 3) IN_LINE(4, 2)

/* Spread of the prediction error, in photosites on each side. */
#define SPREAD 3
/* Below this squared error, of 1/1000 of full scale, all kinds are equal. */
#define NEGLIGIBLE 7e-7f
#define TYPICAL 1e-4f

/* The filters of the photosite in column `x`, row `y` of the picture. */
#define WEIGHTS_AT(x, y) (filters + (kind * SIDE + PHASE(y)) * TAPS * FILTERS * ROW + PHASE(x))

/* Squared prediction error of the kind at each photosite: also for the border's columns and SPREAD more rows on each
 * side.
 */
KERNEL void texture_residual(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT filters,
                             GLOBAL float *RESTRICT residual, int pitch, int height, int kind)
{
    const int start = (PAD - SPREAD) * pitch + GLOBAL_X;
    STARTS(height + 2 * SPREAD)
    GLOBAL const float *weights = WEIGHTS_AT(GLOBAL_X - PAD, FIRST_ROW - SPREAD);
    floats expected[STACK];
    EACH_RUN expected[run] = (floats)(0.0f);
#define TAP(dx)                                                                                                        \
    {                                                                                                                  \
        const floats weight = LOAD(weights, 0);                                                                        \
        EACH_RUN expected[run] += weight * LOAD(lines[run], dx);                                                       \
        weights += FILTERS * ROW;                                                                                      \
    }
    EACH_TAP
#undef TAP
    EACH_RUN {
        const floats error = LOAD(starts[run], 0) - expected[run];
        STORE(residual, start + steps[run], error * error);
    }
}

/* Weights 1 2 3 3 3 2 1 horizontally; the estimate does the same vertically. */
KERNEL void texture_spread(GLOBAL const float *RESTRICT residual, GLOBAL float *RESTRICT spread, int pitch)
{
    const int at = (GLOBAL_Y - SPREAD + PAD) * pitch + PAD + GLOBAL_X;
    STORE(spread, at,
          LOAD(residual, at - 3) + LOAD(residual, at + 3) + 2.0f * (LOAD(residual, at - 2) + LOAD(residual, at + 2))
              + 3.0f * (LOAD(residual, at - 1) + LOAD(residual, at) + LOAD(residual, at + 1)));
}

FUNCTION floats confidence(GLOBAL const float *spread, int at, int pitch)
{
    const floats mean = (1.0f / 225.0f)
        * (LOAD(spread, at - 3 * pitch) + LOAD(spread, at + 3 * pitch)
           + 2.0f * (LOAD(spread, at - 2 * pitch) + LOAD(spread, at + 2 * pitch))
           + 3.0f * (LOAD(spread, at - pitch) + LOAD(spread, at) + LOAD(spread, at + pitch)));
    const floats ratio = TYPICAL / (mean + NEGLIGIBLE);
    const floats cubed = ratio * ratio * ratio;
    return cubed * cubed + 1e-30f; /* never 0 */
}

/* Adds the kind's estimates, each to a plane of `sums`, followed by its weight. The first kind initializes the sums. */
KERNEL void texture_estimate(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT filters,
                             GLOBAL const float *RESTRICT spread, GLOBAL float *RESTRICT sums, int pitch, int stride,
                             int height, int kind)
{
    const int start = PAD * pitch + PAD + GLOBAL_X;
    const ints is_first = (ints)(kind) == 0; /* per lane, without a branch */
    STARTS(height)
    GLOBAL const float *weights = WEIGHTS_AT(GLOBAL_X, FIRST_ROW);
    floats estimates[STACK * ESTIMATES];
    UNROLL for (int i = 0; i < STACK * ESTIMATES; ++i)
        estimates[i] = (floats)(0.0f);
#define TAP(dx)                                                                                                        \
    {                                                                                                                  \
        EACH_RUN {                                                                                                     \
            const floats here = LOAD(lines[run], dx);                                                                  \
            UNROLL for (int i = 0; i < ESTIMATES; ++i)                                                                 \
                estimates[run * ESTIMATES + i] += LOAD(weights, (1 + i) * ROW) * here;                                 \
        }                                                                                                              \
        weights += FILTERS * ROW;                                                                                      \
    }
    EACH_TAP
#undef TAP
    EACH_RUN {
        const int at = start + steps[run];
        const floats share = confidence(spread, at, pitch);
        UNROLL for (int i = 0; i < ESTIMATES; ++i) {
            const floats others = LOAD(sums, at + i * stride);
            STORE(sums, at + i * stride, (is_first ? (floats)(0.0f) : others) + share * estimates[run * ESTIMATES + i]);
        }
        const floats others = LOAD(sums, at + ESTIMATES * stride);
        STORE(sums, at + ESTIMATES * stride, (is_first ? (floats)(0.0f) : others) + share);
    }
}
