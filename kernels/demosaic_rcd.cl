/* Ratio Corrected Demosaicing (L. Sanz Rodriguez, "Ratio Corrected Demosaicing", 2017): green is interpolated along
 * the direction in which the mosaic is smooth, corrected by the ratio of the low-passed mosaic; red and blue follow
 * as colour differences. Four steps over whole padded rows, with a border that shrinks step by step.
 *
 * A work-item takes two rows, which in each column hold one green site and one red or blue site. Most quantities are
 * wanted at one kind of site only: `AT_SITES` gathers the red and blue ones, `AT_GREENS` the green ones, each lane from
 * its own row, so that none is computed in vain (measured: a sixth less time than computing all and dropping half).
 */
#include "portable.h"
#include "scene.h"

#define EPSILON 1e-5f
#define EPSILON_SQUARED 1e-10f

/* Rows of the pair: `at` is the place of this run in the first; `site_first` says for each lane whether its red or blue
 * site lies there. `margin` rows above the picture are computed too; it is even.
 */
#define PAIR(margin)                                                                                                   \
    const int y = 2 * GLOBAL_Y - (margin);                                                                             \
    const int at = (y + PAD) * pitch + GLOBAL_X;                                                                       \
    const ints site_first = ((LANES + GLOBAL_X - PAD) & 1) == (red_y == 0 ? red_x : 1 - red_x)

#define AT_SITES(plane, step) (site_first ? LOAD(plane, at + (step)) : LOAD(plane, at + pitch + (step)))
#define AT_GREENS(plane, step) (site_first ? LOAD(plane, at + pitch + (step)) : LOAD(plane, at + (step)))
#define AROUND(of, plane)                                                                                              \
    (0.25f * (of(plane, -pitch - 1) + of(plane, -pitch + 1) + of(plane, pitch - 1) + of(plane, pitch + 1)))

/* Square of the high-passed second derivative at the middle of seven sites in a line. */
FUNCTION floats roughness(floats m3, floats m2, floats m1, floats here, floats p1, floats p2, floats p3)
{
    const floats filtered = (m3 - m1 - p1 + p3) - 3.0f * (m2 + p2) + 6.0f * here;
    return filtered * filtered;
}

/* Roughness at the middle and at its two neighbours, of nine sites in a line. */
FUNCTION floats energy(floats a, floats b, floats c, floats d, floats e, floats f, floats g, floats h, floats i)
{
    return EPSILON_SQUARED + roughness(a, b, c, d, e, f, g) + roughness(b, c, d, e, f, g, h)
         + roughness(c, d, e, f, g, h, i);
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

/* Step 1: which share of the energy is vertical, everywhere; at the sites also which share lies on the falling
 * diagonal, and the low-passed mosaic. What is known at the sites alone is stored in both rows.
 */
KERNEL void rcd_directions(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT vertical,
                           GLOBAL float *RESTRICT falling, GLOBAL float *RESTRICT low_pass, int pitch, int margin,
                           int red_x, int red_y)
{
    PAIR(margin);
    floats column[10];
    for (int i = 0; i < 10; ++i)
        column[i] = LOAD(mosaic, at + (i - 4) * pitch);
    floats rough[4];
    for (int i = 0; i < 4; ++i)
        rough[i] = roughness(column[i], column[i + 1], column[i + 2], column[i + 3], column[i + 4], column[i + 5],
                             column[i + 6]);
    const floats both = EPSILON_SQUARED + rough[1] + rough[2];
    const floats first_v = both + rough[0], first_h = energy_across(mosaic, at);
    const floats second_v = both + rough[3], second_h = energy_across(mosaic, at + pitch);
    STORE(vertical, at, first_v / (first_v + first_h));
    STORE(vertical, at + pitch, second_v / (second_v + second_h));

#define DIAGONAL_ENERGY(step)                                                                                          \
    energy(AT_SITES(mosaic, -4 * (step)), AT_SITES(mosaic, -3 * (step)), AT_SITES(mosaic, -2 * (step)),                \
           AT_SITES(mosaic, -(step)), AT_SITES(mosaic, 0), AT_SITES(mosaic, step), AT_SITES(mosaic, 2 * (step)),       \
           AT_SITES(mosaic, 3 * (step)), AT_SITES(mosaic, 4 * (step)))
    const floats p = DIAGONAL_ENERGY(pitch + 1);
    const floats q = DIAGONAL_ENERGY(pitch - 1);
    const floats share = p / (p + q);
    STORE(falling, at, share);
    STORE(falling, at + pitch, share);
    const floats low = 0.25f * AT_SITES(mosaic, 0) + 0.25f * AROUND(AT_SITES, mosaic)
                     + 0.125f * (AT_SITES(mosaic, -1) + AT_SITES(mosaic, 1) + AT_SITES(mosaic, -pitch)
                                 + AT_SITES(mosaic, pitch));
    STORE(low_pass, at, low);
    STORE(low_pass, at + pitch, low);
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

/* Step 2: green everywhere. A neighbour n at low-pass l_n says n (1 + (l - l_n) / (l + l_n)) = n 2 l / (l + l_n);
 * of the two neighbours on an axis the one across the smaller gradient counts more.
 */
KERNEL void rcd_green(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT vertical,
                      GLOBAL const float *RESTRICT low_pass, GLOBAL float *RESTRICT green, int pitch, int margin,
                      int red_x, int red_y)
{
    PAIR(margin);
    const floats low = EPSILON + AT_SITES(low_pass, 0);
    const floats low_north = low + AT_SITES(low_pass, -2 * pitch), low_south = low + AT_SITES(low_pass, 2 * pitch);
    const floats low_west = low + AT_SITES(low_pass, -2), low_east = low + AT_SITES(low_pass, 2);
    const floats to_north = GRADIENT_TOWARDS(-pitch), to_south = GRADIENT_TOWARDS(pitch);
    const floats to_west = GRADIENT_TOWARDS(-1), to_east = GRADIENT_TOWARDS(1);
    const floats column = to_south * AT_SITES(mosaic, -pitch) * low_south
                        + to_north * AT_SITES(mosaic, pitch) * low_north;
    const floats row = to_east * AT_SITES(mosaic, -1) * low_east + to_west * AT_SITES(mosaic, 1) * low_west;
    const floats share = clearer(AT_SITES(vertical, 0), AROUND(AT_SITES, vertical));
    const floats ratio = mixed_fractions(column, (to_north + to_south) * low_north * low_south,
                                         row, (to_west + to_east) * low_west * low_east, share);
    const floats at_site = 2.0f * low * ratio;
    STORE(green, at, site_first ? at_site : LOAD(mosaic, at));
    STORE(green, at + pitch, site_first ? LOAD(mosaic, at + pitch) : at_site);
}

/* Gradient towards, and colour difference at, the diagonal neighbour at `step`. */
#define DIAGONAL_TOWARDS(step)                                                                                         \
    (EPSILON + absolute(AT_SITES(mosaic, step) - AT_SITES(mosaic, -(step)))                                            \
     + absolute(AT_SITES(mosaic, step) - AT_SITES(mosaic, 3 * (step)))                                                 \
     + absolute(AT_SITES(green, 0) - AT_SITES(green, 2 * (step))))
#define DIFFERENCE(of, plane, step) (of(plane, step) - of(green, step))

/* Step 3: blue at red sites and red at blue sites, stored in both rows. */
KERNEL void rcd_opposite(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT falling,
                         GLOBAL const float *RESTRICT green, GLOBAL float *RESTRICT opposite, int pitch, int margin,
                         int red_x, int red_y)
{
    PAIR(margin);
    const int down = pitch + 1;
    const int up = pitch - 1;
    const floats north_west = DIAGONAL_TOWARDS(-down), south_east = DIAGONAL_TOWARDS(down);
    const floats north_east = DIAGONAL_TOWARDS(-up), south_west = DIAGONAL_TOWARDS(up);
    const floats on_falling = north_west * DIFFERENCE(AT_SITES, mosaic, down)
                            + south_east * DIFFERENCE(AT_SITES, mosaic, -down);
    const floats on_rising = north_east * DIFFERENCE(AT_SITES, mosaic, up)
                           + south_west * DIFFERENCE(AT_SITES, mosaic, -up);
    const floats at_site = AT_SITES(green, 0)
        + mixed_fractions(on_falling, north_west + south_east, on_rising, north_east + south_west,
                          clearer(AT_SITES(falling, 0), AROUND(AT_SITES, falling)));
    STORE(opposite, at, at_site);
    STORE(opposite, at + pitch, at_site);
}

/* At the green sites, along one axis: the colour difference at the two neighbours, whose colour stands in `plane`, each
 * weighted by the gradient on the other side; and the sum of the weights.
 */
#define DIFFERENCE_ALONG(plane, step, sum, weight)                                                                     \
    floats sum, weight;                                                                                                \
    {                                                                                                                  \
        const floats minus = AT_GREENS(plane, -(step)), plus = AT_GREENS(plane, step);                                 \
        const floats swing = EPSILON + absolute(minus - plus);                                                         \
        const floats to_minus = swing + absolute(here - AT_GREENS(green, -2 * (step)))                                 \
                              + absolute(minus - AT_GREENS(plane, -3 * (step)));                                       \
        const floats to_plus = swing + absolute(here - AT_GREENS(green, 2 * (step)))                                   \
                             + absolute(plus - AT_GREENS(plane, 3 * (step)));                                          \
        sum = to_plus * (minus - AT_GREENS(green, -(step))) + to_minus * (plus - AT_GREENS(green, step));              \
        weight = to_minus + to_plus;                                                                                   \
    }

/* Step 4: red and blue at green sites, then scene RGB. Along its row a green site meets the mosaic's own colour and,
 * as `opposite`, the other; along its column it meets them the other way round.
 */
KERNEL void rcd_finish(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT vertical,
                       GLOBAL const float *RESTRICT green, GLOBAL const float *RESTRICT opposite,
                       GLOBAL float *RESTRICT scene, int pitch, int stride, int red_x, int red_y, int encoded,
                       float rr, float rg, float rb, float gr, float gg, float gb, float br, float bg, float bb)
{
    PAIR(0);
    const floats here = AT_GREENS(green, 0);
    const floats share = clearer(AT_GREENS(vertical, 0), AROUND(AT_GREENS, vertical));
    DIFFERENCE_ALONG(mosaic, 1, own_row, own_row_weight)
    DIFFERENCE_ALONG(mosaic, pitch, own_column, own_column_weight)
    DIFFERENCE_ALONG(opposite, 1, other_row, other_row_weight)
    DIFFERENCE_ALONG(opposite, pitch, other_column, other_column_weight)
    const floats row_colour = here + mixed_fractions(other_column, other_column_weight, own_row, own_row_weight, share);
    const floats other_colour = here
        + mixed_fractions(own_column, own_column_weight, other_row, other_row_weight, share);

    for (int row = 0; row < 2; ++row) {
        const int to = at + row * pitch;
        const ints is_site = row == 0 ? site_first : site_first == 0;
        const floats first = is_site ? LOAD(mosaic, to) : row_colour;
        const floats second = is_site ? LOAD(opposite, to) : other_colour;
        const int red_row = row == red_y;
        store_scene(scene, stride, to, red_row ? first : second, LOAD(green, to), red_row ? second : first, encoded,
                    rr, rg, rb, gr, gg, gb, br, bg, bb);
    }
}
