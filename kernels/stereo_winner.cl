/* Selects for each pixel the disparity of minimum cost, if it is distinct and consistent with the right picture. */
#include "stereo.h"

#define WORD_PARTS (DISPARITIES / WORDS)
/* A cost, at most 8 (CENSUS + JUMP), in the high bits and its disparity in the low bits, 16 bits in all: the minimum
 * gives the best disparity.
 */
#define PLACES (DISPARITIES <= 32 ? 5 : DISPARITIES <= 64 ? 6 : DISPARITIES <= 128 ? 7 : DISPARITIES <= 256 ? 8 : 9)
#define COARSER (PLACES > 7 ? PLACES - 7 : 0)
#define NONE 65535

#define TOTAL(at) ((int)down[at] + (int)up[at])

/* Subpixel disparity: the intersection of two lines of equal and opposite slope through the minimum cost and its
 * neighbours (M. Shimizu, M. Okutomi, ICCV 2001). Hamming distances have this shape: the error of a parabola is 0.13
 * pixels (median, synthetic pairs with noise), of the lines 0.09.
 */
FUNCTION float refined(GLOBAL const u8 *down, GLOBAL const u8 *up, int best)
{
    if (best == 0 || best == DISPARITIES - 1)
        return (float)best;
    const int before = TOTAL(best - 1), here = TOTAL(best), behind = TOTAL(best + 1);
    const int rise = (before > behind ? before : behind) - here;
    const float part = rise > 0 ? 0.5f * (float)(before - behind) / (float)rise : 0.0f;
    return (float)best + (part > 0.5f ? 0.5f : part < -0.5f ? -0.5f : part);
}

/* Disparity per pixel, -1 if unknown; one work-item per row. `rivals` has space for a row of the right picture (from
 * right to left) and of the left one, for each work-item.
 */
KERNEL void winner(GLOBAL const u8 *RESTRICT sums, GLOBAL float *RESTRICT disparity, GLOBAL float *RESTRICT rivals,
                   int width, int height, int pitch, int margin)
{
    const int y = GROUP_X;
    if (y >= height)
        return;
    GLOBAL const u8 *down = sums + y * width * DISPARITIES;
    GLOBAL const u8 *up = down + width * height * DISPARITIES;
    GLOBAL u16 *best_right = (GLOBAL u16 *)rivals + y * (2 * pitch + DISPARITIES);
    GLOBAL u16 *best_left = best_right + pitch + DISPARITIES;
    GLOBAL float *line = disparity + (y + PAD) * pitch + PAD;
    for (int x = 0; x < width + DISPARITIES; x += WORDS)
        STORE_WORDS(best_right, x, (words)NONE);
    for (int x = 0; x < width; ++x, down += DISPARITIES, up += DISPARITIES) {
        words keys[WORD_PARTS];
        words minimum = (words)NONE;
        GLOBAL u16 *matches = best_right + width - 1 - x;
        UNROLL for (int i = 0; i < WORD_PARTS; ++i) {
            const words total = WIDENED(down, i * WORDS) + WIDENED(up, i * WORDS);
            keys[i] = (words)((total >> (words)COARSER) << (words)PLACES) | (WORD_LANES + (words)(i * WORDS));
            minimum = FEWER(minimum, keys[i]);
            STORE_WORDS(matches, i * WORDS, FEWER(LOAD_WORDS(matches, i * WORDS), keys[i]));
        }
        const int key = min_of_words(minimum);
        const int best = key & ((1 << PLACES) - 1);
        words second = (words)NONE;
        UNROLL for (int i = 0; i < WORD_PARTS; ++i) {
            /* Neighbours of the best disparity: 0, 1 or 2 after subtraction; all other values are far. */
            const words from = (WORD_LANES + (words)(i * WORDS)) - (words)(best - 1);
            second = FEWER(second, from < (words)3 ? (words)NONE : keys[i]);
        }
        const int distinct = (min_of_words(second) >> PLACES) - (key >> PLACES) >= (margin >> COARSER);
        best_left[x] = (u16)best;
        line[x] = distinct ? refined(down, up, best) : -1.0f;
    }
    for (int x = 0; x < width; ++x) {
        const int best = best_left[x], match_x = x - best;
        const int back = match_x < 0 ? NONE : best_right[width - 1 - match_x] & ((1 << PLACES) - 1);
        if (back > best + 1 || back < best - 1)
            line[x] = -1.0f;
    }
}

#define LESS(a, b) ((a) < (b) ? (a) : (b))
#define KEY(at, d) (TOTAL(at) >> COARSER << PLACES | (d))

/* GPU version: one work-item per pixel. */
KERNEL void winner_of_pixel(GLOBAL const u8 *RESTRICT sums, GLOBAL float *RESTRICT disparity, int width, int height,
                            int pitch, int margin)
{
    const int x = GROUP_X, y = GLOBAL_Y;
    if (x >= width)
        return;
    GLOBAL const u8 *down = sums + (y * width + x) * DISPARITIES;
    GLOBAL const u8 *up = down + width * height * DISPARITIES;
    int key = NONE;
    for (int d = 0; d < DISPARITIES; ++d)
        key = LESS(key, KEY(d, d));
    const int best = key & ((1 << PLACES) - 1);
    int second = NONE;
    for (int d = 0; d < DISPARITIES; ++d)
        second = d < best - 1 || d > best + 1 ? LESS(second, KEY(d, d)) : second;
    const int distinct = (second >> PLACES) - (key >> PLACES) >= (margin >> COARSER);
    int back = NONE;
    for (int d = 0; d < DISPARITIES && x - best + d < width; ++d) /* other candidates of the right pixel */
        back = best > x ? NONE : LESS(back, KEY((d - best) * DISPARITIES + d, d));
    back &= (1 << PLACES) - 1;
    disparity[(y + PAD) * pitch + PAD + x]
        = distinct && best <= x && back >= best - 1 && back <= best + 1 ? refined(down, up, best) : -1.0f;
}
