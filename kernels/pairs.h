/* Bayer mosaics two rows at a time. In each column a pair of rows contains one green photosite, and one red or blue
 * photosite. Most quantities are needed at only one of the two. `AT_COLOURS` gathers the values at red and blue
 * photosites from the mosaic, `AT_GREENS` those at green ones, each lane from its own row. So no unused value is
 * computed (measured: a sixth less time than computing all and dropping half). Results for either kind fill a plane
 * with one row per pair: half the memory traffic, and no gathering (measured: a fifth less time).
 */
#include "portable.h"

/* `at` is the index of this run in the first row of the mosaic's pair, `pair` its index in a plane with one row per
 * pair. `colour_first` is set for each lane whose red or blue photosite is in the first row. `margin`, an even number,
 * is the number of additional rows above the picture.
 */
#define PAIR(margin)                                                                                                   \
    const place line = pitch;                                                                                          \
    const place at = (2 * GLOBAL_Y - (margin) + PAD) * line + GLOBAL_X;                                                \
    const place pair = (GLOBAL_Y - (margin) / 2 + PAD) * line + GLOBAL_X;                                              \
    const ints colour_first = ((LANES + GLOBAL_X - PAD) & 1) == (red_y == 0 ? red_x : 1 - red_x)

/* The value `dx` columns and `dy` rows from each lane's red or blue photosite, or from its green one. (`dx` is added last:
 * a constant in the load, so that all columns share one address.)
 */
#define ROW(plane, dx, dy) LOAD((plane) + (at + (dy) * line), dx)
#define AT_COLOURS(plane, dx, dy) (colour_first ? ROW(plane, dx, dy) : ROW(plane, dx, (dy) + 1))
#define AT_GREENS(plane, dx, dy) (colour_first ? ROW(plane, dx, (dy) + 1) : ROW(plane, dx, dy))

/* From a plane with one row per pair, the value `dx` columns and `dy` pairs away. */
#define OF_PAIR(plane, dx, dy) LOAD((plane) + (pair + (dy) * line), dx)

/* From such a plane: the value `dx` columns away, in the next row of the mosaic above or below, or `dy` pairs beyond
 * it. `first` is set for each lane that reads from the first row of its pair. One of the two is in the same pair.
 */
#define ABOVE(first, plane, dx, dy) ((first) ? OF_PAIR(plane, dx, -(dy) - 1) : OF_PAIR(plane, dx, -(dy)))
#define BELOW(first, plane, dx, dy) ((first) ? OF_PAIR(plane, dx, dy) : OF_PAIR(plane, dx, (dy) + 1))

/* Mean of the four diagonal neighbours. */
#define AROUND(first, plane)                                                                                           \
    (0.25f * (OF_PAIR(plane, -1, 0) + OF_PAIR(plane, 1, 0)                                                             \
              + ((first) ? OF_PAIR(plane, -1, -1) + OF_PAIR(plane, 1, -1)                                              \
                         : OF_PAIR(plane, -1, 1) + OF_PAIR(plane, 1, 1))))
