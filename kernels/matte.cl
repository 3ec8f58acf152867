/* A matte gives the part of each pixel that the subject covers. It is resampled to the picture, and decides where the depth
 * map has the edge of the subject: a map is coarser, and its edge is often off that of the picture.
 */
#include "unmix.h"
#include "matte.h"

#define REACH 6       /* tiles in which a tile without the subject, or without the background, finds its distance */
#define BESIDE_PX 6   /* largest distance of a pixel behind the subject from it, whose own distance is the subject's */

/* Resamples a matte of `map_width` x `map_height` samples. A pixel is `step_x` x `step_y` of them, and takes the mean at
 * `count` x `count` positions.
 */
KERNEL void matte_place(GLOBAL const float *RESTRICT map, GLOBAL float *RESTRICT matte, int pitch, int map_width,
                        int map_height, float step_x, float step_y, int count)
{
    const float part = 1.0f / (float)count;
    const floats columns = (float)GLOBAL_X + LANE_NUMBERS;
    floats sum = (floats)(0.0f);
    for (int i = 0; i < count; ++i) {
        const float y = ((float)GLOBAL_Y + part * ((float)i + 0.5f)) * step_y - 0.5f;
        const float row = y < 0.0f ? 0.0f : y > (float)(map_height - 1) ? (float)(map_height - 1) : y;
        const int top = (int)row, bottom = top + 1 < map_height ? top + 1 : top;
        const float down = row - (float)top;
        for (int j = 0; j < count; ++j) {
            const floats x = limited((columns + part * ((float)j + 0.5f)) * step_x - 0.5f, 0.0f,
                                     (float)(map_width - 1));
            const ints left = TRUNCATED(x), right = left + 1 < map_width ? left + 1 : left;
            const floats across = x - IN_FLOATS(left);
            const floats above = taken(map, top * map_width + left) * (1.0f - across)
                               + taken(map, top * map_width + right) * across;
            const floats below = taken(map, bottom * map_width + left) * (1.0f - across)
                               + taken(map, bottom * map_width + right) * across;
            sum += above + down * (below - above);
        }
    }
    STORE(matte, (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X, sum * (part * part));
}

/* For each tile: negated distance of the nearest pixel of the subject, the largest distance of another pixel, and whether
 * the tile shows pixels that both share.
 */
KERNEL void matte_tiles(GLOBAL const float *RESTRICT depth, GLOBAL const float *RESTRICT matte, GLOBAL float *tiles,
                        int width, int height, int pitch, int tiles_x)
{
    const floats none = (floats)(-UNLIMITED);
    floats parts[3] = {none, none, none};
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
            const floats alpha = LOAD(matte, at), metres = LOAD(depth, at);
            const ints is_inside = TILE_X * TILE + run + LANES < width;
            parts[0] = is_inside & (alpha >= 0.5f) ? greater(parts[0], -metres) : parts[0];
            parts[1] = is_inside & (alpha < 0.5f) ? greater(parts[1], metres) : parts[1];
            parts[2] = is_inside ? greater(parts[2], lesser(alpha, 1.0f - alpha)) : parts[2];
        }
    GLOBAL float *to = tiles + (TILE_Y * tiles_x + TILE_X) * SIDES;
#if RUN == 1
    LOCAL_FLOATS(shared, SIDES * PART);
    for (int part = 0; part < SIDES; ++part)
        shared[part * PART + ITEM] = parts[part];
    reduce(shared, 0, SIDES);
    for (int part = ITEM; part < SIDES; part += TILE_ITEMS)
        to[part] = shared[part * PART];
#else
    for (int part = 0; part < SIDES; ++part)
        to[part] = largest(parts[part]);
#endif
}

/* Largest value of one part in the tiles up to `reach` around a tile. */
FUNCTION float largest_around(GLOBAL const float *tiles, int part, int reach, int x, int y, int tiles_x, int tiles_y)
{
    float value = -UNLIMITED;
    for (int row = y > reach ? y - reach : 0; row <= y + reach && row < tiles_y; ++row)
        for (int column = x > reach ? x - reach : 0; column <= x + reach && column < tiles_x; ++column) {
            const float other = tiles[(row * tiles_x + column) * SIDES + part];
            value = other > value ? other : value;
        }
    return value;
}

/* The distances of the subject and of the background around each tile, from the closest tiles that show them, and
 * whether it shows pixels that both share. The distances are 0 where one of both is too far away.
 */
KERNEL void matte_sides(GLOBAL const float *RESTRICT tiles, GLOBAL float *RESTRICT sides, int tiles_x, int tiles_y)
{
    const int x = GROUP_X, y = GLOBAL_Y;
    if (x >= tiles_x)
        return;
    float found[2];
    for (int part = 0; part < 2; ++part) {
        found[part] = -UNLIMITED;
        for (int reach = 1; reach <= REACH && found[part] <= -UNLIMITED; ++reach)
            found[part] = largest_around(tiles, part, reach, x, y, tiles_x, tiles_y);
    }
    const int is_whole = found[0] > -UNLIMITED && found[1] > -UNLIMITED;
    GLOBAL float *to = sides + (y * tiles_x + x) * SIDES;
    to[NEAR_SIDE] = is_whole ? -found[0] : 0.0f;
    to[FAR_SIDE] = is_whole ? found[1] : 0.0f;
    to[MIXED] = tiles[(y * tiles_x + x) * SIDES + MIXED];
}

/* Whether the subject covers more than half of a pixel at one of the distances 3 and 6 from each pixel of a run. */
FUNCTION ints is_beside_subject(GLOBAL const float *matte, int at, int pitch)
{
    floats cover = (floats)(0.0f);
    for (int dy = -BESIDE_PX; dy <= BESIDE_PX; dy += BESIDE_PX / 2)
        UNROLL for (int dx = -BESIDE_PX; dx <= BESIDE_PX; dx += BESIDE_PX / 2)
            cover = greater(cover, LOAD(matte, at + dy * pitch + dx));
    return cover >= 0.5f;
}

/* The depth map with the subject's edge where the matte has it. */
KERNEL void matte_depth(GLOBAL const float *RESTRICT depth, GLOBAL const float *RESTRICT matte,
                        GLOBAL const float *RESTRICT sides, GLOBAL float *RESTRICT placed, int width, int height,
                        int pitch, int tiles_x)
{
    GLOBAL const float *side = sides + (TILE_Y * tiles_x + TILE_X) * SIDES;
    const float near = side[NEAR_SIDE], far = side[FAR_SIDE];
    const int has_edge = near > 0.0f && far > EDGE_RATIO * near;
    const float gate = has_edge ? 2.0f / (1.0f / near + 1.0f / far) : 0.0f;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
            floats metres = LOAD(depth, at);
            if (has_edge) {
                const ints is_subject = LOAD(matte, at) >= 0.5f, is_near = metres < gate;
                const ints is_loose = !is_subject & is_near & is_beside_subject(matte, at, pitch);
                metres = is_subject & !is_near ? (floats)(near) : is_loose ? (floats)(far) : metres;
            }
            STORE(placed, at, metres);
        }
}
