/* Bayer mosaics two rows at a time: in each column a pair of rows holds one green and one site of red or blue, here
 * called "the site". Most quantities are wanted at one of the two only. `AT_SITES` gathers from the mosaic what the
 * sites need, `AT_GREENS` what the greens need, each lane from its own row, so that none is computed in vain (measured:
 * a sixth less time than computing all and dropping half). What is computed for the sites, or for the greens, fills a
 * plane with one row for each pair: half the memory to move, and no gathering (measured: a fifth less time).
 */
#include "portable.h"

/* `at` is the place of this run in the first row of the mosaic's pair, `pair` that in a plane of sites or of greens;
 * `site_first` says for each lane whether its site lies in the first row. `margin` rows above the picture are computed
 * too; it is even.
 */
#define PAIR(margin)                                                                                                   \
    const int at = (2 * GLOBAL_Y - (margin) + PAD) * pitch + GLOBAL_X;                                                 \
    const int pair = (GLOBAL_Y - (margin) / 2 + PAD) * pitch + GLOBAL_X;                                               \
    const ints site_first = ((LANES + GLOBAL_X - PAD) & 1) == (red_y == 0 ? red_x : 1 - red_x)

#define AT_SITES(mosaic, step) (site_first ? LOAD(mosaic, at + (step)) : LOAD(mosaic, at + pitch + (step)))
#define AT_GREENS(mosaic, step) (site_first ? LOAD(mosaic, at + pitch + (step)) : LOAD(mosaic, at + (step)))

/* From a plane with a row for each pair: what lies one row of the mosaic above, or below, and `dx` columns aside.
 * `first` says for each lane whether it looks from the first row of its pair. One of the two lies in the own pair.
 */
#define ABOVE(first, plane, dx) ((first) ? LOAD(plane, pair - pitch + (dx)) : LOAD(plane, pair + (dx)))
#define BELOW(first, plane, dx) ((first) ? LOAD(plane, pair + (dx)) : LOAD(plane, pair + pitch + (dx)))

/* Mean of the four diagonal neighbours. */
#define AROUND(first, plane)                                                                                           \
    (0.25f * (LOAD(plane, pair - 1) + LOAD(plane, pair + 1)                                                            \
              + ((first) ? LOAD(plane, pair - pitch - 1) + LOAD(plane, pair - pitch + 1)                               \
                         : LOAD(plane, pair + pitch - 1) + LOAD(plane, pair + pitch + 1))))
