/* Lights: points so much brighter than what is around them that each is seen as one disc, the shape of the aperture.
 *
 * They are taken out of the picture before it is spread and drawn one by one at full size, each only where its light
 * finds its way to the lens past what stands before it.
 */
#include "portable.h"
#include "defocus.h"

#define LEAST_EXCESS 0.5f /* above white times this, and OVER_MEAN times what is around, a light begins */
#define OVER_MEAN 4.0f
#define LARGEST_VARIANCE 3.0f /* pixels squared that the light of one point may cover */
#define STEPS 24 /* of the way from a light to the lens */

/* Of each tile up to LIGHTS lights, one a quarter: place (0, 1), signed radius (2), colour (3 to 5), and the nearest
 * radius that may stand before it (6).
 */
#define LIGHTS 4
#define LIGHT_FLOATS 7

/* Of each tile: its lights, the level to which what is brighter is dimmed, and the nearest signed radius. A tile whose
 * bright places are larger than points has none.
 */
KERNEL void find_lights(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT radius,
                        GLOBAL float *RESTRICT lights, GLOBAL float *RESTRICT levels, GLOBAL float *RESTRICT nearest,
                        int pitch, int stride, int width, int height, int tiles_x, float least_radius)
{
    const int tile = GLOBAL_Y * tiles_x + GROUP_X;
    const int first = (GLOBAL_Y * TILE + PAD) * pitch + PAD + GROUP_X * TILE;
    floats brightest = (floats)(0.0f), sums = brightest, near = (floats)(UNLIMITED), far = brightest;
    for (int row = 0; row < TILE; ++row)
        for (int run = 0; run < TILE; run += RUN) {
            const int at = first + row * pitch + run;
            const floats bright = greater(LOAD(scene, at), greater(LOAD(scene, at + stride),
                                                                   LOAD(scene, at + 2 * stride)));
            const floats r = LOAD(radius, at);
            brightest = greater(brightest, bright);
            sums += lesser(bright, (floats)(1.0f));
            near = lesser(near, r);
            far = greater(far, absolute(r));
        }
    const float level = LEAST_EXCESS + OVER_MEAN * sum_of(sums) * (1.0f / (TILE * TILE));
    nearest[tile] = -largest(-near);
    levels[tile] = UNLIMITED;
    for (int quarter = 0; quarter < LIGHTS; ++quarter)
        lights[(tile * LIGHTS + quarter) * LIGHT_FLOATS + 2] = 0.0f;
    if (!(largest(brightest) > level && largest(far) > least_radius))
        return;
    int found = 0;
    for (int quarter = 0; quarter < LIGHTS && found >= 0; ++quarter) {
        const int left = (quarter & 1) * TILE / 2, top = (quarter >> 1) * TILE / 2;
        float excess = 0.0f, x_sum = 0.0f, y_sum = 0.0f, squares = 0.0f, radii = 0.0f;
        float red = 0.0f, green = 0.0f, blue = 0.0f, smallest = UNLIMITED;
        for (int y = top; y < top + TILE / 2 && GLOBAL_Y * TILE + y < height; ++y)
            for (int x = left; x < left + TILE / 2 && GROUP_X * TILE + x < width; ++x) {
                const int at = first + y * pitch + x;
                const float r = scene[at], g = scene[at + stride], b = scene[at + 2 * stride];
                const float bright = r > g ? (r > b ? r : b) : g > b ? g : b;
                if (bright <= level)
                    continue;
                const float over = bright - level, share = over / bright;
                const float size = radius[at] < 0.0f ? -radius[at] : radius[at];
                excess += over;
                x_sum += over * (float)x;
                y_sum += over * (float)y;
                squares += over * (float)(x * x + y * y);
                radii += over * radius[at];
                red += share * r;
                green += share * g;
                blue += share * b;
                smallest = size < smallest ? size : smallest;
            }
        if (excess == 0.0f)
            continue;
        const float x = x_sum / excess, y = y_sum / excess;
        found = squares / excess - x * x - y * y > LARGEST_VARIANCE || smallest <= least_radius ? -1 : 1;
        GLOBAL float *light = lights + (tile * LIGHTS + quarter) * LIGHT_FLOATS;
        light[0] = (float)(GROUP_X * TILE) + x;
        light[1] = (float)(GLOBAL_Y * TILE) + y;
        light[2] = radii / excess;
        light[3] = red;
        light[4] = green;
        light[5] = blue;
    }
    if (found > 0)
        levels[tile] = level;
    for (int quarter = 0; found < 0 && quarter < LIGHTS; ++quarter)
        lights[(tile * LIGHTS + quarter) * LIGHT_FLOATS + 2] = 0.0f;
}

/* Sum of a disc's coverage over the pixels: for small ones over each, as they differ from the integral by up to 1 %. */
FUNCTION float disc_sum(float x, float y, float size)
{
    if (size > 12.0f)
        return 3.141593f * (size * size + 1.0f / 12.0f);
    const int reach = (int)size + 2;
    float sum = 0.0f;
    for (int dy = -reach; dy <= reach; ++dy)
        for (int dx = -reach; dx <= reach; ++dx) {
            const float away_x = (float)((int)x + dx) - x, away_y = (float)((int)y + dy) - y;
            const float covered = size + 0.5f - scalar_root(away_x * away_x + away_y * away_y);
            sum += covered < 0.0f ? 0.0f : covered > 1.0f ? 1.0f : covered;
        }
    return sum;
}

/* The lights of a row of tiles, side by side at the row's beginning, and how many there are; each with its colour spread
 * over its disc, and with the nearest radius that any tile under the disc holds.
 */
KERNEL void list_lights(GLOBAL float *lights, GLOBAL float *RESTRICT counts, GLOBAL const float *RESTRICT nearest,
                        int tiles_x, int tiles_y)
{
    GLOBAL float *row = lights + GROUP_X * tiles_x * LIGHTS * LIGHT_FLOATS;
    int count = 0;
    for (int from = 0; GROUP_X < tiles_y && from < tiles_x * LIGHTS; ++from) {
        GLOBAL const float *light = row + from * LIGHT_FLOATS;
        if (light[2] == 0.0f)
            continue;
        const float signed_radius = light[2], size = signed_radius < 0.0f ? -signed_radius : signed_radius;
        const float per_area = 1.0f / disc_sum(light[0], light[1], size);
        float before = signed_radius;
        for (int y = (int)((light[1] - size) / TILE) - 1; y <= (int)((light[1] + size) / TILE); ++y)
            for (int x = (int)((light[0] - size) / TILE) - 1; x <= (int)((light[0] + size) / TILE); ++x)
                if (x >= 0 && y >= 0 && x < tiles_x && y < tiles_y && nearest[y * tiles_x + x] < before)
                    before = nearest[y * tiles_x + x];
        GLOBAL float *to = row + count * LIGHT_FLOATS;
        for (int number = 0; number < LIGHT_FLOATS - 1; ++number)
            to[number] = number < 3 ? light[number] : light[number] * per_area;
        to[6] = before;
        count += 1;
    }
    if (GROUP_X < tiles_y)
        counts[GROUP_X] = (float)count;
}

/* Which pixels of the run at (x, y) the light reaches: 1, or 0 where something stands in its way. Seen from the pixel's
 * point of the aperture, a thing of radius r is shifted by r / radius of the way from the pixel to the light.
 */
FUNCTION floats unobstructed(GLOBAL const float *radii, GLOBAL const float *light, floats x, float y, int pitch,
                             int width, int height)
{
    floats open = (floats)(1.0f);
    const float range = light[2] - light[6];
    const float step = range > (float)STEPS ? range * (1.0f / STEPS) : 1.0f;
    const float margin = 1.5f + 0.1f * (light[2] < 0.0f ? -light[2] : light[2]);
    for (float r = light[6]; r < light[2] - margin; r += step) {
        const float way = r / light[2];
        const floats there_x = x + way * (light[0] - x) + 0.5f;
        const float there_y = y + way * (light[1] - y) + 0.5f;
        if (there_y < 0.0f || there_y >= (float)height)
            continue;
        GLOBAL const float *row = radii + ((int)there_y + PAD) * pitch + PAD;
        const floats column = limited(there_x, 0.0f, (float)width);
        floats seen;
#if RUN > 1
        for (int i = 0; i < RUN; ++i)
            seen[i] = row[(int)column[i]];
#else
        seen = row[(int)column];
#endif
        open = absolute(seen - r) < 0.5f * step + 0.25f ? (floats)(0.0f) : open;
    }
    return open;
}

/* Adds the discs to the picture. `around` is how many rows of tiles a disc may reach. */
KERNEL void add_lights(GLOBAL float *RESTRICT picture, GLOBAL const float *RESTRICT radii,
                       GLOBAL const float *RESTRICT lights, GLOBAL const float *RESTRICT counts, int pitch, int stride,
                       int width, int height, int tiles_x, int tiles_y, int around)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const int tile_row = GLOBAL_Y / TILE;
    const floats x = (float)GLOBAL_X + LANE_NUMBERS;
    const float y = (float)GLOBAL_Y;
    floats red = (floats)(0.0f), green = red, blue = red;
    int is_lit = 0;
    for (int row = tile_row - around; row <= tile_row + around; ++row) {
        const int count = row >= 0 && row < tiles_y ? (int)counts[row] : 0;
        for (int number = 0; number < count; ++number) {
            GLOBAL const float *light = lights + (row * tiles_x * LIGHTS + number) * LIGHT_FLOATS;
            const float size = light[2] < 0.0f ? -light[2] : light[2];
            const float dy = y - light[1], left = light[0] - size - 0.5f, right = light[0] + size + 0.5f;
            if (dy > size + 0.5f || -dy > size + 0.5f || (float)(GLOBAL_X + RUN - 1) < left || (float)GLOBAL_X > right)
                continue;
            const floats dx = x - light[0];
            const floats distance = square_root(dx * dx + dy * dy);
            floats covered = limited(size + 0.5f - distance, 0.0f, 1.0f);
            if (!(largest(covered) > 0.0f))
                continue;
            if (light[6] < light[2] - 1.5f)
                covered *= unobstructed(radii, light, x, y, pitch, width, height);
            red += covered * light[3];
            green += covered * light[4];
            blue += covered * light[5];
            is_lit = 1;
        }
    }
    if (is_lit) {
        STORE(picture, at, LOAD(picture, at) + red);
        STORE(picture, at + stride, LOAD(picture, at + stride) + green);
        STORE(picture, at + 2 * stride, LOAD(picture, at + 2 * stride) + blue);
    }
}
