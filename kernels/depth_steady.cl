/* Temporal stabilization of distances at half the picture's size. Each pixel keeps a running mean of its surface's
 * measurements and restarts when the measurements depart from it (the test of E. S. Page, "Continuous inspection
 * schemes", Biometrika 41, 1954: a departure must persist).
 *
 * A distance that departs where the picture changed too, or together with all its neighbours, belongs to a moving
 * object: it is accepted at once. Otherwise it is probably an outlier or a ragged rim, and must occur twice in a row.
 *
 * A frame stores three planes in `state`: its appearance at half size (0 and 1), and the mean, in 1 / metres (2).
 */
#include "portable.h"
#include "depth.h"

#define SAME 4.0f /* standard deviations up to which neighbours may be one surface */
#define FULL_SUPPORT 7.0f /* pixels of nine, including itself, on one surface: no rim nearby */
#define CHANGED 0.06f /* difference in brightness and in tint; white has a brightness of 1.7 */
#define DEPARTS 4.0f /* standard deviations at which a distance has left the mean */
#define DEPARTS_MOVING 2.0f /* the same where the picture changed */

/* The square root of light at half size. */
FUNCTION floats root_of(GLOBAL const float *light, int at, int pitch)
{
#if RUN > 1
    const floats left = LOAD(light, at) + LOAD(light, at + pitch);
    const floats right = LOAD(light, at + RUN) + LOAD(light, at + RUN + pitch);
    const floats sum = (floats)(left.even + left.odd, right.even + right.odd);
#else
    const float sum = light[at] + light[at + 1] + (light[at + pitch] + light[at + pitch + 1]);
#endif
    return square_root(greater(0.25f * sum, (floats)(0.0f)));
}

/* Adds a neighbour to the sum and weights, weighted by the likelihood of the same surface. */
#define ADD(dx, dy)                                                                  \
    {                                                                                \
        const floats other = LOAD(nearness, at + (dy) * pitch + (dx));               \
        const floats departure = other * scale - scaled;                             \
        const floats weight = greater(1.0f - departure * departure, (floats)(0.0f)); \
        sum += weight * other;                                                       \
        weights += weight;                                                           \
    }

/* Mean of a pixel's own surface in its neighbourhood, and how many of the nine pixels lie on it. */
FUNCTION floats levelled(GLOBAL const float *nearness, int at, int pitch, float noise, floats *support)
{
    const floats here = LOAD(nearness, at);
    const floats scale = (1.0f / SAME) / deviation(here, noise);
    const floats scaled = here * scale;
    floats sum = here, weights = (floats)(1.0f);
    ADD(-1, -1)
    ADD(0, -1)
    ADD(1, -1)
    ADD(-1, 0)
    ADD(1, 0)
    ADD(-1, 1)
    ADD(0, 1)
    ADD(1, 1)
    *support = weights;
    return sum / weights;
}

/* Merges a picture and its map, `nearness`, into `state`. `memory` holds the weight of a pixel's mean in maps: 1 where
 * the picture changed, negative where the last map departed from the mean. Exact maps (`noise` 0) are read elsewhere:
 * only their picture's appearance is stored. `fresh`: no previous frame. `is_new`: the map is new; otherwise only the
 * picture is new.
 */
KERNEL void depth_steady(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT nearness,
                         GLOBAL float *RESTRICT state, GLOBAL float *RESTRICT memory, int scene_pitch, int scene_stride,
                         int pitch, int stride, float noise, float max_maps, int fresh, int is_new)
{
    const int fine = (2 * GLOBAL_Y + PAD) * scene_pitch + PAD + 2 * GLOBAL_X;
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const floats one = (floats)(1.0f);
    const floats red = root_of(scene, fine, scene_pitch);
    const floats green = root_of(scene, fine + scene_stride, scene_pitch);
    const floats blue = root_of(scene, fine + 2 * scene_stride, scene_pitch);
    const floats bright = brightness(red, green, blue), tinted = tint(red, blue);
    const floats change = absolute(bright - LOAD(state, at)) + absolute(tinted - LOAD(state, at + stride));
    STORE(state, at, bright);
    STORE(state, at + stride, tinted);
    const ints moving = change > CHANGED;
    if (noise <= 0.0f) {
        STORE(memory, at, moving ? one : (floats)(fresh ? 1.0f : 2.0f));
        return;
    }
    floats support;
    const floats measured = levelled(nearness, at, pitch, noise, &support);
    if (fresh) {
        STORE(state, at + 2 * stride, measured);
        STORE(memory, at, one);
        return;
    }
    const floats mean = LOAD(state, at + 2 * stride);
    const floats remembered = LOAD(memory, at);
    const floats departure = absolute(measured - mean) / deviation(lesser(measured, mean), noise);
    const ints departs = departure > (moving ? (floats)(DEPARTS_MOVING) : (floats)(DEPARTS));
    const ints leaves = departs & (moving | (remembered < 0.0f) | (support > FULL_SUPPORT));
    const floats maps = moving ? one : absolute(remembered);
    /* Drift of the whole surface is followed, faster at larger offsets. */
    const floats followed = limited(0.25f * (departure - 2.0f), 0.0f, 0.5f);
    const floats share = is_new ? greater(1.0f / (maps + 1.0f), followed) : (floats)(0.0f);
    const floats taken = leaves ? one : departs ? (floats)(0.0f) : share;
    STORE(state, at + 2 * stride, mean + taken * (measured - mean));
    const floats counted = lesser(maps + (is_new ? 1.0f : 0.0f), (floats)(max_maps));
    STORE(memory, at, leaves ? one : departs ? -maps : counted);
}
