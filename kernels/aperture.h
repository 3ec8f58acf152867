/* Aperture shape and the light distribution within a disc (tables from engine/optics/shape.py).
 *
 * A pixel at offset d from the centre of a disc of radius r is inside if the gauge g(d) is at most r. The picture is
 * divided into cells, each with its own shape. The tables of a cell: gauges at whole offsets up to REACH pixels, in
 * rows; the same gauges in ascending order (taps) with their offsets; for radii in steps of 1 / STEPS_PER_PX the number
 * of taps within the radius and two sums over the disc's pixels: their coverage, and coverage times g^2. SHAPED is 0
 * for a lens with circular, uniform discs: these need the taps only. With SECTORS above 1 the tables of a cell are those
 * of one sector (kernels/sectors.h): its taps with their offsets, their number within a radius, the share of the sector
 * in the disc and the inverse of the share.
 */
#ifndef SECTORS
#define SECTORS 1
#endif
#define REACH 16
#define SIDE (2 * REACH + 1)
#define STEPS_PER_PX 8
#define SUMS (STEPS_PER_PX * REACH + 2)
#if SECTORS > 1
#define TAPS ((SIDE * SIDE - 1) / SECTORS + 1)
#define TAPS_AT 0
#else
#define TAPS (SIDE * SIDE)
#define TAPS_AT TAPS
#endif
#define OFFSETS_AT (TAPS_AT + TAPS)
#define COUNTS_AT (OFFSETS_AT + 2 * TAPS)
#define SHARE_AT (COUNTS_AT + SUMS)
#define SUMS_AT (COUNTS_AT + SUMS)
#define CELL_FLOATS (SECTORS > 1 ? SHARE_AT + 2 : SUMS_AT + 2 * SUMS)

/* Cell of pixel (x, y) of a picture: that of the centre of its block of 16x16 pixels, so that the picture does not depend
 * on the length of a run.
 */
FUNCTION GLOBAL const float *cell_at(GLOBAL const float *aperture, int cells_x, int cells_y, int x, int y, int width,
                                     int height)
{
    const int cell_x = ((x & -16) + 8) * cells_x / width, cell_y = ((y & -16) + 8) * cells_y / height;
    const int column = cell_x < 0 ? 0 : cell_x >= cells_x ? cells_x - 1 : cell_x;
    const int row = cell_y < 0 ? 0 : cell_y >= cells_y ? cells_y - 1 : cell_y;
    return aperture + (row * cells_x + column) * CELL_FLOATS;
}

/* Light at gauge g of a disc is proportional to 1 + tilt g^2. It is 1 - rim at the centre and 1 + rim at the rim, if
 * the disc is large enough to have a rim. Returns the tilt for a disc of the radius.
 */
FUNCTION floats tilt_of(floats radius, float rim)
{
    const floats own_rim = rim * limited(0.5f * radius - 0.5f, 0.0f, 1.0f);
    return 2.0f * own_rim / (greater(radius * radius, (floats)(1.0f)) * (1.0f - own_rim));
}

/* Sums over the pixels of a disc of the radius: coverage, and coverage times g^2. */
FUNCTION void shape_sums(GLOBAL const float *cell, floats radius, floats *covered, floats *squares)
{
    GLOBAL const float *sums = cell + SUMS_AT;
    const floats place = limited(radius * (float)STEPS_PER_PX, 0.0f, (float)(SUMS - 2) + 0.999f);
    const ints index = TRUNCATED(place);
    const floats part = place - IN_FLOATS(index);
#if RUN > 1
    const int lowest = (int)-largest(-place), first = lowest < SUMS - RUN ? lowest : SUMS - RUN;
    if (largest(place) < (float)(first + RUN - 1)) { /* one run of the tables covers the run */
        const floats low = LOAD(sums, 2 * first), high = LOAD(sums, 2 * first + RUN);
        const floats all_covers = EVERY_SECOND(low, high, 0), all_squares = EVERY_SECOND(low, high, 1);
        const ints here = index - first;
        const floats covers = permuted(all_covers, here), square = permuted(all_squares, here);
        *covered = covers + part * (permuted(all_covers, here + 1) - covers);
        *squares = square + part * (permuted(all_squares, here + 1) - square);
        return;
    }
#endif
    const floats covers = taken(sums, 2 * index), square = taken(sums, 2 * index + 1);
    const floats next_covers = taken(sums, 2 * index + 2), next_square = taken(sums, 2 * index + 3);
    *covered = covers + part * (next_covers - covers);
    *squares = square + part * (next_square - square);
}

/* Sources whose discs, with radii up to `max_radius`, may touch a pixel. Gauges ascend; the pixel itself is first.
 * `offset` is the distance from the pixel to a source in a plane. Its sign is reversed in front of the focus, where the
 * shape is upside down.
 */
FUNCTION int taps_within(GLOBAL const float *cell, float max_radius)
{
    const int step = (int)(max_radius * (float)STEPS_PER_PX) + 1;
    return ((GLOBAL const int *)cell)[COUNTS_AT + (step < SUMS ? step : SUMS - 1)];
}

FUNCTION float gauge(GLOBAL const float *cell, int tap) { return cell[TAPS_AT + tap]; }

FUNCTION place offset(GLOBAL const float *cell, int tap, place pitch)
{
    GLOBAL const int *across_and_down = (GLOBAL const int *)cell + OFFSETS_AT + 2 * tap;
    return across_and_down[0] + across_and_down[1] * pitch;
}
