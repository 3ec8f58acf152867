/* Shared code of the defocus kernels: discs on a grid, and layers.
 *
 * A picture is spread at several scales. A point with a blur radius up to `reach` pixels of a scale is spread at that
 * scale. A point with a larger radius passes to the next scale, of half the size. In between its weight is divided
 * between both scales, so that a slanted surface shows no step.
 */
#define FADE 0.125f
#define EPSILON 1e-6f
#define UNLIMITED 1e6f
#define SHARP 0.5f /* blur radius in pixels up to which a disc is one pixel */

/* Depth layers, the nearest first. Layer l holds the points whose signed radius, negative in front of the focus, lies
 * between border l and border l + 1. `borders` holds the radius and slope of each border. `behind` is the fraction of a
 * point behind border l: 1 for the first border, 0 for the last.
 */
#ifndef LAYERS
#define LAYERS 2
#endif
#ifndef SHAPED
#define SHAPED 0
#endif
#define ONWARD (5 + SHAPED)
#define SPREAD_PLANES (6 + SHAPED)
FUNCTION floats behind(GLOBAL const float *borders, int l, floats radius)
{
    if (l == 0 || l == LAYERS)
        return (floats)(l == 0 ? 1.0f : 0.0f);
    return limited((radius - borders[2 * l]) * borders[2 * l + 1] + 0.5f, 0.0f, 1.0f);
}

/* Planes of one scale. For each layer, the light that this and smaller scales spread: colour times weight (0 to 2),
 * weight (3), radius in pixels of that scale (4); for shaped discs the tilt of their light (5); and the weight that
 * passes on to smaller scales (ONWARD). Then, for each layer except the nearest, which is never occluded, its surface:
 * colour (0 to 2), covered fraction of the pixel (3), radius in pixels of that scale (4), each continued behind its
 * occluders; and the visible fraction of the pixel, not occluded by nearer layers (5).
 */
#define SPREAD(l) (SPREAD_PLANES * (l))
#define SURFACE(l) (SPREAD_PLANES * LAYERS + 6 * ((l) - 1))

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
FUNCTION floats doubled(GLOBAL const float *coarse, int at, int step_y)
{
#if RUN > 1
    const floats rows = 0.75f * LOAD(coarse, at - 1) + 0.25f * LOAD(coarse, at - 1 + step_y);
#if RUN == 16
    return 0.75f * rows.s1122334455667788 + 0.25f * rows.s0213243546576879;
#else
    return 0.75f * rows.s11223344 + 0.25f * rows.s02132435;
#endif
#else
    const int step_x = GLOBAL_X & 1 ? 1 : -1;
    return 0.75f * (0.75f * coarse[at] + 0.25f * coarse[at + step_y])
         + 0.25f * (0.75f * coarse[at + step_x] + 0.25f * coarse[at + step_x + step_y]);
#endif
}

/* Side of a tile in pixels: one or two runs on a CPU, 16 runs on a GPU. */
#define TILE 16

/* Index of a tile in a table of consecutive layers. Each layer is framed by two rows and columns of zero tiles, so that
 * border pixels have neighbours.
 */
FUNCTION int tile_at(int l, int tile_x, int tile_y, int tiles_x, int tiles_y)
{
    return (l * (tiles_y + 4) + tile_y + 2) * (tiles_x + 4) + tile_x + 2;
}

/* The largest radius in a row of three tiles, limited to radii above `beside` in the outer tiles. */
FUNCTION float reach_of_row(GLOBAL const float *middle, float beside)
{
    const float largest = middle[-1] > middle[1] ? middle[-1] : middle[1], outer = largest > beside ? largest : 0.0f;
    return outer > middle[0] ? outer : middle[0];
}

/* The largest radius that may reach row y of the tile of (x, y) from the 3x3 tiles of layer l around it. A disc of
 * radius r reaches `extent` (r + `rim`). It is the same for a whole row of the tile: `spread_scale` averages within it,
 * so that pictures would otherwise depend on the length of a run.
 */
FUNCTION float reach_of_tiles(GLOBAL const float *tiles, int l, int tiles_x, int tiles_y, int x, int y, float extent,
                              float rim)
{
    const int tile_x = (x + PAD) / TILE - PAD / TILE, tile_y = (y + PAD) / TILE - PAD / TILE;
    const int row = (y + PAD) % TILE, next = tiles_x + 4;
    const float per_px = 1.0f / extent, beside = per_px - rim;
    GLOBAL const float *middle = tiles + tile_at(l, tile_x, tile_y, tiles_x, tiles_y);
    const float above = reach_of_row(middle - next, beside);
    const float below = reach_of_row(middle + next, beside);
    const float central = reach_of_row(middle, beside);
    const float upper = above > central && above > (float)(row + 1) * per_px - rim ? above : central;
    return below > upper && below > (float)(TILE - row) * per_px - rim ? below : upper;
}
