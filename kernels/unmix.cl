/* Un-mixing at depth edges: a pixel that shows a part of a near surface in focus and a part of the surface behind it is
 * divided into the light of both before the blur. The pixel becomes one of the far surface, and the near light covers it
 * again after the blur.
 *
 * kernels/mixture.h describes the estimate. Thin surfaces have no pixel of their own: the second estimate weighs pixels by
 * the first.
 */
#include "mixture.h"

#define NEAR_FIRST 2     /* pixels from a mixed pixel in which both surfaces show their colours, */
#define NEAR_BY 3        /* in the first estimate and in the second */
#define PURE_LIT 0.02f   /* smaller parts of a pixel that show a lamp are noise */
#define IMPURE 0.01f     /* weight of a pixel next to the edge, relative to one that shows a single surface */

/* The planes of `sides`: aligned distance (0), weight for the first estimate (1), and after it weight (2) and distance (3).
 */
#define PURITY 1
#define REFINED 2

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
                const floats alpha =
                    mixture_at(scene, depth, depth, purities, at, pitch, stride, unit, gate, NEAR_FIRST).alpha;
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
                Mixture mixture = mixture_at(scene, depth, metres, weights, at, pitch, stride, unit, gate, NEAR_BY);
                const floats whole = mixture.is_lit ? (floats)(1.0f - PURE_LIT) : (floats)(1.0f - PURE);
                const floats alpha = mixture.alpha < PURE ? none : mixture.alpha > whole ? full : mixture.alpha;
                const ints is_divided = is_mixed & (alpha > 0.0f) & (alpha < 1.0f);
                mixture.alpha = alpha;
                floats far[3] = {light[0], light[1], light[2]};
                far_light(&mixture, far);
                UNROLL for (int colour = 0; colour < 3; ++colour)
                    light[colour] = is_divided ? far[colour] : light[colour];
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
