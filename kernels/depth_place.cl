/* A map of distances, rows without padding, onto the grid of a picture. */
#include "portable.h"
#include "depth.h"

/* A map of the picture's size, as it is. */
KERNEL void depth_take(GLOBAL const float *RESTRICT map, GLOBAL float *RESTRICT depth, int width, int pitch)
{
    STORE(depth, (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X, LOAD(map, GLOBAL_Y * width + GLOBAL_X));
}

/* Zero or less is unknown, and takes the farther of the known distances to the left and the right: most holes are what
 * a nearer thing hides from one of two cameras. The same again along the columns for lines without any. A work-item
 * takes a line of `count` samples, `along` apart; `across` leads to the next line.
 */
KERNEL void depth_fill(GLOBAL float *map, int count, int along, int lines, int across)
{
    if (GROUP_X >= lines)
        return;
    GLOBAL float *line = map + GROUP_X * across;
    float before = 0.0f;
    for (int i = 0; i < count;) {
        if (line[i * along] > 0.0f) {
            before = line[i++ * along];
            continue;
        }
        int end = i;
        while (end < count && !(line[end * along] > 0.0f))
            ++end;
        const float after = end < count ? line[end * along] : 0.0f;
        for (; i < end; ++i)
            line[i * along] = before > after ? before : after;
    }
}

/* The surface that most of a pixel's samples lie on, the nearer of two that share it: from their sum, number, and
 * those of the nearer surface.
 */
FUNCTION floats surface(floats near_sum, floats near_count, floats far_sum, floats far_count)
{
    const ints is_near = near_count >= far_count;
    return (is_near ? near_sum : far_sum) / greater(is_near ? near_count : far_count, (floats)(1.0f));
}

/* A map of the picture's size, of even width and height, at half of it, in 1 / metres: of each four samples. What
 * differs by less than a factor of `ratio` is one surface.
 */
KERNEL void depth_halve(GLOBAL const float *RESTRICT map, GLOBAL float *RESTRICT half_nearness, int width,
                        int half_pitch, float ratio)
{
    const int from = 2 * GLOBAL_Y * width + 2 * GLOBAL_X;
    const floats a = per_metre(LOAD_HALVED(map, from)), b = per_metre(LOAD_HALVED(map, from + 1));
    const floats c = per_metre(LOAD_HALVED(map, from + width)), d = per_metre(LOAD_HALVED(map, from + width + 1));
    const floats nearest = greater(greater(a, b), greater(c, d));
    const floats bound = nearest * (1.0f / ratio), none = (floats)(0.0f), one = (floats)(1.0f);
    const floats sum = (a > bound ? a : none) + (b > bound ? b : none) + (c > bound ? c : none)
                       + (d > bound ? d : none);
    const floats count = (a > bound ? one : none) + (b > bound ? one : none) + (c > bound ? one : none)
                         + (d > bound ? one : none);
    const floats rest = a + b + (c + d) - sum;
    STORE(half_nearness, (GLOBAL_Y + PAD) * half_pitch + PAD + GLOBAL_X, surface(sum, count, rest, 4.0f - count));
}

/* A grid smaller than the map: `count` x `count` samples of each of its pixels. */
FUNCTION float taken_down(GLOBAL const float *map, int map_width, int map_height, int x, int y, float step_x,
                          float step_y, int count, float ratio)
{
    float nearest = 0.0f, farthest = 1.0f / NEAREST_M;
    for (int pass = 0;; ++pass) {
        float near_sum = 0.0f, near_count = 0.0f, far_sum = 0.0f, far_count = 0.0f;
        for (int i = 0; i < count * count; ++i) {
            const int column = (int)(((float)x + ((float)(i % count) + 0.5f) / (float)count) * step_x);
            const int row = (int)(((float)y + ((float)(i / count) + 0.5f) / (float)count) * step_y);
            const float metres = map[(row < map_height ? row : map_height - 1) * map_width
                                     + (column < map_width ? column : map_width - 1)];
            const float here = 1.0f / (metres < NEAREST_M ? NEAREST_M : metres > FARTHEST_M ? FARTHEST_M : metres);
            if (pass == 0) {
                nearest = here > nearest ? here : nearest;
                farthest = here < farthest ? here : farthest;
            } else if (here * ratio > nearest) {
                near_sum += here;
                near_count += 1.0f;
            } else if (here < farthest * ratio) {
                far_sum += here;
                far_count += 1.0f;
            }
        }
        if (pass == 1)
            return 2.0f * near_count >= (float)(count * count) || far_count == 0.0f ? near_sum / near_count
                                                                                     : far_sum / far_count;
    }
}

/* A grid finer than the map: linear on a surface, the nearest sample across an edge. */
FUNCTION float drawn_up(GLOBAL const float *map, int map_width, int map_height, int x, int y, float step_x,
                        float step_y, float ratio)
{
    float column = ((float)x + 0.5f) * step_x - 0.5f, row = ((float)y + 0.5f) * step_y - 0.5f;
    column = column < 0.0f ? 0.0f : column;
    row = row < 0.0f ? 0.0f : row;
    const int left = (int)column < map_width - 1 ? (int)column : map_width - 1;
    const int top = (int)row < map_height - 1 ? (int)row : map_height - 1;
    const float along = column - (float)left < 1.0f ? column - (float)left : 1.0f;
    const float down = row - (float)top < 1.0f ? row - (float)top : 1.0f;
    const int next = left + 1 < map_width ? 1 : 0;
    const int below = top + 1 < map_height ? map_width : 0;
    float corners[4], nearest = 0.0f, farthest = 1.0f / NEAREST_M;
    for (int i = 0; i < 4; ++i) {
        const float metres = map[top * map_width + left + (i & 1) * next + (i >> 1) * below];
        const float here = 1.0f / (metres < NEAREST_M ? NEAREST_M : metres > FARTHEST_M ? FARTHEST_M : metres);
        nearest = here > nearest ? here : nearest;
        farthest = here < farthest ? here : farthest;
        corners[i] = here;
    }
    if (nearest >= farthest * ratio)
        return corners[(along < 0.5f ? 0 : 1) + (down < 0.5f ? 0 : 2)];
    const float upper = corners[0] + (corners[1] - corners[0]) * along;
    const float lower = corners[2] + (corners[3] - corners[2]) * along;
    return upper + (lower - upper) * down;
}

/* A map of any size onto a grid of any size, in 1 / metres or, `as_metres`, in metres. `step_x` and `step_y` are map
 * samples per pixel; `count` is 0 on a grid finer than the map. A work-item takes one pixel.
 */
KERNEL void depth_place(GLOBAL const float *RESTRICT map, GLOBAL float *RESTRICT grid, int map_width, int map_height,
                        int width, int pitch, float step_x, float step_y, int count, float ratio, int as_metres)
{
    const int x = GROUP_X;
    const int y = GLOBAL_Y;
    if (x >= width)
        return;
    const float nearness = count > 0
                               ? taken_down(map, map_width, map_height, x, y, step_x, step_y, count, ratio)
                               : drawn_up(map, map_width, map_height, x, y, step_x, step_y, ratio);
    grid[(y + PAD) * pitch + PAD + x] = as_metres ? 1.0f / nearness : nearness;
}
