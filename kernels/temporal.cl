/* Temporal noise reduction of a live mosaic: each site keeps a running mean of its light, and how many frames that is
 * worth (R. E. Kalman, "A new approach to linear filtering and prediction problems", 1960, for a constant): a frame
 * that agrees with the mean within the noise counts 1/(n + 1) of it, one that does not counts nearly all.
 *
 * Agreement is asked of the 5x5 sites around, in numbers whose noise is even (see noise.h): of their mean, which a
 * faint edge shifts long before it shows at one site, and of their mean square, which thin things shift that move
 * within the 25. And of a leaky sum over the last frames, since noise changes its sign from frame to frame and a drift
 * does not (E. S. Page, "Continuous inspection schemes", Biometrika 41, 1954; measured: still things gain as much
 * while faint edges leave half the ghost).
 */
#include "portable.h"
#include "noise.h"

#define ROWS 4 /* that a work-item takes: the sums of a row serve five of them */

#define KEPT 0.7f /* of the sum, from frame to frame */
#define KEPT_AT_MOST 4.0f /* standard deviations: what has left is forgotten soon */

/* How far the frame lies from the mean, in standard deviations of one frame's noise, added to what is kept of the
 * frames before; over the border too. The first frame, `fresh`, agrees.
 */
KERNEL void temporal_difference(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT mean,
                           GLOBAL float *RESTRICT apart, int pitch, int encoded, int fresh, float slope00,
                           float slope01, float slope10, float slope11, float offset)
{
    const int y = GLOBAL_Y;
    const int at = y * pitch + GLOBAL_X;
    const floats slopes = SLOPES(y);
    const floats now = level_of(LOAD(mosaic, at), encoded, slopes, offset)
                       - level_of(LOAD(mean, at), encoded, slopes, offset);
    const floats kept = limited(KEPT * LOAD(apart, at), -KEPT_AT_MOST, KEPT_AT_MOST);
    STORE(apart, at, fresh ? (floats)(0.0f) : now + kept);
}

/* The sum and the sum of squares of five sites in a row. */
FUNCTION void sum_row(GLOBAL const float *apart, int at, floats *sum, floats *squares)
{
    const floats a = LOAD(apart, at - 2), b = LOAD(apart, at - 1), c = LOAD(apart, at), d = LOAD(apart, at + 1);
    const floats e = LOAD(apart, at + 2);
    *sum = a + b + (c + d) + e;
    *squares = a * a + b * b + (c * c + d * d) + e * e;
}

/* The share of the new frame: its least, 1/(n + 1) or `least`, or more where it moved. */
FUNCTION floats share_of(floats sum, floats squares, floats frames, float least)
{
    /* The mean has noise of its own, and a leaky sum 1 / (1 - KEPT^2) times that of one frame. Of noise alone both
     * figures below are then 1 or less: the square of a normal number, and four of the standard deviations by which the
     * sum of 25 squares exceeds its expectation plus one. */
    const floats belief = (1.0f - KEPT * KEPT) * frames / (frames + 1.0f);
    const floats shifted = sum * sum * belief * (1.0f / 25.0f);
    const floats scattered = (squares * belief - 32.0f) * (4.0f / 7.0f);
    const floats moved = greater(shifted, scattered);
    return greater(greater(moved / (moved + 2.2f), (floats)(1.0f) / (frames + 1.0f)), (floats)(least));
}

/* Takes the frame into the mean. The first one, `fresh`, is the mean. */
KERNEL void temporal_update(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT apart,
                            GLOBAL float *RESTRICT mean, GLOBAL float *RESTRICT frames, int pitch, int encoded,
                            int fresh, float least)
{
    const int at = (ROWS * GLOBAL_Y + PAD) * pitch + GLOBAL_X;
    floats sum[ROWS + 4], squares[ROWS + 4];
    for (int i = 0; i < ROWS + 4; ++i)
        sum_row(apart, at + (i - 2) * pitch, &sum[i], &squares[i]);
    for (int i = 0; i < ROWS; ++i) {
        const int to = at + i * pitch;
        const floats given = LOAD(mosaic, to);
        const floats shifted = sum[i] + sum[i + 1] + sum[i + 2] + sum[i + 3] + sum[i + 4];
        const floats scattered = squares[i] + squares[i + 1] + squares[i + 2] + squares[i + 3] + squares[i + 4];
        const floats share = fresh ? (floats)(1.0f)
                                   : share_of(shifted, scattered, LOAD(frames, to), least);
        const floats before = decode(LOAD(mean, to), encoded);
        const floats light = before + share * (decode(given, encoded) - before);
        STORE(mean, to, share < 1.0f ? encode(light, encoded) : given);
        STORE(frames, to, 1.0f / share);
    }
}
