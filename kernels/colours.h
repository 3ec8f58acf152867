/* Red and blue from known green: steps 3 and 4 of RCD (see demosaic_rcd.cl), by gradient-weighted colour differences.
 *
 * The difference is colour - slope * green. `slope` is 1 where the colour correlates with green, less where it does
 * not.
 */
#include "pairs.h"

#define EPSILON 1e-5f

/* The share of vertical (or falling-diagonal) energy that is farther from one half: the photosite's own, or the mean of
 * its four diagonal neighbours.
 */
FUNCTION floats clearer(floats here, floats around)
{
    return absolute(0.5f - here) < absolute(0.5f - around) ? around : here;
}

/* Mixes two interpolations, one along each axis, given as fractions a/b and c/d, by `share`, with one division. */
FUNCTION floats mixed_fractions(floats a, floats b, floats c, floats d, floats share)
{
    return ((1.0f - share) * a * d + share * c * b) / (b * d);
}

/* Gradient towards the diagonal neighbour at (dx, dy); the photosite two steps away is in the pair `dy` away. */
#define DIAGONAL_TOWARDS(dx, dy)                                                                \
    (EPSILON + absolute(AT_COLOURS(mosaic, dx, dy) - AT_COLOURS(mosaic, -(dx), -(dy)))          \
     + absolute(AT_COLOURS(mosaic, dx, dy) - AT_COLOURS(mosaic, 3 * (dx), 3 * (dy)))            \
     + absolute(here - OF_PAIR(green, 2 * (dx), dy)))

/* Blue at red photosites and red at blue photosites. */
FUNCTION floats opposite_colour(GLOBAL const float *mosaic, GLOBAL const float *falling, GLOBAL const float *green,
                                place line, place at, place pair, ints colour_first, floats slope)
{
    const floats here = OF_PAIR(green, 0, 0);
    const floats north_west = DIAGONAL_TOWARDS(-1, -1), south_east = DIAGONAL_TOWARDS(1, 1);
    const floats north_east = DIAGONAL_TOWARDS(1, -1), south_west = DIAGONAL_TOWARDS(-1, 1);
    const floats on_falling = north_west * (AT_COLOURS(mosaic, 1, 1) - slope * BELOW(colour_first, green, 1, 0))
                            + south_east * (AT_COLOURS(mosaic, -1, -1) - slope * ABOVE(colour_first, green, -1, 0));
    const floats on_rising = north_east * (AT_COLOURS(mosaic, -1, 1) - slope * BELOW(colour_first, green, -1, 0))
                           + south_west * (AT_COLOURS(mosaic, 1, -1) - slope * ABOVE(colour_first, green, 1, 0));
    const floats share = clearer(OF_PAIR(falling, 0, 0), AROUND(colour_first, falling));
    return slope * here
         + mixed_fractions(on_falling, north_west + south_east, on_rising, north_east + south_west, share);
}

/* Along one axis at green photosites: the colour difference from the two neighbours, each weighted by the gradient on
 * the opposite side, and the sum of the weights. `before` and `after` are the greens two photosites away. Inputs are
 * the colours one and three photosites away, and slope times green at the neighbours.
 */
#define DIFFERENCE_ALONG(sum, weight, before, after, minus3, minus1, plus1, plus3, minus_green, plus_green)            \
    floats sum, weight;                                                                                                \
    {                                                                                                                  \
        const floats minus = minus1, plus = plus1;                                                                     \
        const floats gradient = EPSILON + absolute(minus - plus);                                                      \
        const floats to_minus = gradient + absolute(here - (before)) + absolute(minus - (minus3));                     \
        const floats to_plus = gradient + absolute(here - (after)) + absolute(plus - (plus3));                         \
        sum = to_plus * (minus - (minus_green)) + to_minus * (plus - (plus_green));                                    \
        weight = to_minus + to_plus;                                                                                   \
    }

/* At green photosites: the colour of the photosites in the green's row, and the colour of those in its column. Along
 * the row, the measured colour is the row's and `opposite` is the other; along the column they are exchanged.
 */
FUNCTION void colours_at_greens(GLOBAL const float *mosaic, GLOBAL const float *vertical_at_greens,
                                GLOBAL const float *green, GLOBAL const float *opposite, place line, place at, place pair,
                                ints colour_first, floats row_slope, floats column_slope, floats *row_colour,
                                floats *column_colour)
{
    const ints green_first = colour_first == 0;
    const floats here = AT_GREENS(mosaic, 0, 0);
    const floats share = clearer(OF_PAIR(vertical_at_greens, 0, 0), AROUND(green_first, vertical_at_greens));
    const floats west = AT_GREENS(mosaic, -2, 0), east = AT_GREENS(mosaic, 2, 0);
    const floats west_green = OF_PAIR(green, -1, 0), east_green = OF_PAIR(green, 1, 0);
    DIFFERENCE_ALONG(own_row, own_row_weight, west, east, AT_GREENS(mosaic, -3, 0), AT_GREENS(mosaic, -1, 0),
                     AT_GREENS(mosaic, 1, 0), AT_GREENS(mosaic, 3, 0), row_slope * west_green, row_slope * east_green)
    DIFFERENCE_ALONG(other_row, other_row_weight, west, east, OF_PAIR(opposite, -3, 0), OF_PAIR(opposite, -1, 0),
                     OF_PAIR(opposite, 1, 0), OF_PAIR(opposite, 3, 0), column_slope * west_green,
                     column_slope * east_green)
    const floats north = AT_GREENS(mosaic, 0, -2), south = AT_GREENS(mosaic, 0, 2);
    const floats north_green = ABOVE(green_first, green, 0, 0), south_green = BELOW(green_first, green, 0, 0);
    DIFFERENCE_ALONG(own_column, own_column_weight, north, south, AT_GREENS(mosaic, 0, -3), AT_GREENS(mosaic, 0, -1),
                     AT_GREENS(mosaic, 0, 1), AT_GREENS(mosaic, 0, 3), column_slope * north_green,
                     column_slope * south_green)
    DIFFERENCE_ALONG(other_column, other_column_weight, north, south, ABOVE(green_first, opposite, 0, 1),
                     ABOVE(green_first, opposite, 0, 0), BELOW(green_first, opposite, 0, 0),
                     BELOW(green_first, opposite, 0, 1), row_slope * north_green, row_slope * south_green)
    *row_colour = row_slope * here
        + mixed_fractions(other_column, other_column_weight, own_row, own_row_weight, share);
    *column_colour = column_slope * here
        + mixed_fractions(own_column, own_column_weight, other_row, other_row_weight, share);
}

/* Assembles one row of the pair from the results of `colours_at_greens` and the measured values: the row's colour,
 * green, and the other colour.
 */
#define ROW_OF_PAIR(row, own, green_here, other)                              \
    {                                                                         \
        const ints is_colour = (row) == 0 ? colour_first : colour_first == 0; \
        const floats measured = ROW(mosaic, 0, row);                          \
        own = is_colour ? measured : row_colour;                              \
        green_here = is_colour ? OF_PAIR(green, 0, 0) : measured;             \
        other = is_colour ? OF_PAIR(opposite, 0, 0) : column_colour;          \
    }
