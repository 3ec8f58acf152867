/* Noise reduction on the mosaic before interpolation: non-local means (A. Buades, B. Coll, J.-M. Morel, "A non-local
 * algorithm for image denoising", CVPR 2005) between photosites of one colour, in two sweeps, the second with three
 * times the stride (as H. Dammertz et al., "Edge-avoiding a-trous wavelet transform", HPG 2010). The second sweep is
 * cheap and removes the blotches left by the first (measured: 31.5 dB becomes 31.8 on photographs; twice as many
 * neighbours in one sweep give 31.7).
 *
 * `level` holds the variance-stabilized mosaic, see noise.h. Its square is linear in the light. Squares are averaged,
 * so that dark tones keep their mean.
 */
#include "portable.h"
#include "noise.h"

#define ROWS 8 /* per work-item: the sums of squares of a row serve three patches */

KERNEL void denoise_level(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT level, int pitch, int encoded,
                          float slope00, float slope01, float slope10, float slope11, float offset)
{
    const int y = GLOBAL_Y;
    const int at = y * pitch + GLOBAL_X;
    STORE(level, at, level_of(LOAD(mosaic, at), encoded, SLOPES(y), offset));
}

/* Adds the photosites at `shift` to the sums and weights of ROWS rows. Patches of 3x3 photosites match if their mean
 * squared difference is at most `even`; above that their weight falls with the slope `steep`.
 */
FUNCTION void gather(GLOBAL const float *level, int at, int pitch, int shift, float steep, float even, floats *sums,
                     floats *weights)
{
    floats rows[ROWS + 2];
    for (int i = 0; i < ROWS + 2; ++i) {
        const int here = at + (i - 1) * pitch;
        const floats left = LOAD(level, here - 1) - LOAD(level, here + shift - 1);
        const floats middle = LOAD(level, here) - LOAD(level, here + shift);
        const floats right = LOAD(level, here + 1) - LOAD(level, here + shift + 1);
        rows[i] = left * left + middle * middle + right * right;
    }
    for (int i = 0; i < ROWS; ++i) {
        const floats excess = greater((rows[i] + rows[i + 1] + rows[i + 2]) * steep - even, (floats)(0.0f));
        const floats weight = 1.0f / (1.0f + excess * excess);
        const floats neighbour = LOAD(level, at + i * pitch + shift);
        sums[i] += weight * (neighbour * neighbour);
        weights[i] += weight;
    }
}

/* The sums and weights of a sweep start with the photosite itself. */
#define BEGIN(from)                                                                                                    \
    const int at = (ROWS * GLOBAL_Y + (from) + PAD) * pitch + GLOBAL_X;                                                \
    floats sums[ROWS], weights[ROWS];                                                                                  \
    for (int i = 0; i < ROWS; ++i) {                                                                                   \
        const floats here = LOAD(level, at + i * pitch);                                                               \
        sums[i] = here * here;                                                                                         \
        weights[i] = (floats)(1.0f);                                                                                   \
    }

/* First sweep, over the 20 nearest photosites of the same colour, `stride` apart, from row `first_row` on. Two patches
 * of pure noise differ by 2 +- 1 in the mean square: up to 2 the weight is constant.
 */
KERNEL void denoise_fine(GLOBAL const float *RESTRICT level, GLOBAL float *RESTRICT nearby, int pitch, int stride,
                         int first_row)
{
    BEGIN(first_row)
    for (int dy = -2; dy <= 2; ++dy)
        for (int dx = -2; dx <= 2; ++dx)
            if (dx * dx + dy * dy <= 5 && (dx != 0 || dy != 0))
                gather(level, at, pitch, (dy * pitch + dx) * stride, 1.0f / 9.0f, 2.0f, sums, weights);
    for (int i = 0; i < ROWS; ++i)
        STORE(nearby, at + i * pitch, square_root(sums[i] / weights[i]));
}

/* Second sweep: 8 photosites at a distance of `stride`, most of them outside the range of the first sweep. */
KERNEL void denoise_coarse(GLOBAL const float *RESTRICT level, GLOBAL float *RESTRICT afar, int pitch, int stride,
                           float steep, float even)
{
    BEGIN(0)
    for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx)
            if (dx != 0 || dy != 0)
                gather(level, at, pitch, (dy * pitch + dx) * stride, steep, even, sums, weights);
    for (int i = 0; i < ROWS; ++i)
        STORE(afar, at + i * pitch, square_root(sums[i] / weights[i]));
}

/* Converts level to light and blends the mosaic with the result by `strength`. The two greens of a Bayer mosaic were
 * averaged separately: their residual noise differs and would appear as a mesh after demosaicing. `mesh_fraction` of a
 * green photosite's difference from its four green neighbours is removed where it is small enough to be noise
 * (measured: up to 0.1 dB; the mesh disappears). Green photosites have a column plus row of the parity `green`.
 */
KERNEL void denoise_finish(GLOBAL const float *RESTRICT level, GLOBAL const float *RESTRICT mosaic,
                           GLOBAL float *RESTRICT denoised, int pitch, int encoded, float slope00, float slope01,
                           float slope10, float slope11, float offset, int green, float mesh_fraction, float strength)
{
    const int y = GLOBAL_Y;
    const int at = (y + PAD) * pitch + GLOBAL_X;
    const floats here = LOAD(level, at);
    const floats around = LOAD(level, at - pitch - 1) + LOAD(level, at - pitch + 1) + LOAD(level, at + pitch - 1)
                        + LOAD(level, at + pitch + 1);
    const floats mesh = here - 0.25f * around;
    const floats doubt = 1.0f + 2.0f * mesh * mesh; /* 2 at 0.7 standard deviations of the mosaic's noise */
    const floats changed = here - mesh_fraction * mesh / (doubt * doubt);
    const floats best = ((LANES + GLOBAL_X - PAD + y + green) & 1) == 0 ? changed : here;
    const floats light = (best * best - offset) / SLOPES(y);
    const floats original = LOAD(mosaic, at);
    STORE(denoised, at, original + strength * (encode(light, encoded) - original));
}
