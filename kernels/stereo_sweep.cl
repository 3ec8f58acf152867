/* Aggregates costs along paths in eight directions, in two sweeps of four: one work-item moves down the picture, the
 * other up. The state of a path is stored in its own slot, where its next pixel reads it: the previous rows are read
 * once, from a cache.
 */
#include "stereo.h"

/* Bit count of each of three bytes: ones and twos are counted separately. */
FUNCTION bytes pairs_of_bits(bytes b) { return b - ((b >> (bytes)1) & (bytes)0x55); }
FUNCTION bytes set_bits(bytes b)
{
    const bytes pairs = pairs_of_bits(b);
    const bytes fours = (pairs & (bytes)0x33) + ((pairs >> (bytes)2) & (bytes)0x33);
    return (fours + (fours >> (bytes)4)) & (bytes)0x0f;
}
FUNCTION bytes set_of_three(bytes a, bytes b, bytes c)
{
    const bytes two = a ^ b;
    return set_bits(two ^ c) + (bytes)2 * set_bits((a & b) | (two & c));
}

/* Mask of a part's disparities beyond `x` (at most 254), which fall left of the right picture. */
#define BEYOND(i, x) (BYTE_LANES + (bytes)((i) * BYTES) > (bytes)(x))

/* Advances a path by one pixel: computes its costs at this pixel, minus their minimum, and adds them to `sum`. */
FUNCTION void advance(bytes *path, const bytes *cost, bytes *sum, u8 jump)
{
    bytes next[PARTS];
    const bytes out = (bytes)200;
    UNROLL for (int i = 0; i < PARTS; ++i) {
        const bytes beside = FEWER(BEFORE(path, i, out), BEHIND(path, i, out)) + (bytes)STEP;
        next[i] = cost[i] + FEWER(FEWER(path[i], beside), (bytes)jump);
    }
    bytes minimum = next[0];
    UNROLL for (int i = 1; i < PARTS; ++i)
        minimum = FEWER(minimum, next[i]);
    const bytes lowest = (bytes)min_of_bytes(minimum);
    UNROLL for (int i = 0; i < PARTS; ++i) {
        path[i] = next[i] - lowest;
        sum[i] += path[i];
    }
}

FUNCTION void advance_slot(GLOBAL u8 *slot, const bytes *cost, bytes *sum, u8 jump)
{
    bytes path[PARTS];
    UNROLL for (int i = 0; i < PARTS; ++i)
        path[i] = LOAD_BYTES(slot, i * BYTES);
    advance(path, cost, sum, jump);
    UNROLL for (int i = 0; i < PARTS; ++i)
        STORE_BYTES(slot, i * BYTES, path[i]);
}

/* `left`: three planes of codes; `right`: output of census_right; `jump`: four planes; `slots`: three sets of width +
 * height paths per work-item; `sums`: one volume per work-item, disparities within pixels.
 */
KERNEL void sweep(GLOBAL const u8 *RESTRICT left, GLOBAL const u8 *RESTRICT right, GLOBAL const u8 *RESTRICT jump,
                  GLOBAL u8 *RESTRICT slots, GLOBAL u8 *RESTRICT sums, int width, int height, int pitch, int stride)
{
    const int is_up = GROUP_X;
    const int fan = (width + height) * DISPARITIES, right_pitch = pitch + DISPARITIES;
    GLOBAL u8 *paths = slots + is_up * 3 * fan;
    GLOBAL u8 *volume = sums + is_up * (width * height * DISPARITIES);
    for (int i = 0; i < 3 * fan; i += BYTES)
        STORE_BYTES(paths, i, (bytes)0);
    for (int row = 0; row < height; ++row) {
        const int y = is_up ? height - 1 - row : row;
        bytes along[PARTS];
        UNROLL for (int i = 0; i < PARTS; ++i)
            along[i] = (bytes)0;
        GLOBAL u8 *falling = paths + (height - 1 - row) * DISPARITIES;
        GLOBAL u8 *upright = paths + fan;
        GLOBAL u8 *rising = paths + 2 * fan + row * DISPARITIES;
        for (int column = 0; column < width; ++column) {
            const int x = is_up ? width - 1 - column : column;
            const int at = (y + PAD) * pitch + PAD + x;
            const bytes a = (bytes)left[at], b = (bytes)left[at + stride], c = (bytes)left[at + 2 * stride];
            GLOBAL const u8 *other = right + y * right_pitch + pitch - 1 - x;
            bytes cost[PARTS], sum[PARTS];
            UNROLL for (int i = 0; i < PARTS; ++i) {
                cost[i] = set_of_three(a ^ LOAD_BYTES(other, i * BYTES),
                                       b ^ LOAD_BYTES(other, i * BYTES + height * right_pitch),
                                       c ^ LOAD_BYTES(other, i * BYTES + 2 * height * right_pitch));
                sum[i] = (bytes)0;
            }
            if (x < DISPARITIES - 1)
                UNROLL for (int i = 0; i < PARTS; ++i)
                    cost[i] = BEYOND(i, x) ? (bytes)OUTSIDE : cost[i];
            advance(along, cost, sum, jump[at + is_up]);
            advance_slot(falling, cost, sum, jump[at + stride + is_up * (pitch + 1)]);
            advance_slot(upright, cost, sum, jump[at + 2 * stride + is_up * pitch]);
            advance_slot(rising, cost, sum, jump[at + 3 * stride + is_up * (pitch - 1)]);
            UNROLL for (int i = 0; i < PARTS; ++i)
                STREAM_BYTES(volume, (y * width + x) * DISPARITIES + i * BYTES, sum[i]);
            falling += DISPARITIES;
            upright += DISPARITIES;
            rising += DISPARITIES;
        }
    }
}
