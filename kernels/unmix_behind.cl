/* Un-mixing behind a near surface out of focus: at its edge, pixels of a sharper surface also show its light, which
 * would stay as a line beneath the blur of the near surface. That part of their light is removed.
 *
 * The part is the projection of the pixel's light on the difference of both surfaces, whose colours are the means of
 * their pixels around. The near surface gets nothing in return: its own pixels at the edge, which show a part of the
 * surface behind it, count as a whole.
 */
#include "unmix.h"

#define BEHIND_PX 5.0f /* largest blur radius of a surface in which such a line is visible, */
#define SHARPER 0.5f   /* and largest ratio of its radius and that of the near surface */
#define CLOSE 2        /* pixels around a mixed pixel in which the near surface shows its colours, */
#define APART 2        /* and distances of those in which the surface behind it does */
#define WIDE 4
#define UNLIKE 24.0f   /* smallest square of the colour contrast, relative to the variance of the surface behind */
#define ADDED 2.0f     /* mark of a tile without an edge in focus in front */

/* Whether the edge between a near surface and one behind it leaves a line. */
FUNCTION ints is_line(floats nearest, floats behind_it, float coc_px, float focus)
{
    const floats size = absolute(blur_at(behind_it, coc_px, focus)), near_size = -blur_at(nearest, coc_px, focus);
    return (behind_it > EDGE_RATIO * nearest) & (near_size > IN_FOCUS_PX) & (size <= BEHIND_PX)
         & (size < SHARPER * near_size);
}

/* Marks the tiles with such edges in addition to those marked already. */
KERNEL void mark_behind(GLOBAL const float *RESTRICT depth, GLOBAL float *RESTRICT edges,
                        GLOBAL const float *RESTRICT fronts, int width, int height, int pitch, int tiles_x,
                        float coc_px, float focus)
{
    const int tile = TILE_Y * tiles_x + TILE_X;
    const Within in_focus = within(IN_FOCUS_PX, coc_px, focus);
    if (edges[tile] > 0.0f || fronts[tile] > in_focus.from)
        return;
    const int first = (TILE_Y * TILE + PAD) * pitch + PAD + TILE_X * TILE;
    const Within slightly_blurred = within(BEHIND_PX, coc_px, focus);
    floats nearest = (floats)(UNLIMITED), last = (floats)(0.0f);
    for (int row = -AROUND; row < TILE + AROUND; ++row)
        for (int x = -AROUND; x < TILE + AROUND; x += RUN) {
            const floats metres = LOAD(depth, first + row * pitch + x);
            const ints is_around = x + LANES < TILE + AROUND;
            nearest = is_around ? lesser(metres, nearest) : nearest;
            last = (is_around & is_within(slightly_blurred, metres)) ? greater(metres, last) : last;
        }
    nearest = (floats)(-largest(-nearest));
    last = (floats)(largest(last));
    if (IS_FIRST_ITEM && any_positive(indicator(is_line(nearest, last, coc_px, focus))))
        edges[tile] = ADDED;
}

typedef struct {
    floats light[3], power, weight;
} Mean;

FUNCTION void add_light(Mean *mean, GLOBAL const float *scene, int at, int stride, ints counts, float weight,
                        float unit)
{
    const floats share = counts ? weight * usual(scene, at, stride, unit) : (floats)(0.0f);
    UNROLL for (int colour = 0; colour < 3; ++colour) {
        const floats light = LOAD(scene, at + colour * stride);
        mean->light[colour] += share * light;
        mean->power += share * light * light;
    }
    mean->weight += share;
}

/* The light of a run at index `at` without that of the near surface, whose pixels are nearer than `gate`. */
FUNCTION void remove_near(GLOBAL const float *scene, GLOBAL const float *depth, int at, int pitch, int stride,
                          floats gate, float unit, floats *light)
{
    const floats none = (floats)(0.0f);
    Mean near = {{none, none, none}, none, (floats)(1e-9f)}, far = near;
    for (int dy = -CLOSE; dy <= CLOSE; ++dy)
        for (int dx = -CLOSE; dx <= CLOSE; ++dx) {
            const int from = at + dy * pitch + dx;
            const float weight = 1.0f / (1.0f + (float)(dx * dx + dy * dy));
            add_light(&near, scene, from, stride, LOAD(depth, from) < gate, weight, unit);
        }
    for (int dy = -WIDE; dy <= WIDE; dy += APART)
        for (int dx = -WIDE; dx <= WIDE; dx += APART) {
            const int from = at + dy * pitch + dx;
            const floats beside = lesser(lesser(LOAD(depth, from - 1), LOAD(depth, from + 1)),
                                         lesser(LOAD(depth, from - pitch), LOAD(depth, from + pitch)));
            const ints is_pure = lesser(LOAD(depth, from), beside) >= gate;
            add_light(&far, scene, from, stride, is_pure, 1.0f / (1.0f + (float)(dx * dx + dy * dy)), unit);
        }
    floats along = none, contrast = (floats)(NOISE * unit * unit), towards[3], behind_it[3];
    floats texture = far.power / far.weight;
    UNROLL for (int colour = 0; colour < 3; ++colour) {
        behind_it[colour] = far.light[colour] / far.weight;
        towards[colour] = near.light[colour] / near.weight - behind_it[colour];
        along += towards[colour] * (light[colour] - behind_it[colour]);
        contrast += towards[colour] * towards[colour];
        texture -= behind_it[colour] * behind_it[colour];
    }
    const floats variance = greater(texture, none) * (1.0f / 3.0f) + NOISE * unit * unit;
    const floats trust = limited(contrast / variance - UNLIKE, 0.0f, 1.0f);
    const floats part = trust * limited(along / contrast, 0.0f, 1.0f);
    const ints is_known = (near.weight > 1e-6f) & (far.weight > 1e-6f) & (part > PURE);
    UNROLL for (int colour = 0; colour < 3; ++colour) { /* between the pixel's light and that of the surface */
        const floats low = lesser(light[colour], behind_it[colour]), high = greater(light[colour], behind_it[colour]);
        const floats rest = lesser(greater(light[colour] - part * towards[colour], low), high);
        light[colour] = is_known ? rest : light[colour];
    }
}

/* Divides the pixels behind such edges, after `divide_mixed`. */
KERNEL void divide_behind(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT depth,
                          GLOBAL float *RESTRICT mixed, GLOBAL const float *RESTRICT edges, int width, int height,
                          int pitch, int stride, int tiles_x, float unit, float coc_px, float focus)
{
    const float mark = edges[TILE_Y * tiles_x + TILE_X];
    if (mark <= 0.0f)
        return;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
            const floats own = LOAD(depth, at);
            floats light[3] = {LOAD(scene, at), LOAD(scene, at + stride), LOAD(scene, at + 2 * stride)};
            floats nearest = own;
            for (int dy = -AROUND; dy <= AROUND; ++dy)
                UNROLL for (int dx = -AROUND; dx <= AROUND; ++dx)
                    nearest = lesser(nearest, LOAD(depth, at + dy * pitch + dx));
            const ints is_behind = is_line(nearest, own, coc_px, focus);
            const int has_changes = any_positive(indicator(is_behind));
            if (!has_changes && mark < ADDED)
                continue;
            if (has_changes)
                remove_near(scene, depth, at, pitch, stride, 2.0f / (1.0f / nearest + 1.0f / own), unit, light);
            UNROLL for (int colour = 0; colour < 3; ++colour) {
                const int to = at + colour * stride;
                STORE(mixed, to, is_behind ? light[colour] : mark < ADDED ? LOAD(mixed, to) : LOAD(scene, to));
            }
            if (mark >= ADDED) {
                STORE(mixed, at + DISTANCE * stride, own);
                STORE(mixed, at + COVERAGE * stride, (floats)(0.0f));
            }
        }
}
