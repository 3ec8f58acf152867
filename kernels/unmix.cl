/* Un-mixing at depth edges: a pixel that shows a part of a near surface in focus and a part of the surface behind it is
 * divided into the light of both before the blur. The pixel becomes one of the far surface, and the near light covers it
 * again after the blur.
 *
 * The coverage is the most probable one (Y.-Y. Chuang, B. Curless, D. Salesin, R. Szeliski, "A Bayesian approach to
 * digital matting", CVPR 2001) for the mean and the variance of the light of both surfaces close to the pixel, with the
 * edge of the depth map as the prior. `unit` is the light of a saturated photosite, so that the result is independent of
 * the exposure. Thin surfaces have no pixel of their own: the second estimate weighs pixels by the
 * first.
 */
#include "portable.h"
#include "defocus.h"

#define EDGE_RATIO 1.15f /* a larger ratio of distances is a depth edge */
#define AROUND 2         /* pixels from a depth edge that may be mixed: the edge of a map is often a pixel off */
#define NEAR_BY 3        /* pixels from a mixed pixel in which both surfaces show their colours */
#define IMPURE 0.01f     /* weight of a pixel next to the edge, relative to one that shows a single surface */
#define PURE 0.06f       /* smaller parts of a pixel are noise */
#define LAMP 1.0f        /* a sum of colours that exceeds both surfaces by more units is a lamp behind the edge */
#define LAMP_CONTRAST 30.0f /* and its square exceeds the variance of their light by more */
#define UNLIKE 1.0f      /* smallest square of the colour contrast, relative to the variance of the light */
#define BESIDE_FIRST 4.0f /* inverse of the largest squared distance of a mixture from the line between both colours, */
#define BESIDE 25.0f      /* relative to the squared contrast, in the first estimate and in the second */
#define FLIPS 8.0f       /* pixels around that the first estimate moves to the other surface: the map's edge is off */
#define PRIOR 0.15f      /* variance of the prior next to the map's edge, and a pixel away from it */
#define PRIOR_ALONE 0.02f
#define NOISE 1e-5f      /* variance of the noise in black, in squared units, and its increase with light */
#define PHOTON_NOISE 7e-4f
#define IN_FOCUS_PX 1.0f /* largest blur radius of a near surface that covers single pixels */
#define MIN_STEP_PX 0.5f /* smallest step of the blur radius across an edge that is visible */

/* The planes of `mixed`: light (0 to 2), distance (3), and the coverage by near light in focus (4). The planes of `sides`:
 * weight for the first estimate (0), and after it weight (1) and distance (2).
 */
#define DISTANCE 3
#define COVERAGE 4
#define REFINED 1

typedef struct {
    floats light[3], variance;
} Side;

/* Mixed pixels of a run: both surfaces, and the coverage by the near one. `floor` is the noise in black. */
typedef struct {
    Side near, far;
    floats alpha;
    float floor;
    ints is_lamp;
} Mixture;

/* Distances up to AROUND pixels around each pixel of a run: smallest, largest, and `gate` between both surfaces. */
typedef struct {
    floats nearest, last, gate;
} Distances;

FUNCTION floats indicator(ints condition) { return condition ? (floats)(1.0f) : (floats)(0.0f); }

FUNCTION floats blur_at(floats metres, float coc_px, float focus) { return 0.5f * coc_px * (1.0f - focus / metres); }

FUNCTION ints is_sharp(floats metres, float coc_px, float focus)
{
    return absolute(blur_at(metres, coc_px, focus)) <= IN_FOCUS_PX;
}

FUNCTION ints is_edge(floats nearest, floats last, float coc_px, float focus)
{
    const floats step = blur_at(last, coc_px, focus) - blur_at(nearest, coc_px, focus);
    return (last > EDGE_RATIO * nearest) & (step > MIN_STEP_PX);
}

FUNCTION Distances distances_at(GLOBAL const float *depth, int at, int pitch)
{
    Distances around = {(floats)(UNLIMITED), (floats)(0.0f), (floats)(0.0f)};
    for (int dy = -AROUND; dy <= AROUND; ++dy)
        UNROLL for (int dx = -AROUND; dx <= AROUND; ++dx) {
            const floats metres = LOAD(depth, at + dy * pitch + dx);
            around.nearest = lesser(metres, around.nearest);
            around.last = greater(metres, around.last);
        }
    around.gate = 2.0f / (1.0f / around.nearest + 1.0f / around.last);
    return around;
}

/* Fraction of near pixels in the 3x3 pixels around each pixel of a run. */
FUNCTION floats near_share(GLOBAL const float *depth, int at, int pitch, floats gate)
{
    floats count = (floats)(0.0f);
    UNROLL for (int dy = -1; dy <= 1; ++dy)
        UNROLL for (int dx = -1; dx <= 1; ++dx)
            count += indicator(LOAD(depth, at + dy * pitch + dx) < gate);
    return count * (1.0f / 9.0f);
}

FUNCTION ints is_uniform(floats share) { return (share < 0.01f) | (share > 0.99f); }

/* Mean and variance of the light of both surfaces around a run, before and from `gate` on. Returns the number of pixels
 * around that `metres` moves to the other surface.
 */
FUNCTION floats sides_of(GLOBAL const float *scene, GLOBAL const float *depth, GLOBAL const float *metres,
                         GLOBAL const float *weights, int at, int pitch, int stride, floats gate, int is_first,
                         Side *near, Side *far)
{
    const floats none = (floats)(0.0f), least = (floats)(1e-12f);
    floats sums[10] = {none, none, none, none, none, none, none, none, least, least}, flips = none;
    for (int dy = -NEAR_BY; dy <= NEAR_BY; ++dy)
        UNROLL for (int dx = -NEAR_BY; dx <= NEAR_BY; ++dx) {
            const float square = (float)(dx * dx + dy * dy);
            const int from = at + dy * pitch + dx;
            const floats red = LOAD(scene, from), green = LOAD(scene, from + stride);
            const floats blue = LOAD(scene, from + 2 * stride), power = red * red + green * green + blue * blue;
            const floats weight = LOAD(weights, from) * (1.0f / (1.0f + square * square));
            const ints is_near = LOAD(metres, from) < gate;
            const floats of_near = is_near ? weight : none, of_far = is_near ? none : weight;
            sums[0] += of_near * red;
            sums[1] += of_near * green;
            sums[2] += of_near * blue;
            sums[3] += of_near * power;
            sums[4] += of_far * red;
            sums[5] += of_far * green;
            sums[6] += of_far * blue;
            sums[7] += of_far * power;
            sums[8] += of_near;
            sums[9] += of_far;
            if (!is_first)
                flips += indicator(is_near ^ (LOAD(depth, from) < gate));
        }
    UNROLL for (int side = 0; side < 2; ++side) {
        Side *to = side ? far : near;
        const floats per_weight = 1.0f / sums[8 + side];
        floats variance = sums[4 * side + 3] * per_weight;
        UNROLL for (int colour = 0; colour < 3; ++colour) {
            to->light[colour] = sums[4 * side + colour] * per_weight;
            variance -= to->light[colour] * to->light[colour];
        }
        to->variance = greater(variance, none) * (1.0f / 3.0f);
    }
    return flips;
}

/* The mixtures of the run at index `at`, from pixels at the distances `metres` with these `weights`. Texture without
 * mixed pixels is not to change: the map decides where the light is not between that of both surfaces, or theirs is
 * alike. The map is in doubt where the first estimate moved its edge.
 */
FUNCTION Mixture mixture_at(GLOBAL const float *scene, GLOBAL const float *depth, GLOBAL const float *metres,
                            GLOBAL const float *weights, int at, int pitch, int stride, float unit, floats gate,
                            int is_first)
{
    Mixture mixture;
    const floats flips = sides_of(scene, depth, metres, weights, at, pitch, stride, gate, is_first, &mixture.near,
                                  &mixture.far);
    const floats none = (floats)(0.0f), full = (floats)(1.0f);
    const float square = unit * unit;
    floats along = none, contrast = (floats)(1e-6f * square), away = none, over = none, level = none;
    UNROLL for (int colour = 0; colour < 3; ++colour) {
        const floats near = mixture.near.light[colour], far = mixture.far.light[colour];
        const floats own = LOAD(scene, at + colour * stride);
        along += (near - far) * (own - far);
        away += (own - far) * (own - far);
        contrast += (near - far) * (near - far);
        over += own - greater(near, far);
        level += greater(own, none);
    }
    const floats is_near = indicator(LOAD(depth, at) < gate), share = near_share(depth, at, pitch, gate);
    const ints is_alone = is_uniform(share);
    const floats texture = mixture.near.variance + mixture.far.variance;
    const floats noise = NOISE * square + PHOTON_NOISE * unit * level;
    const floats beside = away - along * along / contrast - noise;
    floats trust = limited(2.0f - (is_first ? BESIDE_FIRST : BESIDE) * beside / contrast, 0.0f, 1.0f);
    if (!is_first) {
        trust *= limited(contrast / (texture + 1e-6f * square) - UNLIKE, 0.0f, 1.0f);
        trust = greater(limited(0.25f * (flips - FLIPS), 0.0f, 1.0f), trust);
    }
    mixture.is_lamp = (over > LAMP * unit) & (over * over > LAMP_CONTRAST * texture);
    const floats towards = is_alone ? none : mixture.is_lamp ? full : trust;
    const floats prior = is_near + 0.5f * towards * (share - is_near);
    const floats variance = prior * prior * mixture.near.variance
                          + (1.0f - prior) * (1.0f - prior) * mixture.far.variance + noise;
    const floats certainty = variance / ((is_alone ? (floats)(PRIOR_ALONE) : (floats)(PRIOR)) * trust + 1e-5f);
    mixture.floor = NOISE * square;
    mixture.alpha = mixture.is_lamp ? prior : limited((along + prior * certainty) / (contrast + certainty), 0.0f, 1.0f);
    return mixture;
}

/* Most probable light of the far surface in a mixture, whose light is `own`. */
FUNCTION floats far_light(const Mixture *mixture, int colour, floats own)
{
    const floats alpha = mixture->alpha, through = 1.0f - alpha;
    const floats rest = own - alpha * mixture->near.light[colour], variance = through * mixture->far.variance;
    const floats noise = alpha * alpha * mixture->near.variance + through * variance + mixture->floor;
    const floats far = mixture->far.light[colour], probable = far + variance * (rest - through * far) / noise;
    return greater(mixture->is_lamp ? rest / greater(through, (floats)(0.15f)) : probable, (floats)(0.0f));
}

/* Marks the tiles with depth edges in focus in `edges`. */
KERNEL void find_edges(GLOBAL const float *RESTRICT depth, GLOBAL float *RESTRICT edges, int width, int height,
                       int pitch, int tiles_x, float coc_px, float focus)
{
    const int first = (TILE_Y * TILE + PAD) * pitch + PAD + TILE_X * TILE;
    floats nearest = (floats)(UNLIMITED), last = (floats)(0.0f);
    for (int row = -AROUND; row < TILE + AROUND; ++row)
        for (int x = -AROUND; x < TILE + AROUND; x += RUN) {
            const floats metres = LOAD(depth, first + row * pitch + x);
            nearest = is_sharp(metres, coc_px, focus) ? lesser(metres, nearest) : nearest;
            last = greater(metres, last);
        }
    const floats least = (floats)(-largest(-nearest)), most = (floats)(largest(last));
    if (IS_FIRST_ITEM)
        edges[TILE_Y * tiles_x + TILE_X] = any_positive(indicator(is_edge(least, most, coc_px, focus))) ? 1.0f : 0.0f;
}

/* Whether a tile with depth edges in focus lies in the 3x3 tiles around this one. */
FUNCTION int is_beside_edges(GLOBAL const float *edges, int height, int tiles_x)
{
    float found = 0.0f;
    for (int y = TILE_Y > 0 ? TILE_Y - 1 : 0; y <= TILE_Y + 1 && y * TILE < height; ++y)
        for (int x = TILE_X > 0 ? TILE_X - 1 : 0; x <= TILE_X + 1 && x < tiles_x; ++x)
            found += edges[y * tiles_x + x];
    return found > 0.0f;
}

/* Weight of each pixel for the first estimate, in and around the marked tiles. */
KERNEL void weigh_pure(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT depth,
                       GLOBAL float *RESTRICT sides, GLOBAL const float *RESTRICT edges, int width, int height,
                       int pitch, int stride, int tiles_x, float unit)
{
    if (!is_beside_edges(edges, height, tiles_x))
        return;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
            const Distances around = distances_at(depth, at, pitch);
            const ints is_pure = (around.last <= EDGE_RATIO * around.nearest)
                               | is_uniform(near_share(depth, at, pitch, around.gate));
            const floats level = (LOAD(scene, at) + LOAD(scene, at + stride) + LOAD(scene, at + 2 * stride)) / unit;
            STORE(sides, at, (is_pure ? (floats)(1.0f) : (floats)(IMPURE)) / (1.0f + level * level));
        }
}

/* First estimate: the surface that covers most of each pixel, and the pixel's weight for the second one. */
KERNEL void find_mixed(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT depth,
                       GLOBAL float *RESTRICT sides, GLOBAL const float *RESTRICT edges, int width, int height,
                       int pitch, int stride, int tiles_x, float unit, float coc_px, float focus)
{
    if (!is_beside_edges(edges, height, tiles_x))
        return;
    GLOBAL float *weights = sides + REFINED * stride, *metres = weights + stride;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
            const Distances around = distances_at(depth, at, pitch);
            const floats nearest = around.nearest, last = around.last, own = LOAD(depth, at), gate = around.gate;
            const ints is_mixed = is_edge(nearest, last, coc_px, focus) & is_sharp(nearest, coc_px, focus);
            const floats level = (LOAD(scene, at) + LOAD(scene, at + stride) + LOAD(scene, at + 2 * stride)) / unit;
            const floats tame = 1.0f / (1.0f + level * level);
            floats weight = tame, moved = own;
            if (any_positive(indicator(is_mixed))) {
                const floats alpha = mixture_at(scene, depth, depth, sides, at, pitch, stride, unit, gate, 1).alpha;
                const floats fourth = greater(alpha, 1.0f - alpha) * greater(alpha, 1.0f - alpha);
                const floats impure = (0.5f * fourth * fourth * fourth * fourth + 1e-4f) * tame;
                weight = is_mixed & (LOAD(sides, at) < 0.5f * tame) ? impure : tame;
                const floats to = alpha > 0.5f ? (own < gate ? own : nearest) : own < gate ? last : own;
                moved = is_mixed ? to : own;
            }
            STORE(weights, at, weight);
            STORE(metres, at, moved);
        }
}

/* Second estimate: divides the pixels of a near surface in focus and a surface behind it. */
KERNEL void divide_mixed(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT depth,
                         GLOBAL const float *RESTRICT sides, GLOBAL float *RESTRICT mixed,
                         GLOBAL const float *RESTRICT edges, int width, int height, int pitch, int stride, int tiles_x,
                         float unit, float coc_px, float focus)
{
    if (edges[TILE_Y * tiles_x + TILE_X] <= 0.0f)
        return;
    GLOBAL const float *weights = sides + REFINED * stride, *metres = weights + stride;
    const floats none = (floats)(0.0f), full = (floats)(1.0f);
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
            const Distances around = distances_at(depth, at, pitch);
            const floats nearest = around.nearest, last = around.last, own = LOAD(depth, at), gate = around.gate;
            const ints is_mixed = is_edge(nearest, last, coc_px, focus) & is_sharp(nearest, coc_px, focus);
            floats light[3] = {LOAD(scene, at), LOAD(scene, at + stride), LOAD(scene, at + 2 * stride)};
            floats distance = own, coverage_here = none;
            if (any_positive(indicator(is_mixed))) {
                Mixture mixture = mixture_at(scene, depth, metres, weights, at, pitch, stride, unit, gate, 0);
                const floats alpha = mixture.alpha < PURE ? none : mixture.alpha > 1.0f - PURE ? full : mixture.alpha;
                const ints is_divided = is_mixed & (alpha > 0.0f) & (alpha < 1.0f);
                mixture.alpha = alpha;
                UNROLL for (int colour = 0; colour < 3; ++colour)
                    light[colour] = is_divided ? far_light(&mixture, colour, light[colour]) : light[colour];
                const floats moved = alpha < 1.0f ? (own < gate ? last : own) : own < gate ? own : nearest;
                distance = is_mixed ? moved : own;
                coverage_here = is_divided ? alpha : none;
            }
            UNROLL for (int colour = 0; colour < 3; ++colour)
                STORE(mixed, at + colour * stride, light[colour]);
            STORE(mixed, at + DISTANCE * stride, distance);
            STORE(mixed, at + COVERAGE * stride, coverage_here);
        }
}

/* Exchanges the light and distances of the marked tiles for those in `mixed`. */
KERNEL void exchange_mixed(GLOBAL float *RESTRICT scene, GLOBAL float *RESTRICT depth, GLOBAL float *RESTRICT mixed,
                           GLOBAL const float *RESTRICT edges, int width, int height, int pitch, int stride,
                           int tiles_x)
{
    if (edges[TILE_Y * tiles_x + TILE_X] <= 0.0f)
        return;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
            UNROLL for (int plane = 0; plane <= DISTANCE; ++plane) {
                GLOBAL float *other = plane < DISTANCE ? scene + at + plane * stride : depth + at;
                const floats here = LOAD(other, 0);
                STORE(other, 0, LOAD(mixed, at + plane * stride));
                STORE(mixed, at + plane * stride, here);
            }
        }
}

/* Covers the blurred picture with the near light in focus, darkened towards the corners by the lens. The planes hold
 * exchanged values.
 */
KERNEL void cover_mixed(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT mixed,
                        GLOBAL const float *RESTRICT edges, GLOBAL float *RESTRICT picture, int width, int height,
                        int pitch, int stride, int tiles_x, float fall_1, float fall_2, float fall_3, float fall_4)
{
    if (edges[TILE_Y * tiles_x + TILE_X] <= 0.0f)
        return;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP) {
        for (int x = FIRST_RUN; x < TILE; x += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + x;
            const floats alpha = TILE_X * TILE + x + LANES < width ? LOAD(mixed, at + COVERAGE * stride)
                                                                   : (floats)(0.0f);
            if (!any_positive(alpha))
                continue;
            const floats falloff = over_field(field_height(TILE_X * TILE + x, TILE_Y * TILE + row, width, height),
                                              fall_1, fall_2, fall_3, fall_4);
            for (int colour = 0; colour < 3; ++colour) {
                const int from = at + colour * stride;
                const floats near = LOAD(mixed, from) - (1.0f - alpha) * LOAD(scene, from);
                const floats behind_it = LOAD(picture, from);
                const floats covered = falloff * greater(near, (floats)(0.0f)) + (1.0f - alpha) * behind_it;
                STORE(picture, from, alpha > 0.0f ? covered : behind_it);
            }
        }
    }
}
