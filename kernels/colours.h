/* Red and blue from known green: steps 3 and 4 of RCD (see demosaic_rcd.cl), by gradient-weighted colour differences.
 *
 * The difference is colour - slope * green. `slope` is 1 where the colour correlates with green, less where it does
 * not.
 */
#include "photosites.h"

#define EPSILON 1e-5f

/* Gradients include photosites at a distance of three, if FAR_GRADIENTS is defined: 0.05 dB for `lmmse` and `best`.
 * With the smooth colour differences of `rcd` they gain nothing.
 */
#ifdef FAR_GRADIENTS
#define AND_FAR(near, far) +absolute((near) - (far))
#else
#define AND_FAR(near, far)
#endif

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

#define DIAGONAL_TOWARDS(dx, dy)                                                     \
    (EPSILON + absolute(NEAR(mosaic, dx, dy) - NEAR(mosaic, -(dx), -(dy)))           \
     AND_FAR(NEAR(mosaic, dx, dy), NEAR(mosaic, 3 * (dx), 3 * (dy)))                 \
     + absolute(here - NEAR(green, 2 * (dx), 2 * (dy))))

/* Blue at red photosites and red at blue photosites. */
FUNCTION floats opposite_colour(GLOBAL const float *mosaic, GLOBAL const float *falling, GLOBAL const float *green,
                                place block, place line, place stride, int photosite, floats slope)
{
    const floats here = NEAR(green, 0, 0);
    const floats north_west = DIAGONAL_TOWARDS(-1, -1), south_east = DIAGONAL_TOWARDS(1, 1);
    const floats north_east = DIAGONAL_TOWARDS(1, -1), south_west = DIAGONAL_TOWARDS(-1, 1);
    const floats on_falling = north_west * (NEAR(mosaic, 1, 1) - slope * NEAR(green, 1, 1))
                            + south_east * (NEAR(mosaic, -1, -1) - slope * NEAR(green, -1, -1));
    const floats on_rising = north_east * (NEAR(mosaic, -1, 1) - slope * NEAR(green, -1, 1))
                           + south_west * (NEAR(mosaic, 1, -1) - slope * NEAR(green, 1, -1));
    const floats share = clearer(NEAR(falling, 0, 0), AROUND(falling));
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
        const floats to_minus = gradient + absolute(here - (before)) AND_FAR(minus, minus3);                           \
        const floats to_plus = gradient + absolute(here - (after)) AND_FAR(plus, plus3);                               \
        sum = to_plus * (minus - (minus_green)) + to_minus * (plus - (plus_green));                                    \
        weight = to_minus + to_plus;                                                                                   \
    }

/* At a green photosite: the colour of the photosites in its row, and the colour of those in its column. Along the row,
 * the measured colour is the row's and `opposite` is the other; along the column they are exchanged.
 */
FUNCTION void colours_at_green(GLOBAL const float *mosaic, GLOBAL const float *vertical, GLOBAL const float *green,
                               GLOBAL const float *opposite, place block, place line, place stride, int photosite,
                               floats row_slope, floats column_slope, floats *row_colour, floats *column_colour)
{
    const floats here = NEAR(mosaic, 0, 0);
    const floats share = clearer(NEAR(vertical, 0, 0), AROUND(vertical));
    const floats west = NEAR(mosaic, -2, 0), east = NEAR(mosaic, 2, 0);
    const floats west_green = NEAR(green, -1, 0), east_green = NEAR(green, 1, 0);
    DIFFERENCE_ALONG(own_row, own_row_weight, west, east, NEAR(mosaic, -3, 0), NEAR(mosaic, -1, 0),
                     NEAR(mosaic, 1, 0), NEAR(mosaic, 3, 0), row_slope * west_green, row_slope * east_green)
    DIFFERENCE_ALONG(other_row, other_row_weight, west, east, NEAR(opposite, -3, 0), NEAR(opposite, -1, 0),
                     NEAR(opposite, 1, 0), NEAR(opposite, 3, 0), column_slope * west_green, column_slope * east_green)
    const floats north = NEAR(mosaic, 0, -2), south = NEAR(mosaic, 0, 2);
    const floats north_green = NEAR(green, 0, -1), south_green = NEAR(green, 0, 1);
    DIFFERENCE_ALONG(own_column, own_column_weight, north, south, NEAR(mosaic, 0, -3), NEAR(mosaic, 0, -1),
                     NEAR(mosaic, 0, 1), NEAR(mosaic, 0, 3), column_slope * north_green, column_slope * south_green)
    DIFFERENCE_ALONG(other_column, other_column_weight, north, south, NEAR(opposite, 0, -3), NEAR(opposite, 0, -1),
                     NEAR(opposite, 0, 1), NEAR(opposite, 0, 3), row_slope * north_green, row_slope * south_green)
    *row_colour = row_slope * here
        + mixed_fractions(other_column, other_column_weight, own_row, own_row_weight, share);
    *column_colour = column_slope * here
        + mixed_fractions(own_column, own_column_weight, other_row, other_row_weight, share);
}

/* Red, green and blue of the left and the right pixel in a row of the block, 0 or 1. The slopes are those at its green
 * photosite.
 */
FUNCTION void colours_of_row(GLOBAL const float *mosaic, GLOBAL const float *vertical, GLOBAL const float *green,
                             GLOBAL const float *opposite, place block, place line, place stride, int row, int red_x,
                             floats row_slope, floats column_slope, floats *left, floats *right)
{
    const place at = OF_BLOCK(row);
    const floats own = LOAD(mosaic, at), other = LOAD(opposite, at);
    floats row_colour, column_colour;
    colours_at_green(mosaic, vertical, green, opposite, block, line, stride, 2 + row, row_slope, column_slope,
                     &row_colour, &column_colour);
    floats *at_colour = row == 0 ? left : right, *at_green = row == 0 ? right : left;
    const int is_red = row == red_x;
    at_colour[0] = is_red ? own : other;
    at_colour[1] = LOAD(green, at);
    at_colour[2] = is_red ? other : own;
    at_green[0] = is_red ? row_colour : column_colour;
    at_green[1] = LOAD(mosaic, at + 2 * stride);
    at_green[2] = is_red ? column_colour : row_colour;
}
