/* Green by directional linear minimum mean square error estimation (L. Zhang and X. Wu, "Color demosaicking via
 * directional linear minimum mean square-error estimation", IEEE Transactions on Image Processing 14, 2005).
 *
 * Along a row and along a column every site has both green and the line's other colour, one measured and one
 * interpolated; green minus colour is smooth, so what is rough of it is the interpolation's error. In each direction
 * the variances of the smooth and of the rough part over nine sites say how far the difference is to be believed, and
 * the two directions are weighted by the errors that are left. The window is the paper's, the Gaussian is shorter.
 */
#include "pairs.h"

#define VARIANCE_FLOOR 1e-7f

/* The interpolation (-1 2 2 2 -1)/4 and the smoothing, a Gaussian of two sites over five, in one filter of nine:
 * outside green sites the difference has the other sign, so the filter's signs alternate. (Over nine, as the paper has
 * it, green is 0.1 dB better on Kodak's photographs, 0.5 dB worse on McMaster's, and dearer.)
 */
#define SMOOTH(step)                                                                                                   \
    (0.42376543f * here - 0.36830510f * (LOAD(mosaic, at - (step)) + LOAD(mosaic, at + (step)))                        \
     + 0.25000000f * (LOAD(mosaic, at - 2 * (step)) + LOAD(mosaic, at + 2 * (step)))                                   \
     - 0.13169490f * (LOAD(mosaic, at - 3 * (step)) + LOAD(mosaic, at + 3 * (step)))                                   \
     + 0.03811729f * (LOAD(mosaic, at - 4 * (step)) + LOAD(mosaic, at + 4 * (step))))
#define DIFFERENCE(step)                                                                                               \
    (0.5f * here - 0.5f * (LOAD(mosaic, at - (step)) + LOAD(mosaic, at + (step)))                                      \
     + 0.25f * (LOAD(mosaic, at - 2 * (step)) + LOAD(mosaic, at + 2 * (step))))

/* Step 1: green minus colour along the row and along the column, its smooth and its rough part, in four planes. */
KERNEL void lmmse_differences(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT parts, int pitch, int stride,
                              int margin, int red_x, int red_y)
{
    const int y = GLOBAL_Y - margin;
    const int at = (y + PAD) * pitch + GLOBAL_X;
    const ints is_green = ((LANES + GLOBAL_X - PAD) & 1) == ((y & 1) == red_y ? 1 - red_x : red_x);
    const floats sign = is_green ? (floats)(1.0f) : (floats)(-1.0f);
    const floats here = LOAD(mosaic, at);
    const floats row = SMOOTH(1), column = SMOOTH(pitch);
    STORE(parts, at, sign * row);
    STORE(parts, at + stride, sign * (DIFFERENCE(1) - row));
    STORE(parts, at + 2 * stride, sign * column);
    STORE(parts, at + 3 * stride, sign * (DIFFERENCE(pitch) - column));
}

/* Of one direction: the estimate of the difference at the sites, and the variance of its error. */
#define ESTIMATE(estimate, error, smooth, step)                                                                        \
    floats estimate, error;                                                                                            \
    {                                                                                                                  \
        GLOBAL const float *rough = (smooth) + stride;                                                                 \
        floats sum = (floats)(0.0f), squares = sum, errors = sum;                                                      \
        for (int i = -4; i <= 4; ++i) {                                                                                \
            const floats smooth_part = AT_SITES(smooth, i * (step));                                                   \
            const floats rough_part = AT_SITES(rough, i * (step));                                                     \
            sum += smooth_part;                                                                                        \
            squares += smooth_part * smooth_part;                                                                      \
            errors += rough_part * rough_part;                                                                         \
        }                                                                                                              \
        const floats mean = sum * (1.0f / 9.0f);                                                                       \
        const floats signal = greater(squares * (1.0f / 9.0f) - mean * mean, (floats)(0.0f)) + VARIANCE_FLOOR;         \
        const floats noise = errors * (1.0f / 9.0f) + VARIANCE_FLOOR;                                                  \
        const floats believed = signal / (signal + noise);                                                             \
        estimate = mean + believed * (AT_SITES(smooth, 0) + AT_SITES(rough, 0) - mean);                                \
        error = believed * noise;                                                                                      \
    }

/* Step 2: green at the sites. */
KERNEL void lmmse_green(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT parts,
                        GLOBAL float *RESTRICT green, int pitch, int stride, int margin, int red_x, int red_y)
{
    PAIR(margin);
    GLOBAL const float *along_column_parts = parts + 2 * stride;
    ESTIMATE(along_row, row_error, parts, 1)
    ESTIMATE(along_column, column_error, along_column_parts, pitch)
    const floats difference = (along_row * column_error + along_column * row_error) / (row_error + column_error);
    STORE(green, pair, AT_SITES(mosaic, 0) + difference);
}
