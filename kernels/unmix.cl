/* Un-mixing at depth edges: a pixel that shows a part of a near surface in focus and a part of the surface behind it is
 * divided into the light of both before the blur. The pixel becomes one of the far surface, and the near light covers it
 * again after the blur.
 *
 * The coverage is the most probable one (Y.-Y. Chuang, B. Curless, D. Salesin, R. Szeliski, "A Bayesian approach to
 * digital matting", CVPR 2001) for the mean and the variance of the light of both surfaces close to the pixel, with the
 * edge of the aligned depth map as the prior. `unit` is the light of a saturated photosite, so that the result is independent of
 * the exposure. Thin surfaces have no pixel of their own: the second estimate weighs pixels by the first.
 */
#include "unmix.h"

#define NEAR_FIRST 2     /* pixels from a mixed pixel in which both surfaces show their colours, */
#define NEAR_BY 3        /* in the first estimate and in the second */
#define IMPURE 0.01f     /* weight of a pixel next to the edge, relative to one that shows a single surface */
#define LAMP_CONTRAST 30.0f /* and its square exceeds the variance of their light by more */
#define WHITE 3.0f       /* sum of the colours of the brightest surface in focus, in units */
#define UNLIKE 1.0f      /* smallest square of the colour contrast, relative to the variance of the light */
#define BESIDE_FIRST 4.0f /* inverse of the largest squared distance of a mixture from the line between both colours, */
#define BESIDE 25.0f      /* relative to the squared contrast, in the first estimate and in the second */
#define PRIOR 0.15f      /* variance of the prior next to the map's edge, and a pixel away from it */
#define PRIOR_ALONE 0.02f

/* The planes of `sides`: aligned distance (0), weight for the first estimate (1), and after it weight (2) and distance (3).
 */
#define PURITY 1
#define REFINED 2

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

/* Mean and variance of the light of both surfaces around a run, before and from `gate` on. */
FUNCTION void sides_of(GLOBAL const float *scene, GLOBAL const float *metres, GLOBAL const float *weights, int at,
                       int pitch, int stride, floats gate, int reach, Side *near, Side *far)
{
    const floats none = (floats)(0.0f), tiny = (floats)(1e-12f);
    floats sums[10] = {none, none, none, none, none, none, none, none, tiny, tiny};
    for (int dy = -reach; dy <= reach; ++dy) {
        const int end = dy * dy == reach * reach ? 1 : dy * dy > 1 ? 2 : reach; /* a disc */
        for (int dx = -end; dx <= end; ++dx) {
            const float square = (float)(dx * dx + dy * dy);
            const int from = at + dy * pitch + dx;
            const floats red = LOAD(scene, from), green = LOAD(scene, from + stride);
            const floats blue = LOAD(scene, from + 2 * stride), power = red * red + green * green + blue * blue;
            const floats weight = absolute(LOAD(weights, from)) * (1.0f / (2.0f + square * square));
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
        }
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
}

/* A stem before a lamp shows the lamp's light in all of its pixels: near light above white is not that of a surface. */
FUNCTION void limit_to_white(Side *near, float unit)
{
    const floats level = near->light[0] + near->light[1] + near->light[2];
    const floats dimmed = level > WHITE * unit ? WHITE * unit / level : (floats)(1.0f);
    UNROLL for (int colour = 0; colour < 3; ++colour)
        near->light[colour] *= dimmed;
    near->variance *= dimmed * dimmed;
}

/* The mixtures of the run at index `at`, from pixels at the distances `metres` with these `weights`. Texture without
 * mixed pixels is not to change: the map decides where the light is not between that of both surfaces, or theirs is
 * alike.
 */
FUNCTION Mixture mixture_at(GLOBAL const float *scene, GLOBAL const float *depth, GLOBAL const float *metres,
                            GLOBAL const float *weights, int at, int pitch, int stride, float unit, floats gate,
                            int is_first)
{
    Mixture mixture;
    sides_of(scene, metres, weights, at, pitch, stride, gate, is_first ? NEAR_FIRST : NEAR_BY, &mixture.near,
             &mixture.far);
    const floats none = (floats)(0.0f), full = (floats)(1.0f);
    limit_to_white(&mixture.near, unit);
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
    if (!is_first)
        trust *= limited(contrast / (texture + 1e-6f * square) - UNLIKE, 0.0f, 1.0f);
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

/* Weight of each pixel for the first estimate, in and around the marked tiles. Those of mixed pixels are negative. */
KERNEL void weigh_pure(GLOBAL const float *RESTRICT scene, GLOBAL float *sides, GLOBAL const float *RESTRICT edges,
                       int width, int height, int pitch, int stride, int tiles_x, float unit, float coc_px, float focus)
{
    if (!is_beside_edges(edges, height, tiles_x, 1))
        return;
    const int is_marked = edges[TILE_Y * tiles_x + TILE_X] > 0.0f;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
            floats weight = usual(scene, at, stride, unit);
            if (is_marked) {
                const Distances around = distances_at(sides, at, pitch);
                const floats nearest = around.nearest, last = around.last;
                const ints is_mixed = is_edge(nearest, last, coc_px, focus) & is_sharp(nearest, coc_px, focus);
                const ints is_pure = (last <= EDGE_RATIO * nearest)
                                   | is_uniform(near_share(sides, at, pitch, around.gate));
                weight *= is_pure ? (floats)(1.0f) : (floats)(IMPURE);
                weight = is_mixed ? -weight : weight;
            }
            STORE(sides, at + PURITY * stride, weight);
        }
}

/* First estimate: the surface that covers most of each pixel, and the pixel's weight for the second one. */
KERNEL void find_mixed(GLOBAL const float *RESTRICT scene, GLOBAL float *sides, GLOBAL const float *RESTRICT edges,
                       int width, int height, int pitch, int stride, int tiles_x, float unit)
{
    if (!is_beside_edges(edges, height, tiles_x, 1))
        return;
    GLOBAL const float *depth = sides, *purities = sides + PURITY * stride;
    GLOBAL float *weights = sides + REFINED * stride, *metres = weights + stride;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
            const floats own = LOAD(depth, at), purity = LOAD(purities, at);
            const ints is_mixed = purity < 0.0f;
            floats weight = absolute(purity), moved = own;
            if (any_positive(-purity)) {
                const Distances around = distances_at(depth, at, pitch);
                const floats gate = around.gate;
                const floats alpha = mixture_at(scene, depth, depth, purities, at, pitch, stride, unit, gate, 1).alpha;
                const floats square = greater(alpha, 1.0f - alpha) * greater(alpha, 1.0f - alpha);
                const floats usual_here = usual(scene, at, stride, unit);
                const floats impure = (0.5f * square * square * square * square + 1e-4f) * usual_here;
                const floats to = alpha > 0.5f ? (own < gate ? own : around.nearest) : own < gate ? around.last : own;
                weight = (is_mixed & (weight < 0.5f * usual_here)) ? impure : weight;
                moved = is_mixed ? to : own;
            }
            STORE(weights, at, weight);
            STORE(metres, at, moved);
        }
}

/* Second estimate: divides the pixels of a near surface in focus and a surface behind it. */
KERNEL void divide_mixed(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT sides,
                         GLOBAL float *RESTRICT mixed, GLOBAL const float *RESTRICT edges, int width, int height,
                         int pitch, int stride, int tiles_x, float unit)
{
    if (edges[TILE_Y * tiles_x + TILE_X] <= 0.0f)
        return;
    GLOBAL const float *depth = sides, *purities = sides + PURITY * stride;
    GLOBAL const float *weights = sides + REFINED * stride, *metres = weights + stride;
    const floats none = (floats)(0.0f), full = (floats)(1.0f);
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
            const floats own = LOAD(depth, at), purity = LOAD(purities, at);
            const ints is_mixed = purity < 0.0f;
            floats light[3] = {LOAD(scene, at), LOAD(scene, at + stride), LOAD(scene, at + 2 * stride)};
            floats distance = own, coverage_here = none;
            if (any_positive(-purity)) {
                const Distances around = distances_at(depth, at, pitch);
                const floats gate = around.gate;
                Mixture mixture = mixture_at(scene, depth, metres, weights, at, pitch, stride, unit, gate, 0);
                const floats alpha = mixture.alpha < PURE ? none : mixture.alpha > 1.0f - PURE ? full : mixture.alpha;
                const ints is_divided = is_mixed & (alpha > 0.0f) & (alpha < 1.0f);
                mixture.alpha = alpha;
                UNROLL for (int colour = 0; colour < 3; ++colour)
                    light[colour] = is_divided ? far_light(&mixture, colour, light[colour]) : light[colour];
                const floats moved = alpha < 1.0f ? (own < gate ? around.last : own) : own < gate ? own : around.nearest;
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

/* Covers the blurred picture with the near light in focus, darkened towards the corners by the lens, and exchanges the
 * light and distances back.
 */
KERNEL void cover_mixed(GLOBAL float *RESTRICT scene, GLOBAL float *RESTRICT depth, GLOBAL const float *RESTRICT mixed,
                        GLOBAL const float *RESTRICT edges, GLOBAL float *RESTRICT picture, int width, int height,
                        int pitch, int stride, int tiles_x, float fall_1, float fall_2, float fall_3, float fall_4)
{
    if (edges[TILE_Y * tiles_x + TILE_X] <= 0.0f)
        return;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int x = FIRST_RUN; x < TILE; x += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + x;
            const floats alpha = TILE_X * TILE + x + LANES < width ? LOAD(mixed, at + COVERAGE * stride)
                                                                   : (floats)(0.0f);
            if (any_positive(alpha)) {
                const floats falloff = over_field(field_height(TILE_X * TILE + x, TILE_Y * TILE + row, width, height),
                                                  fall_1, fall_2, fall_3, fall_4);
                for (int from = at; from < at + 3 * stride; from += stride) {
                    const floats near = LOAD(mixed, from) - (1.0f - alpha) * LOAD(scene, from);
                    const floats behind_it = LOAD(picture, from);
                    const floats covered = falloff * greater(near, (floats)(0.0f)) + (1.0f - alpha) * behind_it;
                    STORE(picture, from, alpha > 0.0f ? covered : behind_it);
                }
            }
            for (int colour = 0; colour < 3; ++colour)
                STORE(scene, at + colour * stride, LOAD(mixed, at + colour * stride));
            STORE(depth, at, LOAD(mixed, at + DISTANCE * stride));
        }
}
