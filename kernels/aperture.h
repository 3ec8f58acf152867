/* The shape of the aperture, and the light within it (engine/optics/shape.py makes the tables).
 *
 * A pixel at the offset d from the middle of a disc of the radius r lies inside where the gauge g(d) is at most r. The
 * picture is divided into cells, each with its shape: gauges at whole offsets of up to REACH pixels, in rows; the
 * offset at which each row has its least; and, for radii in steps of 1 / STEPS_PER_PX, two sums over the pixels of a
 * disc: of what it covers of each, and of that times g^2. SHAPED is 0 for a lens whose discs are plain: none of this is
 * read.
 */
#define REACH 16
#define SIDE (2 * REACH + 1)
#define STEPS_PER_PX 8
#define SUMS (STEPS_PER_PX * REACH + 2)
#define MIDDLES_AT (SIDE * SIDE)
#define SUMS_AT (MIDDLES_AT + SIDE)
#define CELL_FLOATS (SUMS_AT + 2 * SUMS)

/* The cell of the pixel (x, y) of a picture. */
FUNCTION GLOBAL const float *cell_at(GLOBAL const float *aperture, int cells_x, int cells_y, int x, int y, int width,
                                     int height)
{
    const int cell_x = x * cells_x / width, cell_y = y * cells_y / height;
    const int column = cell_x < 0 ? 0 : cell_x >= cells_x ? cells_x - 1 : cell_x;
    const int row = cell_y < 0 ? 0 : cell_y >= cells_y ? cells_y - 1 : cell_y;
    return aperture + (row * cells_x + column) * CELL_FLOATS;
}

/* How much brighter the rim of a disc of the radius is than its mean, as far as it is large enough to have one. */
FUNCTION floats rim_of(floats radius, float rim)
{
    return rim * limited(0.5f * radius - 0.5f, 0.0f, 1.0f);
}

/* Light at the gauge g of a disc: 1 - rim + slope g^2, which is 1 on average; the slope at a radius. */
FUNCTION floats slope_of(floats radius, floats rim) { return 2.0f * rim / greater(radius * radius, (floats)(1.0f)); }

/* The light of a disc of the radius `reached`, 1 - rim + slope g^2 at the gauge g, over the pixels. */
FUNCTION floats shape_sum(GLOBAL const float *cell, floats reached, floats rim, floats slope)
{
    GLOBAL const float *sums = cell + SUMS_AT;
    const floats place = limited(reached * (float)STEPS_PER_PX, 0.0f, (float)(SUMS - 2) + 0.999f);
    floats part, covered, next_covered, squares, next_squares;
#if RUN > 1
    const ints index = __builtin_convertvector(place, ints);
    part = place - __builtin_convertvector(index, floats);
    for (int i = 0; i < RUN; ++i) {
        GLOBAL const float *at = sums + 2 * index[i];
        covered[i] = at[0];
        squares[i] = at[1];
        next_covered[i] = at[2];
        next_squares[i] = at[3];
    }
#else
    GLOBAL const float *at = sums + 2 * (int)place;
    part = place - (float)(int)place;
    covered = at[0];
    squares = at[1];
    next_covered = at[2];
    next_squares = at[3];
#endif
    return (1.0f - rim) * (covered + part * (next_covered - covered))
         + slope * (squares + part * (next_squares - squares));
}

/* Of every offset (dx, dy) to a source whose disc of the radius `reach` may touch a pixel, `distance` being its gauge.
 * Before the focus the shape is upside down, which `side` says: 1 behind the focus, -1 before it. A row of a shape is
 * walked from its middle, to the right and then to the left.
 */
#if SHAPED
#define GAUGE(cell, side, dx, dy) ((cell)[(REACH - (side) * (dy)) * SIDE + REACH - (side) * (dx)])
#define MIDDLE(cell, dy) ((int)(cell)[MIDDLES_AT + REACH - (dy)])
#define FOR_TAPS(cell, side, reach, extent)                                                                            \
    for (int whole = (int)((reach) * (extent)), most = whole < REACH ? whole : REACH, dy = -most; dy <= most; ++dy)    \
        for (int middle = -(side) * MIDDLE(cell, (side) * dy), to_left = 0; to_left < 2; ++to_left)                    \
            for (int dx = middle - to_left; dx >= -most && dx <= most; dx += 1 - 2 * to_left)
#define DISTANCE_OR_LEAVE(cell, side, reach)                                                                           \
    const float distance = GAUGE(cell, side, dx, dy);                                                                  \
    if (distance > (reach))                                                                                            \
        break;
#else
/* Offset of the outermost pixel in row dy that a disc of `radius` touches. */
FUNCTION int half_chord(float radius, int dy)
{
    const float left = radius * radius - (float)(dy * dy);
    return left > 0.0f ? (int)scalar_root(left) : 0;
}

#define FOR_TAPS(cell, side, reach, extent)                                                                            \
    for (int dy = -(int)(reach); dy <= (int)(reach); ++dy)                                                             \
        for (int dx = -half_chord(reach, dy), last = -dx; dx <= last; ++dx)
#define DISTANCE_OR_LEAVE(cell, side, reach) const float distance = scalar_root((float)(dx * dx + dy * dy));
#endif
