/* Un-mixing, last step: the far surface is continued behind the edge of a near surface in focus, whose pixels then cover
 * it as a whole. So the far light is spread as if nothing was in front of it, also through stems and leaves that have few
 * pixels of their own.
 *
 * The blur of a surface in front covers near pixels, which would cover it: where it reaches them they stay as they are.
 *
 * The hidden light is the mean of the first pixels in eight directions, by inverse squared distance (D. Shepard, "A
 * two-dimensional interpolation function", 1968). Of several far surfaces, the most distant one continues.
 */
#include "unmix.h"

#define BEHIND_PX 4 /* pixels from the edge up to which the far surface continues */
#define BRIGHTEST 6.0f /* largest sum of the colours of hidden light, in units: a lamp does not continue */
#define BLOCK 2 /* tiles on each side of a block */

/* The smallest distance in each block of tiles. */
KERNEL void join_fronts(GLOBAL const float *RESTRICT fronts, GLOBAL float *RESTRICT blocks, int height, int tiles_x,
                        int blocks_x)
{
    if (GROUP_X >= blocks_x)
        return;
    float smallest = UNLIMITED;
    for (int y = GLOBAL_Y * BLOCK; y < (GLOBAL_Y + 1) * BLOCK && y * TILE < height; ++y)
        for (int x = GROUP_X * BLOCK; x < (GROUP_X + 1) * BLOCK && x < tiles_x; ++x) {
            const float here = fronts[y * tiles_x + x];
            smallest = here < smallest ? here : smallest;
        }
    blocks[GLOBAL_Y * blocks_x + GROUP_X] = smallest;
}

/* Pixels between tile `tile` and the closest tile of block `block`, in one direction. */
FUNCTION float pixels_between(int tile, int block)
{
    const int before = block * BLOCK - tile - 1, after = tile - (block + 1) * BLOCK;
    return before > 0 ? (float)(before * TILE) : after > 0 ? (float)(after * TILE) : 0.0f;
}

/* Whether the blur of a surface in front of the focus may reach a tile. */
FUNCTION int is_behind_blur(GLOBAL const float *blocks, int blocks_x, int height, float coc_px, float focus,
                            float max_radius)
{
    const int reach = (int)(max_radius / (float)(BLOCK * TILE)) + 1, own_x = TILE_X / BLOCK, own_y = TILE_Y / BLOCK;
    const Within in_focus = within(IN_FOCUS_PX, coc_px, focus);
    for (int y = own_y > reach ? own_y - reach : 0; y <= own_y + reach && y * BLOCK * TILE < height; ++y)
        for (int x = own_x > reach ? own_x - reach : 0; x <= own_x + reach && x < blocks_x; ++x) {
            const float metres = blocks[y * blocks_x + x];
            if (metres >= in_focus.from)
                continue;
            const float size = 0.5f * coc_px * (focus / metres - 1.0f), limit = size < max_radius ? size : max_radius;
            const float dx = pixels_between(TILE_X, x), dy = pixels_between(TILE_Y, y);
            if (dx * dx + dy * dy <= (limit + 1.0f) * (limit + 1.0f))
                return 1;
        }
    return 0;
}

/* The most distant surface found, and sums over its directions: their weight, and colours. */
typedef struct {
    floats metres, weight, light[3];
} Hidden;

/* The distance from which a surface behind one at `own` metres leaves an edge, as `is_edge` has it. */
FUNCTION floats edge_from(floats own, float coc_px, float focus)
{
    const floats nearness = 1.0f / own - 2.0f * MIN_STEP_PX / (coc_px * focus);
    return greater(EDGE_RATIO * own, 1.0f / greater(nearness, (floats)(1e-9f)));
}

/* Adds the first pixel of the far surface in one direction, whose squared length has the inverse `from`. The far surface
 * starts at an edge: a slope has none.
 */
FUNCTION void look_along(Hidden *hidden, GLOBAL const float *scene, GLOBAL const float *depth, int at, int step,
                         int stride, floats own, floats edge, float from, float unit)
{
    floats before = own, open = (floats)(1.0f);
    for (int far = 1; far <= BEHIND_PX; ++far) {
        const int from_far = at + far * step;
        const floats metres = LOAD(depth, from_far);
        const floats found = open * indicator((metres > EDGE_RATIO * before) & (metres > edge));
        before = metres;
        if (!any_positive(found))
            continue;
        floats light[3], level = (floats)(0.0f);
        UNROLL for (int colour = 0; colour < 3; ++colour) {
            light[colour] = LOAD(scene, from_far + colour * stride);
            level += light[colour];
        }
        const ints is_nearer = EDGE_RATIO * metres < hidden->metres, is_farther = metres > EDGE_RATIO * hidden->metres;
        const floats weight = is_nearer ? (floats)(0.0f) : found * (from / (float)(far * far));
        const floats dimmed = weight * (BRIGHTEST * unit / greater(level, (floats)(BRIGHTEST * unit)));
        const floats kept = (is_farther & (found > 0.0f)) ? (floats)(0.0f) : (floats)(1.0f);
        open -= found;
        hidden->metres = weight > 0.0f ? greater(metres, hidden->metres) : hidden->metres;
        hidden->weight = kept * hidden->weight + weight;
        UNROLL for (int colour = 0; colour < 3; ++colour)
            hidden->light[colour] = kept * hidden->light[colour] + dimmed * light[colour];
    }
}

/* The hidden far surface of near pixels in the marked tiles: light in `sides` 0 to 2, and its distance in 3, else 0. */
KERNEL void find_hidden(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT depth,
                        GLOBAL float *RESTRICT sides, GLOBAL const float *RESTRICT edges,
                        GLOBAL const float *RESTRICT blocks, int blocks_x, int width, int height, int pitch,
                        int stride, int tiles_x, float unit, float coc_px, float focus, float max_radius)
{
    if (edges[TILE_Y * tiles_x + TILE_X] <= 0.0f)
        return;
    const int is_open = !is_behind_blur(blocks, blocks_x, height, coc_px, focus, max_radius);
    const Within sharp = within(SHARP, coc_px, focus);
    const floats none = (floats)(0.0f);
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
            const floats own = LOAD(depth, at), edge = edge_from(own, coc_px, focus);
            const ints is_near = is_within(sharp, own) & (ints)(is_open ? ~0 : 0);
            Hidden hidden = {none, none, {none, none, none}};
            if (any_positive(indicator(is_near)))
                for (int way = 0; way < 9; ++way)
                    if (way != 4)
                        look_along(&hidden, scene, depth, at, (way / 3 - 1) * pitch + way % 3 - 1, stride, own, edge,
                                   way & 1 ? 1.0f : 0.5f, unit);
            const ints is_found = is_near & (hidden.weight > 0.0f);
            const floats per_weight = 1.0f / greater(hidden.weight, (floats)(1e-6f));
            UNROLL for (int colour = 0; colour < 3; ++colour)
                STORE(sides, at + colour * stride, hidden.light[colour] * per_weight);
            STORE(sides, at + DISTANCE * stride, is_found ? hidden.metres : none);
        }
}

/* Puts it in place of the near pixels, which cover it. */
KERNEL void continue_hidden(GLOBAL float *RESTRICT scene, GLOBAL float *RESTRICT depth, GLOBAL float *RESTRICT mixed,
                            GLOBAL const float *RESTRICT sides, GLOBAL const float *RESTRICT edges, int width,
                            int height, int pitch, int stride, int tiles_x)
{
    if (edges[TILE_Y * tiles_x + TILE_X] <= 0.0f)
        return;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
            const floats metres = LOAD(sides, at + DISTANCE * stride);
            const ints is_found = metres > 0.0f;
            if (!any_positive(metres))
                continue;
            UNROLL for (int colour = 0; colour < 3; ++colour) {
                const int from = at + colour * stride;
                STORE(scene, from, is_found ? LOAD(sides, from) : LOAD(scene, from));
            }
            STORE(depth, at, is_found ? metres : LOAD(depth, at));
            const int to = at + COVERAGE * stride;
            STORE(mixed, to, is_found ? (floats)(1.0f) : LOAD(mixed, to));
        }
}
