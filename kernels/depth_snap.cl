/* Upsamples distances from half the picture's size to full size, with edges aligned to the picture's.
 *
 * Joint bilateral upsampling (J. Kopf et al., "Joint bilateral upsampling", SIGGRAPH 2007) with a vote instead of the
 * mean: around an edge each sample belongs to the nearer or the farther surface, and a pixel joins the samples of
 * similar appearance (mode instead of mean, as J. van de Weijer and R. van den Boomgaard, "Local mode filtering", CVPR
 * 2001). A mean would create rims of a third distance, which defocus would draw as halos.
 */
#include "portable.h"
#include "depth.h"

#define ALIKE 0.2f /* difference in appearance at which a sample has almost no vote */
#define MIN_VOTE 0.2f
#define KEPT_VOTE 1.0f /* vote for the previous frame's surface, where the picture is static */
#define ZONE 0.3f /* fraction of the range between both surfaces; samples in the middle have no vote */
#define CLEAR 0.68f /* fraction of samples with a vote where two surfaces meet; on a slope it is 2 ZONE */

/* Applied to each half-size pixel of the window: its index, column, row, and the weight of its distance. */
#define SAMPLES 25
#define WEIGHTS 12.84f /* sum of all weights */
#define FOR_EACH(DO)                                                                                                   \
    DO(1, -1, -2, 0.42f) DO(2, 0, -2, 0.5f) DO(3, 1, -2, 0.42f)                                                        \
    DO(5, -2, -1, 0.42f) DO(6, -1, -1, 0.75f) DO(7, 0, -1, 0.87f) DO(8, 1, -1, 0.75f) DO(9, 2, -1, 0.42f)              \
    DO(10, -2, 0, 0.5f) DO(11, -1, 0, 0.87f) DO(12, 0, 0, 1.0f) DO(13, 1, 0, 0.87f) DO(14, 2, 0, 0.5f)                 \
    DO(15, -2, 1, 0.42f) DO(16, -1, 1, 0.75f) DO(17, 0, 1, 0.87f) DO(18, 1, 1, 0.75f) DO(19, 2, 1, 0.42f)              \
    DO(21, -1, 2, 0.42f) DO(22, 0, 2, 0.5f) DO(23, 1, 2, 0.42f)

/* The same for the twelve voters for one of the four full-size pixels within the middle half-size pixel. `right` and
 * `down`, 0 or 1, select the pixel; indices and positions are those of the upper left one, shifted.
 */
#define MOVED(DO, i, dx, dy) DO((i) + right + 5 * down, (dx) + right, (dy) + down, 1.0f)
#define FOR_TWELVE(DO)                                                                                                 \
    MOVED(DO, 1, -1, -2) MOVED(DO, 2, 0, -2)                                                                           \
    MOVED(DO, 5, -2, -1) MOVED(DO, 6, -1, -1) MOVED(DO, 7, 0, -1) MOVED(DO, 8, 1, -1)                                  \
    MOVED(DO, 10, -2, 0) MOVED(DO, 11, -1, 0) MOVED(DO, 12, 0, 0) MOVED(DO, 13, 1, 0)                                  \
    MOVED(DO, 16, -1, 1) MOVED(DO, 17, 0, 1)

/* Samples of a window are `step` half-size pixels apart. */
#define TAP_AT(dx, dy) (at + ((dy) * pitch + (dx)) * step)

/* Stores two runs with interleaved pixels. */
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

/* The two surfaces around a half-size pixel, and each sample's side: above 0 for the nearer surface, below 0 for the
 * farther.
 */
typedef struct {
    floats nearer, farther, halfway;
    ints on_edge;
    floats sides[SAMPLES];
} Surfaces;

FUNCTION int some_of(ints lanes)
{
    return largest(lanes ? (floats)(1.0f) : (floats)(0.0f)) > 0.0f;
}

/* Returns whether any lane of a run lies on an edge; computes the neighbourhood only then. `edge` is the minimum ratio
 * of distances of an edge, unless it is a slope; `steep` is a ratio that is always an edge.
 */
FUNCTION int find_surfaces(Surfaces *s, GLOBAL const float *nearness, int at, int pitch, int step, float edge,
                           float steep)
{
    floats lowest = LOAD(nearness, at), highest = lowest;
#define BOUND(i, dx, dy, weight)                              \
    {                                                         \
        const floats tap_at = LOAD(nearness, TAP_AT(dx, dy)); \
        lowest = lesser(lowest, tap_at);                      \
        highest = greater(highest, tap_at);                   \
    }
    FOR_EACH(BOUND)
    const floats relative_range = (highest - lowest) / greater(lowest, (floats)(NOISE_FLOOR));
    s->on_edge = relative_range > edge - 1.0f;
    if (!some_of(s->on_edge))
        return 0;
    const floats none = (floats)(0.0f);
    const floats near_from = highest - ZONE * (highest - lowest);
    const floats far_to = lowest + ZONE * (highest - lowest);
    floats near_sum = none, near_weight = none, far_sum = none, far_weight = none;
#define SORT(i, dx, dy, weight)                                               \
    {                                                                         \
        const floats tap_at = LOAD(nearness, TAP_AT(dx, dy));                 \
        const floats in_near = tap_at >= near_from ? (floats)(weight) : none; \
        const floats in_far = tap_at <= far_to ? (floats)(weight) : none;     \
        near_sum += in_near * tap_at;                                         \
        near_weight += in_near;                                               \
        far_sum += in_far * tap_at;                                           \
        far_weight += in_far;                                                 \
        s->sides[i] = in_near - in_far;                                       \
    }
    FOR_EACH(SORT)
    s->nearer = near_sum / near_weight;
    s->farther = far_sum / far_weight;
    s->halfway = 0.5f * (s->nearer + s->farther);
    s->on_edge &= (near_weight + far_weight > CLEAR * WEIGHTS) | (relative_range > steep - 1.0f);
    return some_of(s->on_edge);
}

/* Vote of the previous frame. `memory` states where the picture has changed since. */
FUNCTION floats kept_vote(GLOBAL const float *memory, int at)
{
    return absolute(LOAD(memory, at)) > 1.5f ? (floats)(KEPT_VOTE) : (floats)(0.0f);
}

/* Adds a sample's vote, weighted by its similarity to the pixel. */
#define VOTE(i, dx, dy, weight)                                                                        \
    {                                                                                                  \
        const int from = TAP_AT(dx, dy);                                                               \
        const floats brighter = LOAD(guide, from) - bright;                                            \
        const floats redder = LOAD(guide, from + stride) - tinted;                                     \
        const floats like = 1.0f - (brighter * brighter + redder * redder) * (1.0f / (ALIKE * ALIKE)); \
        const floats vote = greater(like, (floats)(MIN_VOTE));                                         \
        votes += s.sides[i] * vote * vote;                                                             \
    }

/* A coarse map, with samples `step` half-size pixels apart, aligned to the edges of the picture at half size. `guide`
 * holds the picture's appearance in two planes, `planes` the distances from `offset` on, `snapped` those of the
 * previous frame.
 */
KERNEL void depth_snap_half(GLOBAL const float *RESTRICT guide, GLOBAL const float *RESTRICT planes,
                            GLOBAL const float *RESTRICT memory, GLOBAL float *snapped, int pitch, int stride,
                            int offset, int step, float edge, float steep)
{
    GLOBAL const float *nearness = planes + offset;
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    floats found = LOAD(nearness, at);
    Surfaces s;
    if (find_surfaces(&s, nearness, at, pitch, step, edge, steep)) {
        const floats bright = LOAD(guide, at), tinted = LOAD(guide, at + stride);
        const floats kept = kept_vote(memory, at);
        floats votes = LOAD(snapped, at) > s.halfway ? kept : -kept;
        FOR_EACH(VOTE)
        found = s.on_edge ? (votes >= 0.0f ? s.nearer : s.farther) : found;
    }
    STORE(snapped, at, found);
}

FUNCTION floats root_of(GLOBAL const float *scene, int at)
{
    return square_root(greater(LOAD_HALVED(scene, at), (floats)(0.0f)));
}

/* Full-size distances in metres from the half-size distances in `planes`, from `offset` on; `depth` holds those of the
 * previous frame. A work-item processes a run of half-size pixels, four full-size pixels each. Distances are clamped to
 * `min_nearness` and `max_nearness` 1 / m.
 */
KERNEL void depth_snap(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT guide,
                       GLOBAL const float *RESTRICT planes, GLOBAL const float *RESTRICT memory, GLOBAL float *depth,
                       int half_width, int pitch, int stride, int offset, int scene_pitch, int scene_stride, float edge,
                       float steep, float min_nearness, float max_nearness)
{
    if (GLOBAL_X >= half_width)
        return;
    const int step = 1;
    GLOBAL const float *nearness = planes + offset;
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    Surfaces s;
    const int has_edge = find_surfaces(&s, nearness, at, pitch, step, edge, steep);
    floats kept;
    if (has_edge)
        kept = kept_vote(memory, at);
#pragma unroll
    for (int down = 0; down < 2; ++down) {
        const int to = (2 * GLOBAL_Y + down + PAD) * scene_pitch + PAD + 2 * GLOBAL_X;
        const int next = at + (down ? pitch : -pitch);
        const floats before = 0.75f * LOAD(nearness, at - 1) + 0.25f * LOAD(nearness, next - 1);
        const floats middle = 0.75f * LOAD(nearness, at) + 0.25f * LOAD(nearness, next);
        const floats after = 0.75f * LOAD(nearness, at + 1) + 0.25f * LOAD(nearness, next + 1);
        floats pair[2];
        pair[0] = 0.75f * middle + 0.25f * before;
        pair[1] = 0.75f * middle + 0.25f * after;
#pragma unroll
        for (int right = 0; right < 2; ++right) {
            if (has_edge) {
                const floats red = root_of(scene, to + right);
                const floats green = root_of(scene, to + right + scene_stride);
                const floats blue = root_of(scene, to + right + 2 * scene_stride);
                const floats bright = brightness(red, green, blue), tinted = tint(red, blue);
                floats votes = LOAD_HALVED(depth, to + right) * s.halfway < 1.0f ? kept : -kept;
                FOR_TWELVE(VOTE)
                pair[right] = s.on_edge ? (votes >= 0.0f ? s.nearer : s.farther) : pair[right];
            }
            pair[right] = 1.0f / limited(pair[right], min_nearness, max_nearness);
        }
        store_turns(depth, to, pair[0], pair[1]);
    }
}
