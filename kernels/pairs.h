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
    const int at = (2 * GLOBAL_Y - (margin) + PAD) * pitch + GLOBAL_X;                                                 \
    const int pair = (GLOBAL_Y - (margin) / 2 + PAD) * pitch + GLOBAL_X;                                               \
    const ints colour_first = ((LANES + GLOBAL_X - PAD) & 1) == (red_y == 0 ? red_x : 1 - red_x)

#define AT_COLOURS(mosaic, step) (colour_first ? LOAD(mosaic, at + (step)) : LOAD(mosaic, at + pitch + (step)))
#define AT_GREENS(mosaic, step) (colour_first ? LOAD(mosaic, at + pitch + (step)) : LOAD(mosaic, at + (step)))

/* From a plane with one row per pair: the value one mosaic row above, or below, at an offset of `dx` columns. `first`
 * is set for each lane that reads from the first row of its pair. One of the two is in the same pair.
 */
#define ABOVE(first, plane, dx) ((first) ? LOAD(plane, pair - pitch + (dx)) : LOAD(plane, pair + (dx)))
#define BELOW(first, plane, dx) ((first) ? LOAD(plane, pair + (dx)) : LOAD(plane, pair + pitch + (dx)))

/* Mean of the four diagonal neighbours. */
#define AROUND(first, plane)                                                                                           \
    (0.25f * (LOAD(plane, pair - 1) + LOAD(plane, pair + 1)                                                            \
              + ((first) ? LOAD(plane, pair - pitch - 1) + LOAD(plane, pair - pitch + 1)                               \
                         : LOAD(plane, pair + pitch - 1) + LOAD(plane, pair + pitch + 1))))
