/* Before un-mixing: the tiles at depth edges in focus, and the depth map aligned to the picture there. The edge of a map is
 * often a pixel off: the contrast of the picture across it decides between hypotheses.
 */
#include "unmix.h"

/* The map is aligned to the picture by one of 11 hypotheses: shifts by up to a pixel, row by row, then a near surface
 * larger and smaller by a pixel. `edges` holds for each tile a mark; then the table of contrasts has for each tile and
 * hypothesis a sum, and the number of pairs of pixels.
 */
#define SHIFTS 9
#define WIDER SHIFTS
#define NARROWER (SHIFTS + 1)
#define HYPOTHESES (SHIFTS + 2)
#define UNCHANGED (SHIFTS / 2)
#define CONTRASTS (HYPOTHESES + 1)
#define MIN_PAIRS 20.0f   /* fewer pairs decide nothing */
#define MIN_GAIN 1.15f    /* smallest ratio of the contrasts of the best hypothesis and the unchanged map */
#define DARK 0.05f        /* light, in units, below which noise decides the contrast */

/* Marks the tiles with depth edges in focus in `edges`. `fronts` gets the smallest distance in and around each tile. */
KERNEL void find_edges(GLOBAL const float *RESTRICT depth, GLOBAL float *RESTRICT edges,
                       GLOBAL float *RESTRICT fronts, int width, int height, int pitch, int tiles_x, float coc_px,
                       float focus)
{
    const int first = (TILE_Y * TILE + PAD) * pitch + PAD + TILE_X * TILE;
    const Within in_focus = within(IN_FOCUS_PX, coc_px, focus);
    floats nearest = (floats)(UNLIMITED), last = (floats)(0.0f), front = nearest;
    for (int row = -AROUND; row < TILE + AROUND; ++row)
        for (int x = -AROUND; x < TILE + AROUND; x += RUN) {
            const floats metres = LOAD(depth, first + row * pitch + x);
            const ints is_around = x + LANES < TILE + AROUND;
            front = is_around ? lesser(metres, front) : front;
            nearest = (is_around & is_within(in_focus, metres)) ? lesser(metres, nearest) : nearest;
            last = is_around ? greater(metres, last) : last;
        }
    nearest = (floats)(-largest(-nearest));
    last = (floats)(largest(last));
    const float smallest = -largest(-front);
    if (IS_FIRST_ITEM) {
        fronts[TILE_Y * tiles_x + TILE_X] = smallest;
        edges[TILE_Y * tiles_x + TILE_X] = any_positive(indicator(is_edge(nearest, last, coc_px, focus))) ? 1.0f : 0.0f;
    }
}

/* Contrast of the light of a run and that `step` indices further, 0 to 3. */
FUNCTION floats contrast_at(GLOBAL const float *scene, int at, int step, int stride, float unit)
{
    floats sum = (floats)(0.0f);
    UNROLL for (int colour = 0; colour < 3; ++colour) {
        const floats here = greater(LOAD(scene, at + colour * stride), (floats)(0.0f));
        const floats next = greater(LOAD(scene, at + colour * stride + step), (floats)(0.0f));
        sum += absolute(here - next) / (here + next + DARK * unit);
    }
    return sum;
}

/* For the marked tiles, sums of the contrast across depth edges in focus, where each hypothesis places them. */
KERNEL void compare_maps(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT depth,
                         GLOBAL const float *RESTRICT edges, GLOBAL float *RESTRICT contrasts, int width, int height,
                         int pitch, int stride, int tiles_x, float unit, float coc_px, float focus)
{
#if RUN == 1
    LOCAL_FLOATS(shared, CONTRASTS * PART);
#endif
    if (edges[TILE_Y * tiles_x + TILE_X] <= 0.0f)
        return;
    const floats none = (floats)(0.0f);
    floats sums[CONTRASTS];
    UNROLL for (int part = 0; part < CONTRASTS; ++part)
        sums[part] = none;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP)
            for (int axis = 0; axis < 2; ++axis) {
                const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
                const int step = axis ? pitch : 1;
                const floats own = LOAD(depth, at), next = LOAD(depth, at + step), nearest = lesser(own, next);
                const floats pairs = indicator(is_edge(nearest, greater(own, next), coc_px, focus)
                                               & is_sharp(nearest, coc_px, focus));
                if (!any_positive(pairs))
                    continue;
                UNROLL for (int shift = 0; shift < SHIFTS; ++shift) {
                    const int from = at + (shift / 3 - 1) * pitch + shift % 3 - 1;
                    sums[shift] += pairs * contrast_at(scene, from, step, stride, unit);
                }
                const floats after = contrast_at(scene, at + step, step, stride, unit);
                const floats before = contrast_at(scene, at - step, step, stride, unit);
                sums[WIDER] += pairs * (own < next ? after : before);
                sums[NARROWER] += pairs * (own < next ? before : after);
                sums[HYPOTHESES] += pairs;
            }
    GLOBAL float *to = contrasts + (TILE_Y * tiles_x + TILE_X) * CONTRASTS;
#if RUN == 1
    for (int part = 0; part < CONTRASTS; ++part)
        shared[part * PART + ITEM] = sums[part];
    reduce(shared, CONTRASTS, CONTRASTS);
    for (int part = ITEM; part < CONTRASTS; part += TILE_ITEMS)
        to[part] = shared[part * PART];
#else
    for (int part = 0; part < CONTRASTS; ++part)
        to[part] = sum_of(sums[part]);
#endif
}

/* The hypothesis with the largest contrast in the 3x3 tiles around this one, if it clearly exceeds the unchanged map. */
FUNCTION int best_hypothesis(GLOBAL const float *edges, GLOBAL const float *contrasts, int height, int tiles_x)
{
    float sums[CONTRASTS];
    for (int part = 0; part < CONTRASTS; ++part)
        sums[part] = 0.0f;
    for (int y = TILE_Y > 0 ? TILE_Y - 1 : 0; y <= TILE_Y + 1 && y * TILE < height; ++y)
        for (int x = TILE_X > 0 ? TILE_X - 1 : 0; x <= TILE_X + 1 && x < tiles_x; ++x)
            for (int part = 0; edges[y * tiles_x + x] > 0.0f && part < CONTRASTS; ++part)
                sums[part] += contrasts[(y * tiles_x + x) * CONTRASTS + part];
    int best = UNCHANGED;
    for (int part = 0; part < HYPOTHESES; ++part) /* both sides of a thin surface are close: its size changes last */
        best = sums[part] > (part < SHIFTS ? 1.0f : MIN_GAIN) * sums[best] ? part : best;
    return sums[HYPOTHESES] >= MIN_PAIRS && sums[best] > MIN_GAIN * sums[UNCHANGED] ? best : UNCHANGED;
}

/* The depth map, aligned to the picture, in and around the marked tiles. */
KERNEL void align_map(GLOBAL const float *RESTRICT depth, GLOBAL float *RESTRICT sides,
                      GLOBAL const float *RESTRICT edges, GLOBAL const float *RESTRICT contrasts, int width, int height,
                      int pitch, int tiles_x)
{
    if (!is_beside_edges(edges, height, tiles_x, 2))
        return;
    const int best = best_hypothesis(edges, contrasts, height, tiles_x);
    const int back = best < SHIFTS ? (best / 3 - 1) * pitch + best % 3 - 1 : 0;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
            floats metres = LOAD(depth, at - back);
            for (int around = 0; best >= SHIFTS && around < 9; ++around) {
                const floats other = LOAD(depth, at + (around / 3 - 1) * pitch + around % 3 - 1);
                metres = best == WIDER ? lesser(metres, other) : greater(metres, other);
            }
            STORE(sides, at, metres);
        }
}
