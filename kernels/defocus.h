/* Shared code of the defocus kernels: discs on a grid, and layers.
 *
 * A picture is spread at several scales. A point with a blur radius up to `reach` pixels of a scale is spread at that
 * scale. A point with a larger radius passes to the next scale, of half the size. In between its weight is divided
 * between both scales, so that a slanted surface shows no step.
 */
#include "tiles.h"

#define FADE 0.125f
#define EPSILON 1e-6f
#define UNLIMITED 1e6f
#define SHARP 0.5f /* blur radius in pixels up to which a disc is one pixel */
#define MIXED_ROWS 2 /* rows above and below a pixel that `doubled` mixes into it */

/* Depth layers, the nearest first. Layer l holds the points whose signed radius, negative in front of the focus, lies
 * between border l and border l + 1. `borders` holds the radius and slope of each border. `behind` is the fraction of a
 * point behind border l: 1 for the first border, 0 for the last. Points of the nearest layer in front of border 0
 * occlude its other points.
 */
#ifndef LAYERS
#define LAYERS 2
#endif
#ifndef SHAPED
#define SHAPED 0
#endif
#define ONWARD (5 + SHAPED)
#define SPREAD_PLANES (6 + SHAPED)
/* Fraction of a point that does not occlude the surface of layer l. */
FUNCTION floats in_view(GLOBAL const float *borders, int l, floats radius)
{
    return limited((radius - borders[2 * l]) * borders[2 * l + 1] + 0.5f, 0.0f, 1.0f);
}

FUNCTION floats behind(GLOBAL const float *borders, int l, floats radius)
{
    return l > 0 && l < LAYERS ? in_view(borders, l, radius) : (floats)(l == 0 ? 1.0f : 0.0f);
}

/* Planes of one scale. For each layer, the light that this and smaller scales spread: colour times weight (0 to 2),
 * weight (3), radius in pixels of that scale (4); for shaped discs the tilt of their light (5); and the weight that
 * passes on to smaller scales (ONWARD). Then, for each layer, its surface: colour (0 to 2), covered fraction of the pixel
 * (3), radius in pixels of that scale (4), each continued behind its occluders; the visible fraction of the pixel, not
 * occluded by nearer points (5); and the weight of its colour and radius (CERTAINTY), which for two layers is the covered
 * fraction. Surfaces begin with layer `first_surface`: 1 if nothing occludes the nearest layer.
 */
#define SPREAD(l) (SPREAD_PLANES * (l))
#define SURFACE_PLANES (LAYERS > 2 ? 7 : 6)
#define CERTAINTY (LAYERS > 2 ? 6 : 3)
#define SURFACE(l) (SPREAD_PLANES * LAYERS + SURFACE_PLANES * (l))

/* For a run at (x, y): the distance h from the centre of the picture, 1 in the corners, and the polynomial 1 + a h + b
 * h^2 + c h^3 + d h^4.
 */
FUNCTION floats field_height(int x, int y, int width, int height)
{
    const floats from_x = (float)x + (0.5f - 0.5f * (float)width) + LANE_NUMBERS;
    const float from_y = (float)y + (0.5f - 0.5f * (float)height);
    const float whole = (float)width * (float)width + (float)height * (float)height;
    return square_root((from_x * from_x + from_y * from_y) * (4.0f / whole));
}

FUNCTION floats over_field(floats h, float a, float b, float c, float d)
{
    return 1.0f + h * (a + h * (b + h * (c + h * d)));
}

/* Fraction of a point of `radius` that is spread at this scale; the rest passes to the next. */
FUNCTION floats share_here(floats radius, float reach)
{
    return limited(((1.0f + FADE) * reach - radius) * (1.0f / (FADE * reach)), 0.0f, 1.0f);
}

/* Coverage of the pixel at `distance` from the centre of a disc of `radius`: 1 inside, 0 outside, a ramp one pixel wide
 * at the rim.
 */
FUNCTION floats coverage(floats radius, float distance)
{
    return limited(radius + (0.5f - distance), 0.0f, 1.0f);
}

/* Radius of a disc at a smaller scale that has the variance of a disc of `radius` after it is upsampled to full size:
 * halving and upsampling add `softness`.
 */
FUNCTION floats sharpened(floats radius, float softness)
{
    return square_root(greater(radius * radius - softness, (floats)(0.0f)));
}

/* Part of the colour shift of a disc. Full size spreads all colours alike: from `colour_from` on, the least radius that the
 * next scale spreads, the part grows by `colour_rate` for each pixel of radius.
 */
FUNCTION floats coloured_part(floats radius, float colour_from, float colour_rate)
{
    return limited((radius - colour_from) * colour_rate, 0.0f, 1.0f);
}

/* Sum of `coverage` over the grid, for radii up to `largest`: explicit terms for the pixels next to the centre, which
 * at small radii differ from the integral of the ramp, pi (r^2 + 1/12), by up to 8 %.
 */
FUNCTION floats disc_area(floats radius, float largest)
{
    const floats inner = coverage(radius, 0.0f) + 4.0f * coverage(radius, 1.0f) + 4.0f * coverage(radius, 1.414214f)
        + 4.0f * coverage(radius, 2.0f) + 8.0f * coverage(radius, 2.236068f) + 4.0f * coverage(radius, 2.828427f)
        + 4.0f * coverage(radius, 3.0f) + 8.0f * coverage(radius, 3.162278f) + 8.0f * coverage(radius, 3.605551f);
    if (largest < 3.5f)
        return inner;
    const floats outer = 4.0f * coverage(radius, 4.0f) + 8.0f * coverage(radius, 4.123106f)
        + 4.0f * coverage(radius, 4.242641f) + 8.0f * coverage(radius, 4.472136f) + 12.0f * coverage(radius, 5.0f)
        + 8.0f * coverage(radius, 5.099020f) + 8.0f * coverage(radius, 5.385165f);
    return radius < 4.8f ? inner + outer : 3.141593f * (radius * radius + (1.0f / 12.0f));
}

/* Upsamples a plane of half the size, linearly. Pixel (x, y) is a quarter of a coarse pixel from the centre of its own
 * coarse pixel, towards the next one. `at` is the index of coarse pixel (x / 2, y / 2), `step_y` the offset of the
 * nearer row.
 */
FUNCTION floats doubled(GLOBAL const f16 *coarse, int at, int step_y)
{
#if RUN > 1
    const floats rows = 0.75f * LOAD_F16(coarse, at - 1) + 0.25f * LOAD_F16(coarse, at - 1 + step_y);
#if RUN == 16
    return 0.75f * rows.s1122334455667788 + 0.25f * rows.s0213243546576879;
#else
    return 0.75f * rows.s11223344 + 0.25f * rows.s02132435;
#endif
#else
    const int step_x = GLOBAL_X & 1 ? 1 : -1;
    return 0.75f * (0.75f * ONE_F16(coarse, at) + 0.25f * ONE_F16(coarse, at + step_y))
         + 0.25f * (0.75f * ONE_F16(coarse, at + step_x) + 0.25f * ONE_F16(coarse, at + step_x + step_y));
#endif
}

/* Index of a tile in a table of consecutive layers. Each layer is framed by two rows and columns of zero tiles, so that
 * border pixels have neighbours.
 */
FUNCTION int tile_at(int l, int tile_x, int tile_y, int tiles_x, int tiles_y)
{
    return (l * (tiles_y + 4) + tile_y + 2) * (tiles_x + 4) + tile_x + 2;
}

/* Index of the tile around the run at (column, row) of a padded plane, in the table of the first layer. */
FUNCTION int tile_around(int column, int row, int tiles_x, int tiles_y)
{
    return tile_at(0, column / TILE - PAD / TILE, row / TILE - PAD / TILE, tiles_x, tiles_y);
}

/* The table of detail (find_detail in kernels/defocus_spread.cl) has 1 + LAYERS parts: 1 for a tile with detail; then
 * for each layer the largest radius in the 3x3 tiles around.
 */
FUNCTION float largest_near(GLOBAL const float *detail, int l, int tile, int tiles_x, int tiles_y)
{
    return detail[tile + (1 + l) * (tiles_x + 4) * (tiles_y + 4)];
}

/* Rows of tiles are strips. For each layer, the table of strips holds the largest radius that a scale spreads: EPSILON
 * for points in focus, 0 for none.
 */
FUNCTION int strip_at(int l, int tile_x, int y, int tiles_x, int height)
{
    return (l * height + y) * tiles_x + tile_x;
}

/* The largest radius of layer l that may reach the strip of row y in a column of tiles, from the strips around. A disc
 * of radius r reaches `extent` (r + `rim`). `near` is the largest radius in the tiles around. Beyond the picture, the
 * strips are mirrored. The result is 0 only if no disc reaches the pixels around the strip either, which are mixed in
 * where a strip is upsampled.
 */
FUNCTION float reach_of_strips(GLOBAL const float *strips, int l, int tile_x, int y, int tiles_x, int height,
                               float near, float extent, float rim)
{
    const int rows = near > 0.0f ? (int)((near + rim) * extent) + MIXED_ROWS : -1;
    const int column = tile_x < 0 ? 0 : tile_x < tiles_x ? tile_x : tiles_x - 1;
    const int left = column > 0 ? -1 : 0, right = column < tiles_x - 1 ? 1 : 0;
    const float per_px = 1.0f / extent;
    float found = 0.0f;
    for (int away = -rows; away <= rows; ++away) {
        int row = y + away < 0 ? -(y + away) : y + away;
        row = row < height ? row : 2 * (height - 1) - row;
        GLOBAL const float *middle = strips + strip_at(l, column, row < 0 ? 0 : row, tiles_x, height);
        const float beside = middle[left] > middle[right] ? middle[left] : middle[right];
        const float here = beside > middle[0] ? beside : middle[0];
        const int apart = away < 0 ? -away : away;
        const float reaching = here > (float)apart * per_px - rim ? here : EPSILON;
        found = here > (float)(apart - MIXED_ROWS) * per_px - rim && reaching > found ? reaching : found;
    }
    return found;
}
