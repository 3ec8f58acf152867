/* Green by directional linear minimum mean square error estimation (L. Zhang and X. Wu, "Color demosaicking via
 * directional linear minimum mean square-error estimation", IEEE Transactions on Image Processing 14, 2005).
 *
 * Along each row and column every photosite has green and the line's other colour, one measured and one interpolated.
 * Green minus colour is smooth: its rough part is interpolation error. In each direction the variances of the smooth
 * and rough parts over nine photosites determine the weight of the difference. The two directions are weighted by their
 * remaining errors. The window is the paper's, the Gaussian is shorter.
 */
#include "pairs.h"

#define VARIANCE_FLOOR 1e-7f

/* The interpolation (-1 2 2 2 -1)/4 and the smoothing, a Gaussian of two photosites over five, in one filter of nine
 * taps. Outside green photosites the difference has the opposite sign, so the filter's signs alternate. (Smoothing over
 * nine photosites, as in the paper, makes green 0.1 dB better on Kodak's photographs, 0.5 dB worse on McMaster's, and
 * costs more.)
 */
#define SMOOTH(step)                                                                                                   \
    (0.42376543f * here - 0.36830510f * (LOAD(mosaic, at - (step)) + LOAD(mosaic, at + (step)))                        \
     + 0.25000000f * (LOAD(mosaic, at - 2 * (step)) + LOAD(mosaic, at + 2 * (step)))                                   \
     - 0.13169490f * (LOAD(mosaic, at - 3 * (step)) + LOAD(mosaic, at + 3 * (step)))                                   \
     + 0.03811729f * (LOAD(mosaic, at - 4 * (step)) + LOAD(mosaic, at + 4 * (step))))
#define DIFFERENCE(step)                                                                                               \
    (0.5f * here - 0.5f * (LOAD(mosaic, at - (step)) + LOAD(mosaic, at + (step)))                                      \
     + 0.25f * (LOAD(mosaic, at - 2 * (step)) + LOAD(mosaic, at + 2 * (step))))

/* Step 1: green minus colour along the row and along the column, smooth and rough part, in four planes. */
KERNEL void lmmse_differences(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT parts, int pitch, int stride,
                              int margin, int red_x, int red_y)
{
    const int y = GLOBAL_Y - margin;
    const place line = pitch, at = (y + PAD) * line + GLOBAL_X;
    const ints is_green = ((LANES + GLOBAL_X - PAD) & 1) == ((y & 1) == red_y ? 1 - red_x : red_x);
    const floats sign = is_green ? (floats)(1.0f) : (floats)(-1.0f);
    const floats here = LOAD(mosaic, at);
    const floats row = SMOOTH(1), column = SMOOTH(line);
    STORE(parts, at, sign * row);
    STORE(parts, at + stride, sign * (DIFFERENCE(1) - row));
    STORE(parts, at + 2 * stride, sign * column);
    STORE(parts, at + 3 * stride, sign * (DIFFERENCE(line) - column));
}

/* For one direction: the estimate of the difference at red and blue photosites, and the variance of its error. */
#define ESTIMATE(estimate, error, smooth, dx, dy)                                                              \
    floats estimate, error;                                                                                    \
    {                                                                                                          \
        GLOBAL const float *rough = (smooth) + stride;                                                         \
        floats sum = (floats)(0.0f), squares = sum, errors = sum;                                              \
        for (int i = -4; i <= 4; ++i) {                                                                        \
            const floats smooth_part = AT_COLOURS(smooth, i * (dx), i * (dy));                                 \
            const floats rough_part = AT_COLOURS(rough, i * (dx), i * (dy));                                   \
            sum += smooth_part;                                                                                \
            squares += smooth_part * smooth_part;                                                              \
            errors += rough_part * rough_part;                                                                 \
        }                                                                                                      \
        const floats mean = sum * (1.0f / 9.0f);                                                               \
        const floats signal = greater(squares * (1.0f / 9.0f) - mean * mean, (floats)(0.0f)) + VARIANCE_FLOOR; \
        const floats noise = errors * (1.0f / 9.0f) + VARIANCE_FLOOR;                                          \
        const floats wiener_gain = signal / (signal + noise);                                                  \
        estimate = mean + wiener_gain * (AT_COLOURS(smooth, 0, 0) + AT_COLOURS(rough, 0, 0) - mean);           \
        error = wiener_gain * noise;                                                                           \
    }

/* Step 2: green at red and blue photosites. */
KERNEL void lmmse_green(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT parts,
                        GLOBAL float *RESTRICT green, int pitch, int stride, int margin, int red_x, int red_y)
{
    PAIR(margin);
    GLOBAL const float *along_column_parts = parts + 2 * stride;
    ESTIMATE(along_row, row_error, parts, 1, 0)
    ESTIMATE(along_column, column_error, along_column_parts, 0, 1)
    const floats difference = (along_row * column_error + along_column * row_error) / (row_error + column_error);
    STORE(green, pair, AT_COLOURS(mosaic, 0, 0) + difference);
}
