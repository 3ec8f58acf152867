/* Temporal noise reduction of a live mosaic. Each photosite keeps a running mean of its light and the number of frames
 * in it (R. E. Kalman, "A new approach to linear filtering and prediction problems", 1960, for a constant). A frame
 * that agrees with the mean within the noise has the weight 1/(n + 1); a frame that does not has almost full weight.
 *
 * Agreement is tested over the 5x5 neighbouring photosites, on variance-stabilized values (see noise.h): by their mean,
 * which a faint edge shifts long before it is visible at one photosite, and by their mean square, which thin moving
 * objects within the 25 shift. It also uses a leaky sum over the last frames, since noise changes its sign from frame
 * to frame and drift does not (E. S. Page, "Continuous inspection schemes", Biometrika 41, 1954; measured: static
 * objects gain as much while faint edges leave half the ghost).
 */
#include "portable.h"
#include "noise.h"

#define ROWS 4 /* per work-item: the sums of a row serve five rows */

#define KEPT 0.7f /* decay of the leaky sum per frame */
#define KEPT_AT_MOST 4.0f /* clamp in standard deviations, so that departures decay quickly */

/* Difference between the frame and the mean, in standard deviations of one frame's noise, added to the leaky sum; the
 * border included. The first frame, `fresh`, has no difference.
 */
KERNEL void temporal_difference(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT mean,
                                GLOBAL float *RESTRICT deviation, int pitch, int encoded, int fresh, float slope00,
                                float slope01, float slope10, float slope11, float offset)
{
    const int y = GLOBAL_Y;
    const int at = y * pitch + GLOBAL_X;
    const floats slopes = SLOPES(y);
    const floats now = level_of(LOAD(mosaic, at), encoded, slopes, offset)
                       - level_of(LOAD(mean, at), encoded, slopes, offset);
    const floats kept = limited(KEPT * LOAD(deviation, at), -KEPT_AT_MOST, KEPT_AT_MOST);
    STORE(deviation, at, fresh ? (floats)(0.0f) : now + kept);
}

/* The sum and the sum of squares of five photosites in a row. */
FUNCTION void sum_row(GLOBAL const float *deviation, int at, floats *sum, floats *squares)
{
    const floats a = LOAD(deviation, at - 2), b = LOAD(deviation, at - 1), c = LOAD(deviation, at);
    const floats d = LOAD(deviation, at + 1), e = LOAD(deviation, at + 2);
    *sum = a + b + (c + d) + e;
    *squares = a * a + b * b + (c * c + d * d) + e * e;
}

/* Weight of the new frame: at least 1/(n + 1) and `min_share`, more where the picture moved. */
FUNCTION floats share_of(floats sum, floats squares, floats frames, float min_share)
{
    /* The noise of the mean adds to the frame's noise; a leaky sum has 1 / (1 - KEPT^2) times one frame's noise. For
     * pure noise both values below are 1 or less: the square of a normal variable, and four times the excess of the sum
     * of 25 squares over its expectation plus one, in standard deviations. */
    const floats confidence = (1.0f - KEPT * KEPT) * frames / (frames + 1.0f);
    const floats shifted = sum * sum * confidence * (1.0f / 25.0f);
    const floats scattered = (squares * confidence - 32.0f) * (4.0f / 7.0f);
    const floats moved = greater(shifted, scattered);
    return greater(greater(moved / (moved + 2.2f), (floats)(1.0f) / (frames + 1.0f)), (floats)(min_share));
}

/* Merges the frame into the mean. The first one, `fresh`, becomes the mean. */
KERNEL void temporal_update(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT deviation,
                            GLOBAL float *RESTRICT mean, GLOBAL float *RESTRICT frames, int pitch, int encoded,
                            int fresh, float min_share)
{
    const int at = (ROWS * GLOBAL_Y + PAD) * pitch + GLOBAL_X;
    floats sum[ROWS + 4], squares[ROWS + 4];
    for (int i = 0; i < ROWS + 4; ++i)
        sum_row(deviation, at + (i - 2) * pitch, &sum[i], &squares[i]);
    for (int i = 0; i < ROWS; ++i) {
        const int to = at + i * pitch;
        const floats current = LOAD(mosaic, to);
        const floats shifted = sum[i] + sum[i + 1] + sum[i + 2] + sum[i + 3] + sum[i + 4];
        const floats scattered = squares[i] + squares[i + 1] + squares[i + 2] + squares[i + 3] + squares[i + 4];
        const floats share = fresh ? (floats)(1.0f)
                                   : share_of(shifted, scattered, LOAD(frames, to), min_share);
        const floats before = decode(LOAD(mean, to), encoded);
        const floats light = before + share * (decode(current, encoded) - before);
        STORE(mean, to, share < 1.0f ? encode(light, encoded) : current);
        STORE(frames, to, 1.0f / share);
    }
}
