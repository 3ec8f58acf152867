/* Spreads the points of each scale over their discs, coarse scales first, and composes the picture.
 *
 * A gather: each pixel asks its neighbours which of them reach it. That is the scatter, without races, and on a
 * surface of one depth it keeps the energy exactly.
 */
#include "portable.h"
#include "defocus.h"

#define EPSILON 1e-6f
#define NEAR_RADIUS 0.5f
#define UNLIMITED 1e6f

/* Offset of the outermost pixel in row dy that a disc of `radius` touches. */
FUNCTION int half_chord(float radius, int dy)
{
    const float left = radius * radius - (float)(dy * dy);
    return left > 0.0f ? (int)scalar_root(left) : 0;
}

/* Every offset (dx, dy) of a pixel that a disc of `radius` touches. */
#define FOR_TAPS(radius)                                                                                               \
    for (int dy = -(int)(radius); dy <= (int)(radius); ++dy)                                                           \
        for (int dx = -half_chord(radius, dy), last = -dx; dx <= last; ++dx)

/* One scale of one group: colour times weight and weight, with what the coarser scale has gathered added. Runs over the
 * border's columns too and one row of it above and below, which `doubled` looks at.
 */
KERNEL void spread_group(GLOBAL const float *RESTRICT group, GLOBAL const float *RESTRICT limit,
                         GLOBAL const float *RESTRICT tiles, GLOBAL const float *RESTRICT coarse,
                         GLOBAL float *RESTRICT gathered, int pitch, int stride, int limit_pitch, int tiles_x,
                         int tiles_y, int gathered_stride, int coarse_pitch, int coarse_stride, int is_coarsest,
                         int is_limited)
{
    const int row = GLOBAL_Y - 1 + PAD; /* rows and columns of the padded plane */
    const int at = row * pitch + GLOBAL_X;
    const float reach = reach_of_tiles(tiles, tiles_x, tiles_y, GLOBAL_X - PAD, row - PAD);
    const floats known = is_limited ? LOAD(limit, row * limit_pitch + GLOBAL_X) : (floats)(-1.0f);
    const floats most = known < 0.0f ? (floats)(UNLIMITED) : known;
    floats red = (floats)(0.0f), green = red, blue = red, weight = red;
    if (reach > 0.0f)
        FOR_TAPS(reach + 0.5f) {
            const int from = at + dy * pitch + dx;
            const float distance = scalar_root((float)(dx * dx + dy * dy));
            const floats covered = coverage(lesser(LOAD(group, from + 4 * stride), most), distance);
            red += covered * LOAD(group, from);
            green += covered * LOAD(group, from + stride);
            blue += covered * LOAD(group, from + 2 * stride);
            weight += covered * LOAD(group, from + 3 * stride);
        }
    if (!is_coarsest) {
        const int above = ((row + PAD) / 2) * coarse_pitch + (GLOBAL_X + PAD) / 2;
        const int step_y = row & 1 ? coarse_pitch : -coarse_pitch;
        red += doubled(coarse, above, step_y);
        green += doubled(coarse + coarse_stride, above, step_y);
        blue += doubled(coarse + 2 * coarse_stride, above, step_y);
        weight += doubled(coarse + 3 * coarse_stride, above, step_y);
    }
    STORE(gathered, at, red);
    STORE(gathered, at + gathered_stride, green);
    STORE(gathered, at + 2 * gathered_stride, blue);
    STORE(gathered, at + 3 * gathered_stride, weight);
}

/* The full size: spreads what is blurred little, adds what the scales have gathered, and lays near over the rest. */
KERNEL void compose(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT radius,
                    GLOBAL const float *RESTRICT spread, GLOBAL const float *RESTRICT near_tiles,
                    GLOBAL const float *RESTRICT rest_tiles, GLOBAL const float *RESTRICT near,
                    GLOBAL const float *RESTRICT rest, GLOBAL const float *RESTRICT backdrop,
                    GLOBAL float *RESTRICT picture, int pitch, int stride, int tiles_x, int tiles_y, int half_pitch,
                    int half_stride, float scale_reach, int has_near, int has_near_scales, int has_rest_scales)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const int half_at = (GLOBAL_Y / 2 + PAD) * half_pitch + PAD + GLOBAL_X / 2;
    const int step_y = GLOBAL_Y & 1 ? half_pitch : -half_pitch;
    const floats here = LOAD(radius, at);
    const ints is_near = here < -NEAR_RADIUS;
    const floats limit = is_near ? (floats)(UNLIMITED) : greater(here, (floats)(NEAR_RADIUS));

    /* What is blurred less than a pixel stays as it is: exactly. */
    const floats own = is_near ? (floats)(0.0f) : LOAD(spread, at) * coverage(absolute(here), 0.0f);
    floats red = own * LOAD(scene, at), green = own * LOAD(scene, at + stride);
    floats blue = own * LOAD(scene, at + 2 * stride), weight = own;
    const float rest_reach = reach_of_tiles(rest_tiles, tiles_x, tiles_y, GLOBAL_X, GLOBAL_Y);
    if (rest_reach > 0.0f)
        FOR_TAPS(rest_reach + 0.5f) {
            const int from = at + dy * pitch + dx;
            const float distance = scalar_root((float)(dx * dx + dy * dy));
            const floats r = LOAD(radius, from);
            const floats reaching = distance > 0.0f ? lesser(r, limit) : (floats)(-UNLIMITED);
            const floats covered = coverage(reaching, distance) * LOAD(spread, from);
            red += covered * LOAD(scene, from);
            green += covered * LOAD(scene, from + stride);
            blue += covered * LOAD(scene, from + 2 * stride);
            weight += covered;
        }
    if (has_rest_scales) {
        /* A point seen sharply is not covered by the blur of what lies behind it. */
        const floats open = limited((limit - NEAR_RADIUS) * (1.0f / scale_reach), 0.0f, 1.0f);
        red += open * doubled(rest, half_at, step_y);
        green += open * doubled(rest + half_stride, half_at, step_y);
        blue += open * doubled(rest + 2 * half_stride, half_at, step_y);
        weight += open * doubled(rest + 3 * half_stride, half_at, step_y);
    }
    /* Most places are neither hidden nor spilled over: a run that is not skips what it would read for it. */
    const floats hidden = greater(0.25f - weight, (floats)(0.0f));
    if (has_near && largest(hidden) > 0.0f) {
        const floats filled = hidden / greater(doubled(backdrop + 3 * half_stride, half_at, step_y), (floats)(EPSILON));
        red += filled * doubled(backdrop, half_at, step_y);
        green += filled * doubled(backdrop + half_stride, half_at, step_y);
        blue += filled * doubled(backdrop + 2 * half_stride, half_at, step_y);
        weight += hidden;
    }
    const floats scale = 1.0f / greater(weight, (floats)(EPSILON));
    red *= scale;
    green *= scale;
    blue *= scale;

    floats near_red = (floats)(0.0f), near_green = near_red, near_blue = near_red, near_weight = near_red;
    const float near_reach = has_near ? reach_of_tiles(near_tiles, tiles_x, tiles_y, GLOBAL_X, GLOBAL_Y) : 0.0f;
    if (near_reach > 0.0f)
        FOR_TAPS(near_reach + 0.5f) {
            const int from = at + dy * pitch + dx;
            const float distance = scalar_root((float)(dx * dx + dy * dy));
            const floats r = LOAD(radius, from);
            const floats covered = r < -NEAR_RADIUS ? coverage(-r, distance) * LOAD(spread, from) : (floats)(0.0f);
            near_red += covered * LOAD(scene, from);
            near_green += covered * LOAD(scene, from + stride);
            near_blue += covered * LOAD(scene, from + 2 * stride);
            near_weight += covered;
        }
    const floats scales_weight = has_near_scales ? doubled(near + 3 * half_stride, half_at, step_y) : (floats)(0.0f);
    if (has_near_scales && largest(scales_weight) > 0.0f) {
        near_red += doubled(near, half_at, step_y);
        near_green += doubled(near + half_stride, half_at, step_y);
        near_blue += doubled(near + 2 * half_stride, half_at, step_y);
        near_weight += scales_weight;
    }
    const floats opacity = lesser(near_weight, (floats)(1.0f));
    const floats near_scale = opacity / greater(near_weight, (floats)(EPSILON));
    STREAM(picture, at, red * (1.0f - opacity) + near_red * near_scale);
    STREAM(picture, at + stride, green * (1.0f - opacity) + near_green * near_scale);
    STREAM(picture, at + 2 * stride, blue * (1.0f - opacity) + near_blue * near_scale);
}
