/* Distances from half the picture's size to the whole, their edges along the picture's own.
 *
 * Joint bilateral upsampling (J. Kopf et al., "Joint bilateral upsampling", SIGGRAPH 2007) with a vote in place of its
 * mean: around an edge the samples belong to the nearer surface or to the farther, and a pixel goes with those that
 * look like it (the mode instead of the mean, as J. van de Weijer and R. van den Boomgaard, "Local mode filtering",
 * CVPR 2001). A mean would put rims of a third distance around things, which the defocus then draws as halos.
 */
#include "portable.h"
#include "depth.h"

#define ALIKE 0.2f /* difference of square roots of light at which a sample has hardly a vote left */
#define LEAST_VOTE 0.2f
#define KEPT_VOTE 1.0f /* for what a pixel was in the last frame, where the picture stands still */
#define ZONE 0.3f /* of the way from one surface to the other; what lies between has no vote */
#define CLEAR 0.68f /* share of the samples that have one where two surfaces meet; on a slope it is 2 ZONE */

/* What is done for each half pixel of the window: its number, column, row, and the weight of its distance. */
#define SAMPLES 25
#define WEIGHTS 12.84f /* the sum of all */
#define FOR_EACH(DO)                                                                                                   \
    DO(1, -1, -2, 0.42f) DO(2, 0, -2, 0.5f) DO(3, 1, -2, 0.42f)                                                        \
    DO(5, -2, -1, 0.42f) DO(6, -1, -1, 0.75f) DO(7, 0, -1, 0.87f) DO(8, 1, -1, 0.75f) DO(9, 2, -1, 0.42f)              \
    DO(10, -2, 0, 0.5f) DO(11, -1, 0, 0.87f) DO(12, 0, 0, 1.0f) DO(13, 1, 0, 0.87f) DO(14, 2, 0, 0.5f)                 \
    DO(15, -2, 1, 0.42f) DO(16, -1, 1, 0.75f) DO(17, 0, 1, 0.87f) DO(18, 1, 1, 0.75f) DO(19, 2, 1, 0.42f)              \
    DO(21, -1, 2, 0.42f) DO(22, 0, 2, 0.5f) DO(23, 1, 2, 0.42f)

/* The same for those that vote. Side by side the twelve around one pixel of the picture are enough: `right` and `down`,
 * 0 or 1, say which of the four in the middle it is; their numbers and places are those of the upper left one, moved.
 * Farther apart (COARSE), twelve would be moved too far.
 */
#ifdef COARSE
#define FOR_VOTERS FOR_EACH
#else
#define MOVED(DO, i, dx, dy) DO((i) + right + 5 * down, (dx) + right, (dy) + down, 1.0f)
#define FOR_VOTERS(DO)                                                                                                 \
    MOVED(DO, 1, -1, -2) MOVED(DO, 2, 0, -2)                                                                           \
    MOVED(DO, 5, -2, -1) MOVED(DO, 6, -1, -1) MOVED(DO, 7, 0, -1) MOVED(DO, 8, 1, -1)                                  \
    MOVED(DO, 10, -2, 0) MOVED(DO, 11, -1, 0) MOVED(DO, 12, 0, 0) MOVED(DO, 13, 1, 0)                                  \
    MOVED(DO, 16, -1, 1) MOVED(DO, 17, 0, 1)
#endif

#define THERE(dx, dy) (at + (dy) * row + (dx) * step)

/* Stores two runs whose pixels take turns. */
FUNCTION void store_turns(GLOBAL float *plane, int at, floats even, floats odd)
{
#if RUN > 1
    floats left, right;
    left.even = even.lo;
    left.odd = odd.lo;
    right.even = even.hi;
    right.odd = odd.hi;
    STORE(plane, at, left);
    STORE(plane, at + RUN, right);
#else
    plane[at] = even;
    plane[at + 1] = odd;
#endif
}

/* The two surfaces around a half pixel, and on which side each sample votes: above 0 for the nearer, below for the
 * farther.
 */
typedef struct {
    floats nearer, farther;
    ints are_clear;
    floats sides[SAMPLES];
} Surfaces;

FUNCTION void find_surfaces(Surfaces *s, GLOBAL const float *nearness, int at, int row, int step, floats lowest,
                            floats highest)
{
    const floats none = (floats)(0.0f);
    const floats near_from = highest - ZONE * (highest - lowest);
    const floats far_to = lowest + ZONE * (highest - lowest);
    floats near_sum = none, near_weight = none, far_sum = none, far_weight = none;
#define SORT(i, dx, dy, weight)                                                                                        \
    {                                                                                                                  \
        const floats there = LOAD(nearness, THERE(dx, dy));                                                            \
        const floats in_near = there >= near_from ? (floats)(weight) : none;                                           \
        const floats in_far = there <= far_to ? (floats)(weight) : none;                                               \
        near_sum += in_near * there;                                                                                   \
        near_weight += in_near;                                                                                        \
        far_sum += in_far * there;                                                                                     \
        far_weight += in_far;                                                                                          \
        s->sides[i] = in_near - in_far;                                                                                \
    }
    FOR_EACH(SORT)
    s->nearer = near_sum / near_weight;
    s->farther = far_sum / far_weight;
    s->are_clear = near_weight + far_weight > CLEAR * WEIGHTS;
}

/* The distance of one in four pixels of the picture: that of the surface whose samples look like it. */
FUNCTION floats voted(const Surfaces *s, GLOBAL const float *guide, int at, int row, int stride, int step, int right,
                      int down, floats red, floats green, floats blue, floats kept)
{
    floats votes = kept;
#define VOTE(i, dx, dy, weight)                                                                                        \
    {                                                                                                                  \
        const int from = THERE(dx, dy);                                                                                \
        const floats r = LOAD(guide, from) - red;                                                                      \
        const floats g = LOAD(guide, from + stride) - green;                                                           \
        const floats b = LOAD(guide, from + 2 * stride) - blue;                                                        \
        const floats like = 1.0f - (r * r + g * g + b * b) * (1.0f / (ALIKE * ALIKE));                                 \
        const floats vote = greater(like, (floats)(LEAST_VOTE));                                                       \
        votes += s->sides[i] * vote * vote;                                                                            \
    }
    FOR_VOTERS(VOTE)
    return votes >= 0.0f ? s->nearer : s->farther;
}

FUNCTION floats root_of(GLOBAL const float *scene, int at)
{
    return square_root(greater(LOAD_HALVED(scene, at), (floats)(0.0f)));
}

/* A work-item takes a run of half pixels, four of the picture each. `guide` holds their look in three planes, `planes`
 * their distances from `offset` on, and `memory` how long the picture has stood still; `depth` holds the distances of
 * the last frame. `step` is how many half pixels lie between the samples of a vote, `edge` the least ratio of distances
 * that is an edge, if it is no slope, and `steep` one that always is. Distances end at `least` and `most` 1 / m.
 */
KERNEL void depth_snap(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT guide,
                       GLOBAL const float *RESTRICT planes, GLOBAL const float *RESTRICT memory,
                       GLOBAL float *depth, int half_width, int half_pitch, int half_stride, int offset, int pitch,
                       int stride, int step, float edge, float steep, float least, float most)
{
    if (GLOBAL_X >= half_width)
        return;
    GLOBAL const float *nearness = planes + offset;
    const int at = (GLOBAL_Y + PAD) * half_pitch + PAD + GLOBAL_X;
    const int row = step * half_pitch;
    floats lowest = LOAD(nearness, at), highest = lowest;
#define BOUND(i, dx, dy, weight)                                                                                       \
    {                                                                                                                  \
        const floats there = LOAD(nearness, THERE(dx, dy));                                                            \
        lowest = lesser(lowest, there);                                                                                \
        highest = greater(highest, there);                                                                             \
    }
    FOR_EACH(BOUND)
    const floats apart = (highest - lowest) / greater(lowest, (floats)(NOISE_FLOOR));
    ints on_edge = apart > edge - 1.0f;
    int has_edge = largest(on_edge ? (floats)(1.0f) : (floats)(0.0f)) > 0.0f;
    Surfaces s;
    floats halfway, kept;
    if (has_edge) {
        find_surfaces(&s, nearness, at, row, step, lowest, highest);
        on_edge &= s.are_clear | (apart > steep - 1.0f);
        has_edge = largest(on_edge ? (floats)(1.0f) : (floats)(0.0f)) > 0.0f;
        halfway = 2.0f / (s.nearer + s.farther);
        kept = absolute(LOAD(memory, at)) > 1.5f ? (floats)(KEPT_VOTE) : (floats)(0.0f);
    }
#pragma unroll
    for (int down = 0; down < 2; ++down) {
        const int to = (2 * GLOBAL_Y + down + PAD) * pitch + PAD + 2 * GLOBAL_X;
        const int next = at + (down ? half_pitch : -half_pitch);
        const floats left = 0.75f * LOAD(nearness, at - 1) + 0.25f * LOAD(nearness, next - 1);
        const floats middle = 0.75f * LOAD(nearness, at) + 0.25f * LOAD(nearness, next);
        const floats right = 0.75f * LOAD(nearness, at + 1) + 0.25f * LOAD(nearness, next + 1);
        floats pair[2];
        pair[0] = 0.75f * middle + 0.25f * left;
        pair[1] = 0.75f * middle + 0.25f * right;
#pragma unroll
        for (int side = 0; side < 2; ++side) {
            if (has_edge) {
                const floats before = LOAD_HALVED(depth, to + side) < halfway ? kept : -kept;
                const floats snapped = voted(&s, guide, at, row, half_stride, step, side, down,
                                             root_of(scene, to + side), root_of(scene, to + side + stride),
                                             root_of(scene, to + side + 2 * stride), before);
                pair[side] = on_edge ? snapped : pair[side];
            }
            pair[side] = 1.0f / limited(pair[side], least, most);
        }
        store_turns(depth, to, pair[0], pair[1]);
    }
}
