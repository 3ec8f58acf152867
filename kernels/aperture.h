/* The shape of the aperture, and the light within it (engine/optics/shape.py makes the tables).
 *
 * A pixel at the offset d from the middle of a disc of the radius r lies inside where the gauge g(d) is at most r. The
 * picture is divided into cells, each with its shape: gauges at whole offsets of up to REACH pixels, in rows; and, for
 * radii in steps of 1 / STEPS_PER_PX, two sums over the pixels of a disc: of its coverage, and of its rim. SHAPED is 0
 * for a lens whose discs are plain: then none of this is read.
 */
#ifndef SHAPED
#define SHAPED 0
#endif
#define REACH 16
#define SIDE (2 * REACH + 1)
#define STEPS_PER_PX 8
#define SUMS (STEPS_PER_PX * REACH + 2)
#define CELL_FLOATS (SIDE * SIDE + 2 * SUMS)

/* The cell of the pixel (x, y) of a picture. */
FUNCTION GLOBAL const float *cell_at(GLOBAL const float *aperture, int cells_x, int cells_y, int x, int y, int width,
                                     int height)
{
    const int cell_x = x * cells_x / width, cell_y = y * cells_y / height;
    const int column = cell_x < 0 ? 0 : cell_x >= cells_x ? cells_x - 1 : cell_x;
    const int row = cell_y < 0 ? 0 : cell_y >= cells_y ? cells_y - 1 : cell_y;
    return aperture + (row * cells_x + column) * CELL_FLOATS;
}

/* How much the rim of a disc is brighter than its mean, as far as it is large enough to have one. */
FUNCTION floats rim_of(floats radius, float rim)
{
    return rim * limited(0.5f * radius - 0.5f, 0.0f, 1.0f);
}

/* The light of a disc, at its middle one, over the pixels. */
FUNCTION floats shape_sum(GLOBAL const float *cell, floats radius, float rim)
{
    GLOBAL const float *sums = cell + SIDE * SIDE;
    const floats place = limited(radius * (float)STEPS_PER_PX, 0.0f, (float)(SUMS - 2) - 0.001f);
    floats part, covered, next_covered, rims, next_rims;
#if RUN > 1
    const ints index = __builtin_convertvector(place, ints);
    part = place - __builtin_convertvector(index, floats);
    for (int i = 0; i < RUN; ++i) {
        GLOBAL const float *at = sums + 2 * index[i];
        covered[i] = at[0];
        rims[i] = at[1];
        next_covered[i] = at[2];
        next_rims[i] = at[3];
    }
#else
    GLOBAL const float *at = sums + 2 * (int)place;
    part = place - (float)(int)place;
    covered = at[0];
    rims = at[1];
    next_covered = at[2];
    next_rims = at[3];
#endif
    const floats inside = covered + part * (next_covered - covered)
                        + rim_of(radius, rim) * (rims + part * (next_rims - rims));
    return radius * (float)STEPS_PER_PX < (float)(SUMS - 2) ? inside
                                                            : 3.141593f * (radius * radius + 1.0f / 12.0f);
}

/* What the kernels do for every offset (dx, dy) of a source that may reach a pixel: `distance` is its gauge. Before the
 * focus the shape is upside down, which `side` says: 1 behind the focus, -1 before it.
 */
#if SHAPED
#define FOR_TAPS(reach, extent)                                                                                        \
    for (int whole = (int)((reach) * (extent)), bound = whole < REACH ? whole : REACH, dy = -bound; dy <= bound; ++dy) \
        for (int dx = -bound; dx <= bound; ++dx)
#define GAUGE(cell, dx, dy, side) ((cell)[(REACH - (side) * (dy)) * SIDE + REACH - (side) * (dx)])
#else
/* Offset of the outermost pixel in row dy that a disc of `radius` touches. */
FUNCTION int half_chord(float radius, int dy)
{
    const float left = radius * radius - (float)(dy * dy);
    return left > 0.0f ? (int)scalar_root(left) : 0;
}

#define FOR_TAPS(reach, extent)                                                                                        \
    for (int dy = -(int)(reach); dy <= (int)(reach); ++dy)                                                             \
        for (int dx = -half_chord(reach, dy), last = -dx; dx <= last; ++dx)
#define GAUGE(cell, dx, dy, side) scalar_root((float)((dx) * (dx) + (dy) * (dy)))
#endif
