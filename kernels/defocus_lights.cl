/* Lights: points so much brighter than what is around them that each is seen as one disc, the shape of the aperture.
 *
 * They are taken out of the picture before it is spread and drawn one by one at full size, each only where its light
 * finds its way to the lens past what stands before it.
 */
#include "portable.h"
#include "defocus.h"
#include "aperture.h"

#define OVER_MEAN 10.0f /* times the mean around it is where a light begins: noise about black reaches 7 */
#define LARGEST_VARIANCE 3.0f /* pixels squared that the light of one point may cover */
#define STEPS 24 /* of the way from a light to the lens */

/* Of each tile up to LIGHTS lights, one a quarter: place (0, 1), signed radius (2), colour (3 to 5), and the nearest
 * radius that may stand before it (6).
 */
#define LIGHTS 4
#define LIGHT_FLOATS 7

FUNCTION float positive(float x) { return x < 0.0f ? -x : x; }

/* Of each tile: its lights, the level above which something is one, and the nearest signed radius. A tile whose bright
 * places are larger than points has no lights: its level is negative.
 */
KERNEL void find_lights(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT radius,
                        GLOBAL float *RESTRICT lights, GLOBAL float *RESTRICT levels, GLOBAL float *RESTRICT nearest,
                        int pitch, int stride, int width, int height, int tiles_x, float least_radius)
{
    const int tile = GLOBAL_Y * tiles_x + GROUP_X;
    const int first = (GLOBAL_Y * TILE + PAD) * pitch + PAD + GROUP_X * TILE;
    floats brightest = (floats)(0.0f), sums = brightest, tame = brightest, near = (floats)(UNLIMITED), far = brightest;
    for (int row = 0; row < TILE; ++row)
        for (int run = 0; run < TILE; run += RUN) {
            const int at = first + row * pitch + run;
            const floats bright = greater(LOAD(scene, at), greater(LOAD(scene, at + stride),
                                                                   LOAD(scene, at + 2 * stride)));
            const floats r = LOAD(radius, at);
            brightest = greater(brightest, bright);
            sums += bright;
            near = lesser(near, r);
            far = greater(far, absolute(r));
        }
    nearest[tile] = -largest(-near);
    levels[tile] = -UNLIMITED;
    for (int quarter = 0; quarter < LIGHTS; ++quarter)
        lights[(tile * LIGHTS + quarter) * LIGHT_FLOATS + 2] = 0.0f;
    const float mean = sum_of(sums) * (1.0f / (TILE * TILE));
    if (!(largest(brightest) > 2.0f * mean))
        return;
    /* The mean of what is around: of the tile, a light counting no more than twice the mean with it. */
    for (int row = 0; row < TILE; ++row)
        for (int run = 0; run < TILE; run += RUN) {
            const int at = first + row * pitch + run;
            const floats bright = greater(LOAD(scene, at), greater(LOAD(scene, at + stride),
                                                                   LOAD(scene, at + 2 * stride)));
            tame += lesser(bright, (floats)(2.0f * mean));
        }
    const float level = OVER_MEAN * sum_of(tame) * (1.0f / (TILE * TILE));
    levels[tile] = -level;
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
    levels[tile] = found > 0 ? level : -level;
    for (int quarter = 0; found < 0 && quarter < LIGHTS; ++quarter)
        lights[(tile * LIGHTS + quarter) * LIGHT_FLOATS + 2] = 0.0f;
}

/* The light of a disc of the radius `reached` at an offset (dx, dy) from its middle, at its middle one on average: what of
 * the pixel the disc covers, times `profile`, the light at squares of g / r in steps of 1 / PROFILE, behind the focus
 * and, in a second row, before it.  */
#define PROFILE 64
FUNCTION floats light_at(GLOBAL const float *cell, GLOBAL const float *profile, floats dx, floats dy, float reached,
                         float extent, int is_before)
{
#if SHAPED
    /* Gauges grow with the offset: they are read where the table's own radius is the disc's. */
    const float scale = ((float)REACH - 1.0f) / (extent * reached);
    const floats x = limited((is_before ? -dx : dx) * scale + (float)REACH, 0.0f, (float)(SIDE - 1) - 0.001f);
    const floats y = limited((is_before ? -dy : dy) * scale + (float)REACH, 0.0f, (float)(SIDE - 1) - 0.001f);
    floats gauge, light;
#if RUN > 1
    for (int i = 0; i < RUN; ++i) {
        GLOBAL const float *at = cell + (int)y[i] * SIDE + (int)x[i];
        const float across = x[i] - (float)(int)x[i], down = y[i] - (float)(int)y[i];
        const float above = at[0] + across * (at[1] - at[0]);
        const float below = at[SIDE] + across * (at[SIDE + 1] - at[SIDE]);
        gauge[i] = (above + down * (below - above)) / scale;
    }
    const floats part = limited(gauge * gauge * ((float)PROFILE / (reached * reached)), 0.0f, (float)PROFILE);
    for (int i = 0; i < RUN; ++i)
        light[i] = profile[is_before * (PROFILE + 1) + (int)(part[i] + 0.5f)];
#else
    GLOBAL const float *at = cell + (int)y * SIDE + (int)x;
    const float across = x - (float)(int)x, down = y - (float)(int)y;
    const float above = at[0] + across * (at[1] - at[0]);
    const float below = at[SIDE] + across * (at[SIDE + 1] - at[SIDE]);
    gauge = (above + down * (below - above)) / scale;
    const float part = limited(gauge * gauge * ((float)PROFILE / (reached * reached)), 0.0f, (float)PROFILE);
    light = profile[is_before * (PROFILE + 1) + (int)(part + 0.5f)];
#endif
    return light * limited(reached + 0.5f - gauge, 0.0f, 1.0f);
#else
    return limited(reached + 0.5f - square_root(dx * dx + dy * dy), 0.0f, 1.0f);
#endif
}

/* The light of a whole disc: of a small one added up, as it differs from the integral by up to 1 %. */
FUNCTION float disc_sum(GLOBAL const float *cell, GLOBAL const float *profile, float x, float y, float reached,
                        float extent, int is_before)
{
    if (reached > 12.0f)
        return 3.141593f * (reached * reached + 1.0f / 12.0f);
    const int reach = (int)((reached + 0.5f) * extent) + 1;
    float sum = 0.0f;
    for (int dy = -reach; dy <= reach; ++dy)
        for (int dx = -reach; dx <= reach; dx += RUN) {
            const floats away_x = (float)((int)x + dx) - x + LANE_NUMBERS;
            const floats away_y = (floats)((float)((int)y + dy) - y);
            sum += sum_of(light_at(cell, profile, away_x, away_y, reached, extent, is_before));
        }
    return sum;
}

/* The lights of a row of tiles, side by side at the row's beginning, and how many there are; each with its colour spread
 * over its disc, and with the nearest radius that any tile under the disc holds.
 */
KERNEL void list_lights(GLOBAL float *lights, GLOBAL float *RESTRICT counts, GLOBAL const float *RESTRICT nearest,
                        GLOBAL const float *RESTRICT aperture, GLOBAL const float *RESTRICT profile, int cells_x,
                        int cells_y, int width, int height, int tiles_x, int tiles_y, float extent, float red_shift,
                        float blue_shift)
{
    GLOBAL float *row = lights + GROUP_X * tiles_x * LIGHTS * LIGHT_FLOATS;
    int count = 0;
    for (int from = 0; GROUP_X < tiles_y && from < tiles_x * LIGHTS; ++from) {
        GLOBAL const float *light = row + from * LIGHT_FLOATS;
        if (light[2] == 0.0f)
            continue;
        const float x = light[0], y = light[1], radius = light[2], size = positive(radius), reach = size * extent;
        GLOBAL const float *cell = cell_at(aperture, cells_x, cells_y, (int)x, (int)y, width, height);
        float before = radius;
        for (int tile_y = (int)((y - reach) / TILE) - 1; tile_y <= (int)((y + reach) / TILE); ++tile_y)
            for (int tile_x = (int)((x - reach) / TILE) - 1; tile_x <= (int)((x + reach) / TILE); ++tile_x)
                if (tile_x >= 0 && tile_y >= 0 && tile_x < tiles_x && tile_y < tiles_y
                    && nearest[tile_y * tiles_x + tile_x] < before)
                    before = nearest[tile_y * tiles_x + tile_x];
        GLOBAL float *to = row + count * LIGHT_FLOATS;
        for (int number = 0; number < 3; ++number) {
            const float shift = number == 0 ? red_shift : number == 2 ? blue_shift : 0.0f;
            const float colour = light[3 + number];
            to[number] = number == 0 ? x : number == 1 ? y : radius;
            to[3 + number] = colour / disc_sum(cell, profile, x, y, positive(radius + shift), extent, radius < 0.0f);
        }
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

/* Adds the discs to the picture, darker off its middle as `compose` has made that. `around` is how many rows of tiles a
 * disc may reach.
 */
KERNEL void add_lights(GLOBAL float *RESTRICT picture, GLOBAL const float *RESTRICT radii,
                       GLOBAL const float *RESTRICT lights, GLOBAL const float *RESTRICT counts,
                       GLOBAL const float *RESTRICT aperture, GLOBAL const float *RESTRICT profile, int cells_x,
                       int cells_y, int width, int height, int pitch, int stride, int tiles_x, int tiles_y, int around,
                       float extent, float red_shift, float blue_shift, float fall_2, float fall_4, float fall_6)
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
            const float size = positive(light[2]), red_size = positive(light[2] + red_shift);
            const float blue_size = positive(light[2] + blue_shift);
            const float widest = red_size > blue_size ? red_size : blue_size;
            const float reach = ((widest > size ? widest : size) + 0.5f) * extent;
            const float dy = y - light[1];
            if (positive(dy) > reach || (float)(GLOBAL_X + RUN - 1) < light[0] - reach
                || (float)GLOBAL_X > light[0] + reach)
                continue;
            GLOBAL const float *cell =
                cell_at(aperture, cells_x, cells_y, (int)light[0], (int)light[1], width, height);
            const floats dx = x - light[0], down = (floats)(dy);
            const int is_before = light[2] < 0.0f;
            floats of_green = light_at(cell, profile, dx, down, size, extent, is_before);
            floats of_red = of_green, of_blue = of_green;
            if (red_shift != 0.0f || blue_shift != 0.0f) {
                of_red = light_at(cell, profile, dx, down, red_size, extent, is_before);
                of_blue = light_at(cell, profile, dx, down, blue_size, extent, is_before);
            }
            if (!(largest(greater(of_green, greater(of_red, of_blue))) > 0.0f))
                continue;
            if (light[6] < light[2] - 1.5f) {
                const floats open = unobstructed(radii, light, x, y, pitch, width, height);
                of_red *= open;
                of_green *= open;
                of_blue *= open;
            }
            red += of_red * light[3];
            green += of_green * light[4];
            blue += of_blue * light[5];
            is_lit = 1;
        }
    }
    if (is_lit) {
        const floats fall = over_field(field_squared(GLOBAL_X, GLOBAL_Y, width, height), fall_2, fall_4, fall_6);
        STORE(picture, at, LOAD(picture, at) + fall * red);
        STORE(picture, at + stride, LOAD(picture, at + stride) + fall * green);
        STORE(picture, at + 2 * stride, LOAD(picture, at + 2 * stride) + fall * blue);
    }
}
