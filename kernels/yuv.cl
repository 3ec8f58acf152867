/* Y'CbCr pictures in the layouts of engine/yuv.py to three planes of scene RGB. A build is for one layout: Y_STEP and
 * C_STEP samples from one luma or chroma sample to the next, 1 << SHIFT_X columns and 1 << SHIFT_Y rows of luma for a
 * chroma sample, WORDS of 16 bits or bytes.
 *
 * Chroma is interpolated linearly between the positions of its samples, and continues beyond the outermost ones. RGB is
 * limited to 0 to 1, display-encoded, then made linear.
 */
#include "portable.h"

#ifndef SHIFT_X
#define Y_STEP 1
#define C_STEP 1
#define SHIFT_X 1
#define SHIFT_Y 1
#define WORDS 0
#endif
#if WORDS
typedef u16 sample;
#else
typedef u8 sample;
#endif

/* Rows of samples: luma; Cb and Cr of the chroma rows above and below, and the weight of the row below. */
typedef struct {
    GLOBAL const sample *luma, *cb_above, *cb_below, *cr_above, *cr_below;
    float below;
} rows_of_samples;

FUNCTION int within(int place, int end) { return place < 0 ? 0 : place < end ? place : end - 1; }

/* Linear light of sRGB-encoded values (IEC 61966-2-1), 0 to 1. With t = (encoded + 0.055) / 1.055 and s its square root
 * it is t^2 s^0.8; the polynomial is s^0.8 with a relative error below 1.1e-5.
 */
FUNCTION floats light_of(floats encoded)
{
    const floats t = (encoded + 0.055f) * (1.0f / 1.055f);
    const floats s = square_root(t);
    const floats power = ((((0.10629692f * s - 0.43170579f) * s + 0.75217921f) * s - 0.79767615f) * s + 1.33501933f) * s
                       + 0.03589721f;
    return encoded <= 0.04045f ? encoded * (1.0f / 12.92f) : t * t * power;
}

/* Chroma of column x, which lies within the picture. */
FUNCTION float chroma_at(GLOBAL const sample *above, GLOBAL const sample *below, float weight, int x, float chroma_x,
                         int chroma_width)
{
    const float at = ((float)x - chroma_x) * (1.0f / (1 << SHIFT_X));
    const int before = (int)(at + 1.0f) - 1; /* at is above -1 */
    const int left = C_STEP * within(before, chroma_width), right = C_STEP * within(before + 1, chroma_width);
    const float upper = (float)above[left] + (at - (float)before) * ((float)above[right] - (float)above[left]);
#if SHIFT_Y == 0
    return upper;
#else
    const float lower = (float)below[left] + (at - (float)before) * ((float)below[right] - (float)below[left]);
    return upper + weight * (lower - upper);
#endif
}

#if RUN > 1

#if WORDS
#define NUMBERS ushort
#else
#define NUMBERS uchar
#endif
typedef OF_RUN(NUMBERS, RUN) run_samples;
typedef run_samples run_anywhere __attribute__((aligned(1)));
#define RUN_FROM(from) (*(GLOBAL const run_anywhere *)(from))

/* RUN samples: all of a row, every second or every fourth. */
FUNCTION floats run_of(GLOBAL const sample *from, const int step)
{
    if (step == 1)
        return __builtin_convertvector(RUN_FROM(from), floats);
    if (step == 2)
        return __builtin_convertvector((run_samples)(RUN_FROM(from).even, RUN_FROM(from + RUN).even), floats);
    return __builtin_convertvector((run_samples)(RUN_FROM(from).even.even, RUN_FROM(from + RUN).even.even,
                                                 RUN_FROM(from + 2 * RUN).even.even,
                                                 RUN_FROM(from + 3 * RUN).even.even), floats);
}

/* RUN samples of chroma, of which the first has the index `at`. */
FUNCTION floats between_rows(GLOBAL const sample *above, GLOBAL const sample *below, float weight, int at)
{
    const floats upper = run_of(above + at, C_STEP);
#if SHIFT_Y == 0
    return upper;
#else
    return upper + weight * (run_of(below + at, C_STEP) - upper);
#endif
}

/* Chroma of a run that begins at column x. Its samples and their neighbours lie within the picture. Where columns are
 * halved, pixels lie `even` and `odd` chroma samples to the right of the sample `same`. Samples beyond the row, which
 * may be in the next row or in the slack of the buffer, are not used.
 */
FUNCTION floats chroma_run(GLOBAL const sample *above, GLOBAL const sample *below, float weight, int x, float chroma_x)
{
#if SHIFT_X == 0
    return between_rows(above, below, weight, C_STEP * x);
#else
    const floats samples = between_rows(above, below, weight, C_STEP * (x / 2 - 1));
#if RUN == 16
    const half_floats before = samples.lo, same = samples.s12345678, after = samples.s23456789;
#else
    const half_floats before = samples.lo, same = samples.s1234, after = samples.s2345;
#endif
    const float even = -0.5f * chroma_x, odd = even + 0.5f;
    const float even_off = even < 0.0f ? -even : even, odd_off = odd < 0.0f ? -odd : odd;
    return paired(same + even_off * ((even < 0.0f ? before : after) - same),
                  same + odd_off * ((odd < 0.0f ? before : after) - same));
#endif
}

#define IS_INSIDE (GLOBAL_X > 0 && ((GLOBAL_X + RUN) >> SHIFT_X) < chroma_width && GLOBAL_X + RUN <= width)

#endif

/* Rows start at `y_at`, `cb_at` and `cr_at`, `row_bytes` and `chroma_bytes` apart. The first chroma sample lies at
 * (chroma_x, chroma_y) in luma pixels. Encoded RGB is `offset` plus the samples times the other factors.
 */
KERNEL void yuv(GLOBAL const u8 *RESTRICT bytes, GLOBAL float *RESTRICT scene, int width, int pitch, int stride,
                int row_bytes, int chroma_bytes, int y_at, int cb_at, int cr_at, int chroma_width, int chroma_height,
                float chroma_x, float chroma_y, float of_y, float red_of_cr, float green_of_cb, float green_of_cr,
                float blue_of_cb, float offset_0, float offset_1, float offset_2, float rr, float rg, float rb,
                float gr, float gg, float gb, float br, float bg, float bb)
{
    if (GLOBAL_X >= width)
        return;
    const float row_at = ((float)GLOBAL_Y - chroma_y) * (1.0f / (1 << SHIFT_Y));
    const int before = (int)(row_at + 1.0f) - 1;
    const int above = chroma_bytes * within(before, chroma_height);
    const int below = chroma_bytes * within(before + 1, chroma_height);
    rows_of_samples rows;
    rows.luma = (GLOBAL const sample *)(bytes + y_at + GLOBAL_Y * row_bytes);
    rows.cb_above = (GLOBAL const sample *)(bytes + cb_at + above);
    rows.cb_below = (GLOBAL const sample *)(bytes + cb_at + below);
    rows.cr_above = (GLOBAL const sample *)(bytes + cr_at + above);
    rows.cr_below = (GLOBAL const sample *)(bytes + cr_at + below);
    rows.below = row_at - (float)before;
    floats y, cb, cr;
#if RUN > 1
    if (IS_INSIDE) {
        y = run_of(rows.luma + Y_STEP * GLOBAL_X, Y_STEP);
        cb = chroma_run(rows.cb_above, rows.cb_below, rows.below, GLOBAL_X, chroma_x);
        cr = chroma_run(rows.cr_above, rows.cr_below, rows.below, GLOBAL_X, chroma_x);
    } else
        for (int i = 0; i < RUN; ++i) {
            const int x = within(GLOBAL_X + i, width);
            y[i] = (float)rows.luma[Y_STEP * x];
            cb[i] = chroma_at(rows.cb_above, rows.cb_below, rows.below, x, chroma_x, chroma_width);
            cr[i] = chroma_at(rows.cr_above, rows.cr_below, rows.below, x, chroma_x, chroma_width);
        }
#else
    y = (float)rows.luma[Y_STEP * GLOBAL_X];
    cb = chroma_at(rows.cb_above, rows.cb_below, rows.below, GLOBAL_X, chroma_x, chroma_width);
    cr = chroma_at(rows.cr_above, rows.cr_below, rows.below, GLOBAL_X, chroma_x, chroma_width);
#endif
    const floats grey = of_y * y;
    const floats r = light_of(limited(grey + red_of_cr * cr + offset_0, 0.0f, 1.0f));
    const floats g = light_of(limited(grey + green_of_cb * cb + green_of_cr * cr + offset_1, 0.0f, 1.0f));
    const floats b = light_of(limited(grey + blue_of_cb * cb + offset_2, 0.0f, 1.0f));
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    STORE(scene, at, rr * r + rg * g + rb * b);
    STORE(scene, at + stride, gr * r + gg * g + gb * b);
    STORE(scene, at + 2 * stride, br * r + bg * g + bb * b);
}
