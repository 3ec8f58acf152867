/* Resamples a depth map (rows without padding) onto the grid of a picture. */
#include "portable.h"
#include "depth.h"

/* For a map of the picture's size. */
KERNEL void depth_take(GLOBAL const float *RESTRICT map, GLOBAL float *RESTRICT depth, int width, int pitch)
{
    STORE(depth, (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X, LOAD(map, GLOBAL_Y * width + GLOBAL_X));
}

/* Zero or less means unknown. An unknown sample takes the farther of the known distances to its left and right: most
 * holes are occlusions of a farther surface in one of two cameras. A second run along the columns fills lines without
 * any known distance. A work-item processes a line of `count` samples, `along` apart; `across` is the offset of the
 * next line.
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

/* The surface with the majority of a pixel's samples, the nearer one if equal: from sums and counts. */
FUNCTION floats surface(floats near_sum, floats near_count, floats far_sum, floats far_count)
{
    const ints is_near = near_count >= far_count;
    return (is_near ? near_sum : far_sum) / greater(is_near ? near_count : far_count, (floats)(1.0f));
}

/* The surface of a pixel from four samples: those within a factor of `ratio` of the nearest one belong to one surface. */
FUNCTION floats surface_of_four(floats a, floats b, floats c, floats d, float ratio)
{
    const floats nearest = greater(greater(a, b), greater(c, d));
    const floats bound = nearest * (1.0f / ratio), none = (floats)(0.0f), one = (floats)(1.0f);
    const floats sum = (a > bound ? a : none) + (b > bound ? b : none) + (c > bound ? c : none)
                       + (d > bound ? d : none);
    const floats count = (a > bound ? one : none) + (b > bound ? one : none) + (c > bound ? one : none)
                         + (d > bound ? one : none);
    const floats rest = a + b + (c + d) - sum;
    return surface(sum, count, rest, 4.0f - count);
}

/* Reduces a map of twice the grid's width and height, in 1 / metres or, if `as_metres`, in metres. */
KERNEL void depth_halve(GLOBAL const float *RESTRICT map, GLOBAL float *RESTRICT grid, int width, int pitch,
                        float ratio, int as_metres)
{
    const int from = 2 * GLOBAL_Y * width + 2 * GLOBAL_X;
    const floats nearness = surface_of_four(
        per_metre(LOAD_HALVED(map, from)), per_metre(LOAD_HALVED(map, from + 1)),
        per_metre(LOAD_HALVED(map, from + width)), per_metre(LOAD_HALVED(map, from + width + 1)), ratio);
    STORE(grid, (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X, as_metres ? 1.0f / nearness : nearness);
}

/* The same for a map of four times the grid's width and height, from the four samples at the centre of a pixel. All
 * sixteen take three times as long (measured), and differ only beside an edge.
 */
KERNEL void depth_quarter(GLOBAL const float *RESTRICT map, GLOBAL float *RESTRICT grid, int width, int pitch,
                          float ratio, int as_metres)
{
    floats samples[4];
    UNROLL for (int row = 0; row < 2; ++row) {
        GLOBAL const float *from = map + (4 * GLOBAL_Y + 1 + row) * width + 4 * GLOBAL_X;
        floats runs[4];
        UNROLL for (int part = 0; part < 4; ++part)
            runs[part] = LOAD(from, part * RUN);
        samples[2 * row] = per_metre(EVERY_SECOND(EVERY_SECOND(runs[0], runs[1], 1),
                                                  EVERY_SECOND(runs[2], runs[3], 1), 0));
        samples[2 * row + 1] = per_metre(EVERY_SECOND(EVERY_SECOND(runs[0], runs[1], 0),
                                                      EVERY_SECOND(runs[2], runs[3], 0), 1));
    }
    const floats nearness = surface_of_four(samples[0], samples[1], samples[2], samples[3], ratio);
    STORE(grid, (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X, as_metres ? 1.0f / nearness : nearness);
}

/* In place, one map row per row of work-items: metres to 1 / metres. */
KERNEL void depth_invert(GLOBAL float *map, int width)
{
    if (GLOBAL_X + RUN <= width) {
        STORE(map, GLOBAL_Y * width + GLOBAL_X, per_metre(LOAD(map, GLOBAL_Y * width + GLOBAL_X)));
        return;
    }
    for (int x = GLOBAL_X; x < width; ++x) {
        const float metres = map[GLOBAL_Y * width + x];
        map[GLOBAL_Y * width + x] =
            1.0f / (metres < NEAREST_M ? NEAREST_M : metres > MAX_DEPTH_M ? MAX_DEPTH_M : metres);
    }
}

#define MAX_SAMPLES 16

/* The surface of a pixel from its samples: those within a factor of `ratio` of the nearest one belong to one surface,
 * those within a factor of the most distant one to another.
 */
FUNCTION floats surface_of(const floats *samples, int count, float ratio)
{
    const floats none = (floats)(0.0f), one = (floats)(1.0f);
    floats nearest = none, lowest = (floats)(1.0f / NEAREST_M);
    for (int i = 0; i < count; ++i) {
        nearest = greater(nearest, samples[i]);
        lowest = lesser(lowest, samples[i]);
    }
    floats near_sum = none, near_count = none, far_sum = none, far_count = none;
    for (int i = 0; i < count; ++i) {
        const ints is_near = samples[i] * ratio > nearest;
        const ints is_far = samples[i] < lowest * ratio;
        near_sum += is_near ? samples[i] : none;
        near_count += is_near ? one : none;
        far_sum += is_near ? none : is_far ? samples[i] : none;
        far_count += is_near ? none : is_far ? one : none;
    }
    return surface(near_sum, near_count, far_sum, far_count);
}

/* A grid coarser than the map: `count` x `count` samples per pixel. */
FUNCTION floats downsampled(GLOBAL const float *map, int map_width, int map_height, floats x, float y, float step_x,
                            float step_y, int count, float ratio)
{
    floats samples[MAX_SAMPLES];
    const float part = 1.0f / (float)count;
    for (int down = 0; down < count; ++down) {
        const int row = (int)((y + ((float)down + 0.5f) * part) * step_y);
        GLOBAL const float *from = map + (row < map_height ? row : map_height - 1) * map_width;
        for (int right = 0; right < count; ++right) {
            const floats column = (x + ((float)right + 0.5f) * part) * step_x;
            samples[down * count + right] =
                taken(from, TRUNCATED(lesser(column, (floats)((float)(map_width - 1)))));
        }
    }
    return surface_of(samples, count * count, ratio);
}

/* A grid finer than the map: linear on a surface, nearest sample across an edge. */
FUNCTION floats upsampled(GLOBAL const float *map, int map_width, int map_height, floats x, float y, float step_x,
                          float step_y, float ratio)
{
    const floats column = limited((x + 0.5f) * step_x - 0.5f, 0.0f, (float)(map_width - 1));
    const float middle = (y + 0.5f) * step_y - 0.5f;
    const float last = (float)(map_height - 1);
    const float row = middle < 0.0f ? 0.0f : middle > last ? last : middle;
    const ints left = TRUNCATED(column);
    const int top = (int)row;
    const floats along = column - IN_FLOATS(left);
    const float down = row - (float)top;
    const ints right = left < map_width - 1 ? left + 1 : left;
    GLOBAL const float *upper = map + top * map_width;
    GLOBAL const float *lower = top + 1 < map_height ? upper + map_width : upper;
    const floats a = taken(upper, left), b = taken(upper, right);
    const floats c = taken(lower, left), d = taken(lower, right);
    const floats nearest = greater(greater(a, b), greater(c, d));
    const floats lowest = lesser(lesser(a, b), lesser(c, d));
    const floats above = a + (b - a) * along;
    const floats below = c + (d - c) * along;
    const floats one_of = down < 0.5f ? (along < 0.5f ? a : b) : (along < 0.5f ? c : d);
    return nearest < lowest * ratio ? above + (below - above) * down : one_of;
}

/* Resamples a map of any size, in 1 / metres, onto a grid of any size, in 1 / metres or, if `as_metres`, in metres.
 * `step_x` and `step_y` are map samples per pixel; `count` is 0 on a grid finer than the map.
 */
KERNEL void depth_place(GLOBAL const float *RESTRICT map, GLOBAL float *RESTRICT grid, int map_width, int map_height,
                        int pitch, float step_x, float step_y, int count, float ratio, int as_metres)
{
    const floats x = LANE_NUMBERS + (float)GLOBAL_X;
    const float y = (float)GLOBAL_Y;
    const floats nearness = count > 0
                                ? downsampled(map, map_width, map_height, x, y, step_x, step_y, count, ratio)
                                : upsampled(map, map_width, map_height, x, y, step_x, step_y, ratio);
    STORE(grid, (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X, as_metres ? 1.0f / nearness : nearness);
}
