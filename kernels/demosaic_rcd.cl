/* Ratio Corrected Demosaicing (L. Sanz Rodriguez, "Ratio Corrected Demosaicing", 2017): green is interpolated along
 * the direction in which the mosaic is smooth, corrected by the ratio of the low-passed mosaic; red and blue follow
 * as colour differences. Four steps over whole padded rows, with a border that shrinks step by step.
 */
#include "pairs.h"
#include "scene.h"

#define EPSILON 1e-5f
#define EPSILON_SQUARED 1e-10f

/* The paper's high-passed second derivative (1 -3 -1 6 -1 -3 1) is (1 -3 1) of this, (1 0 -2 0 1). */
FUNCTION floats bend(floats before, floats here, floats after) { return before + after - 2.0f * here; }

/* Its square. */
FUNCTION floats roughness(floats before, floats here, floats after)
{
    const floats filtered = before + after - 3.0f * here;
    return filtered * filtered;
}

/* Roughness at the middle and at its two neighbours, of nine sites in a line. */
FUNCTION floats energy(floats a, floats b, floats c, floats d, floats e, floats f, floats g, floats h, floats i)
{
    const floats at_c = bend(a, c, e), at_d = bend(b, d, f), at_e = bend(c, e, g), at_f = bend(d, f, h);
    const floats at_g = bend(e, g, i);
    return EPSILON_SQUARED + roughness(at_c, at_d, at_e) + roughness(at_d, at_e, at_f) + roughness(at_e, at_f, at_g);
}

FUNCTION floats energy_across(GLOBAL const float *mosaic, int at)
{
    return energy(LOAD(mosaic, at - 4), LOAD(mosaic, at - 3), LOAD(mosaic, at - 2), LOAD(mosaic, at - 1),
                  LOAD(mosaic, at), LOAD(mosaic, at + 1), LOAD(mosaic, at + 2), LOAD(mosaic, at + 3),
                  LOAD(mosaic, at + 4));
}

/* Of a share of vertical (or falling-diagonal) energy at a site and the mean of its four diagonal neighbours, the
 * one that decides more clearly.
 */
FUNCTION floats clearer(floats here, floats around)
{
    return absolute(0.5f - here) < absolute(0.5f - around) ? around : here;
}

/* Step 1: which share of the energy is vertical, at the sites and at the greens; at the sites also which share lies on
 * the falling diagonal, and the low-passed mosaic.
 */
KERNEL void rcd_directions(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT vertical,
                           GLOBAL float *RESTRICT vertical_at_greens, GLOBAL float *RESTRICT falling,
                           GLOBAL float *RESTRICT low_pass, int pitch, int margin, int red_x, int red_y)
{
    PAIR(margin);
    floats column[6];
    for (int i = 0; i < 6; ++i)
        column[i] = bend(LOAD(mosaic, at + (i - 4) * pitch), LOAD(mosaic, at + (i - 2) * pitch),
                         LOAD(mosaic, at + i * pitch));
    floats rough[4];
    for (int i = 0; i < 4; ++i)
        rough[i] = roughness(column[i], column[i + 1], column[i + 2]);
    const floats both = EPSILON_SQUARED + rough[1] + rough[2];
    const floats first_v = both + rough[0], first_h = energy_across(mosaic, at);
    const floats second_v = both + rough[3], second_h = energy_across(mosaic, at + pitch);
    const floats first = first_v / (first_v + first_h);
    const floats second = second_v / (second_v + second_h);
    STORE(vertical, pair, site_first ? first : second);
    STORE(vertical_at_greens, pair, site_first ? second : first);

#define DIAGONAL_ENERGY(step)                                                                                          \
    energy(AT_SITES(mosaic, -4 * (step)), AT_SITES(mosaic, -3 * (step)), AT_SITES(mosaic, -2 * (step)),                \
           AT_SITES(mosaic, -(step)), AT_SITES(mosaic, 0), AT_SITES(mosaic, step), AT_SITES(mosaic, 2 * (step)),       \
           AT_SITES(mosaic, 3 * (step)), AT_SITES(mosaic, 4 * (step)))
    const floats p = DIAGONAL_ENERGY(pitch + 1);
    const floats q = DIAGONAL_ENERGY(pitch - 1);
    STORE(falling, pair, p / (p + q));
    STORE(low_pass, pair,
          0.25f * AT_SITES(mosaic, 0)
              + 0.0625f * (AT_SITES(mosaic, -pitch - 1) + AT_SITES(mosaic, -pitch + 1) + AT_SITES(mosaic, pitch - 1)
                           + AT_SITES(mosaic, pitch + 1))
              + 0.125f * (AT_SITES(mosaic, -1) + AT_SITES(mosaic, 1) + AT_SITES(mosaic, -pitch)
                          + AT_SITES(mosaic, pitch)));
}

/* Two interpolations, one along each of two axes, as fractions a/b and c/d, mixed by `share` with one division. */
FUNCTION floats mixed_fractions(floats a, floats b, floats c, floats d, floats share)
{
    return ((1.0f - share) * a * d + share * c * b) / (b * d);
}

#define GRADIENT_TOWARDS(step)                                                                                         \
    (EPSILON + absolute(AT_SITES(mosaic, step) - AT_SITES(mosaic, -(step)))                                            \
     + absolute(AT_SITES(mosaic, 0) - AT_SITES(mosaic, 2 * (step)))                                                    \
     + absolute(AT_SITES(mosaic, step) - AT_SITES(mosaic, 3 * (step)))                                                 \
     + absolute(AT_SITES(mosaic, 2 * (step)) - AT_SITES(mosaic, 4 * (step))))

/* Step 2: green at the sites. A neighbour n at low-pass l_n says n (1 + (l - l_n) / (l + l_n)) = n 2 l / (l + l_n);
 * of the two neighbours on an axis the one across the smaller gradient counts more.
 */
KERNEL void rcd_green(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT vertical,
                      GLOBAL const float *RESTRICT low_pass, GLOBAL float *RESTRICT green, int pitch, int margin,
                      int red_x, int red_y)
{
    PAIR(margin);
    const floats low = EPSILON + LOAD(low_pass, pair);
    const floats low_north = low + LOAD(low_pass, pair - pitch), low_south = low + LOAD(low_pass, pair + pitch);
    const floats low_west = low + LOAD(low_pass, pair - 2), low_east = low + LOAD(low_pass, pair + 2);
    const floats to_north = GRADIENT_TOWARDS(-pitch), to_south = GRADIENT_TOWARDS(pitch);
    const floats to_west = GRADIENT_TOWARDS(-1), to_east = GRADIENT_TOWARDS(1);
    const floats column = to_south * AT_SITES(mosaic, -pitch) * low_south
                        + to_north * AT_SITES(mosaic, pitch) * low_north;
    const floats row = to_east * AT_SITES(mosaic, -1) * low_east + to_west * AT_SITES(mosaic, 1) * low_west;
    const floats share = clearer(LOAD(vertical, pair), AROUND(site_first, vertical));
    const floats ratio = mixed_fractions(column, (to_north + to_south) * low_north * low_south,
                                         row, (to_west + to_east) * low_west * low_east, share);
    STORE(green, pair, 2.0f * low * ratio);
}

/* Gradient towards the diagonal neighbour at `step`; the site two steps away lies `pairs` further. */
#define DIAGONAL_TOWARDS(step, pairs)                                                                                  \
    (EPSILON + absolute(AT_SITES(mosaic, step) - AT_SITES(mosaic, -(step)))                                            \
     + absolute(AT_SITES(mosaic, step) - AT_SITES(mosaic, 3 * (step))) + absolute(here - LOAD(green, pair + (pairs))))

/* Step 3: blue at red sites and red at blue sites. */
KERNEL void rcd_opposite(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT falling,
                         GLOBAL const float *RESTRICT green, GLOBAL float *RESTRICT opposite, int pitch, int margin,
                         int red_x, int red_y)
{
    PAIR(margin);
    const int down = pitch + 1;
    const int up = pitch - 1;
    const floats here = LOAD(green, pair);
    const floats north_west = DIAGONAL_TOWARDS(-down, -pitch - 2), south_east = DIAGONAL_TOWARDS(down, pitch + 2);
    const floats north_east = DIAGONAL_TOWARDS(-up, -pitch + 2), south_west = DIAGONAL_TOWARDS(up, pitch - 2);
    const floats on_falling = north_west * (AT_SITES(mosaic, down) - BELOW(site_first, green, 1))
                            + south_east * (AT_SITES(mosaic, -down) - ABOVE(site_first, green, -1));
    const floats on_rising = north_east * (AT_SITES(mosaic, up) - BELOW(site_first, green, -1))
                           + south_west * (AT_SITES(mosaic, -up) - ABOVE(site_first, green, 1));
    const floats share = clearer(LOAD(falling, pair), AROUND(site_first, falling));
    STORE(opposite, pair,
          here + mixed_fractions(on_falling, north_west + south_east, on_rising, north_east + south_west, share));
}

/* At the greens, along one axis: the colour difference at the two neighbours, each weighted by the gradient on the
 * other side; and the sum of the weights. `before` and `after` are the greens two away; of the neighbours the colours
 * one and three away are given, and their green.
 */
#define DIFFERENCE_ALONG(sum, weight, before, after, minus3, minus1, plus1, plus3, minus_green, plus_green)            \
    floats sum, weight;                                                                                                \
    {                                                                                                                  \
        const floats minus = minus1, plus = plus1;                                                                     \
        const floats swing = EPSILON + absolute(minus - plus);                                                         \
        const floats to_minus = swing + absolute(here - (before)) + absolute(minus - (minus3));                        \
        const floats to_plus = swing + absolute(here - (after)) + absolute(plus - (plus3));                            \
        sum = to_plus * (minus - (minus_green)) + to_minus * (plus - (plus_green));                                    \
        weight = to_minus + to_plus;                                                                                   \
    }

/* Step 4: red and blue at the greens, then scene RGB. Along its row a green meets the mosaic's own colour and, as
 * `opposite`, the other; along its column it meets them the other way round.
 */
KERNEL void rcd_finish(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT vertical_at_greens,
                       GLOBAL const float *RESTRICT green, GLOBAL const float *RESTRICT opposite,
                       GLOBAL float *RESTRICT scene, int pitch, int stride, int red_x, int red_y, int encoded,
                       float rr, float rg, float rb, float gr, float gg, float gb, float br, float bg, float bb)
{
    PAIR(0);
    const ints green_first = site_first == 0;
    const floats here = AT_GREENS(mosaic, 0);
    const floats share = clearer(LOAD(vertical_at_greens, pair), AROUND(green_first, vertical_at_greens));
    const floats west = AT_GREENS(mosaic, -2), east = AT_GREENS(mosaic, 2);
    const floats west_green = LOAD(green, pair - 1), east_green = LOAD(green, pair + 1);
    DIFFERENCE_ALONG(own_row, own_row_weight, west, east, AT_GREENS(mosaic, -3), AT_GREENS(mosaic, -1),
                     AT_GREENS(mosaic, 1), AT_GREENS(mosaic, 3), west_green, east_green)
    DIFFERENCE_ALONG(other_row, other_row_weight, west, east, LOAD(opposite, pair - 3), LOAD(opposite, pair - 1),
                     LOAD(opposite, pair + 1), LOAD(opposite, pair + 3), west_green, east_green)
    const floats north = AT_GREENS(mosaic, -2 * pitch), south = AT_GREENS(mosaic, 2 * pitch);
    const floats north_green = ABOVE(green_first, green, 0), south_green = BELOW(green_first, green, 0);
    DIFFERENCE_ALONG(own_column, own_column_weight, north, south, AT_GREENS(mosaic, -3 * pitch),
                     AT_GREENS(mosaic, -pitch), AT_GREENS(mosaic, pitch), AT_GREENS(mosaic, 3 * pitch), north_green,
                     south_green)
    DIFFERENCE_ALONG(other_column, other_column_weight, north, south, ABOVE(green_first, opposite, -pitch),
                     ABOVE(green_first, opposite, 0), BELOW(green_first, opposite, 0),
                     BELOW(green_first, opposite, pitch), north_green, south_green)
    const floats row_colour = here + mixed_fractions(other_column, other_column_weight, own_row, own_row_weight, share);
    const floats other_colour = here
        + mixed_fractions(own_column, own_column_weight, other_row, other_row_weight, share);

    const floats site_green = LOAD(green, pair), site_opposite = LOAD(opposite, pair);
    for (int row = 0; row < 2; ++row) {
        const int to = at + row * pitch;
        const ints is_site = row == 0 ? site_first : green_first;
        const floats measured = LOAD(mosaic, to);
        const floats first = is_site ? measured : row_colour;
        const floats second = is_site ? site_opposite : other_colour;
        const int red_row = row == red_y;
        store_scene(scene, stride, to, red_row ? first : second, is_site ? site_green : measured,
                    red_row ? second : first, encoded, rr, rg, rb, gr, gg, gb, br, bg, bb);
    }
}
