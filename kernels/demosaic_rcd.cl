/* Ratio Corrected Demosaicing (L. Sanz Rodriguez, "Ratio Corrected Demosaicing", 2017): green is interpolated along
 * the direction in which the mosaic is smooth, corrected by the ratio of the low-passed mosaic; red and blue follow
 * as colour differences. Four steps, each over whole padded rows with a border that shrinks step by step.
 *
 * Each step computes the value for every site and what does not apply is never read: on a vector machine a select
 * costs less than a branch or a strided load.
 */
#include "portable.h"
#include "scene.h"

#define EPSILON 1e-5f
#define EPSILON_SQUARED 1e-10f
#define AT(plane, dx, dy) LOAD(plane, at + (dy) * pitch + (dx))
#define AROUND(plane) (0.25f * (AT(plane, -1, -1) + AT(plane, 1, -1) + AT(plane, -1, 1) + AT(plane, 1, 1)))

/* Square of the high-passed second derivative at the middle of seven sites in a line. */
FUNCTION floats roughness(floats m3, floats m2, floats m1, floats here, floats p1, floats p2, floats p3)
{
    const floats filtered = (m3 - m1 - p1 + p3) - 3.0f * (m2 + p2) + 6.0f * here;
    return filtered * filtered;
}

FUNCTION floats energy_along(GLOBAL const float *mosaic, int at, int step)
{
    const floats a = LOAD(mosaic, at - 4 * step), b = LOAD(mosaic, at - 3 * step), c = LOAD(mosaic, at - 2 * step);
    const floats d = LOAD(mosaic, at - step), e = LOAD(mosaic, at), f = LOAD(mosaic, at + step);
    const floats g = LOAD(mosaic, at + 2 * step), h = LOAD(mosaic, at + 3 * step), i = LOAD(mosaic, at + 4 * step);
    return EPSILON_SQUARED + roughness(a, b, c, d, e, f, g) + roughness(b, c, d, e, f, g, h)
         + roughness(c, d, e, f, g, h, i);
}

/* Of a share of vertical (or falling-diagonal) energy at a site and the mean of its four diagonal neighbours, the
 * one that decides more clearly.
 */
FUNCTION floats clearer(floats here, floats around)
{
    return absolute(0.5f - here) < absolute(0.5f - around) ? around : here;
}

/* Step 1: which share of the energy is vertical, which lies on the falling diagonal, and the low-passed mosaic. */
KERNEL void rcd_directions(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT vertical,
                           GLOBAL float *RESTRICT falling, GLOBAL float *RESTRICT low_pass, int pitch, int margin)
{
    const int at = (GLOBAL_Y + PAD - margin) * pitch + GLOBAL_X;
    const floats v = energy_along(mosaic, at, pitch);
    const floats h = energy_along(mosaic, at, 1);
    STORE(vertical, at, v / (v + h));
    const floats p = energy_along(mosaic, at, pitch + 1);
    const floats q = energy_along(mosaic, at, pitch - 1);
    STORE(falling, at, p / (p + q));
    STORE(low_pass, at, 0.25f * AT(mosaic, 0, 0) + 0.25f * AROUND(mosaic)
              + 0.125f * (AT(mosaic, -1, 0) + AT(mosaic, 1, 0) + AT(mosaic, 0, -1) + AT(mosaic, 0, 1)));
}

FUNCTION floats gradient_towards(GLOBAL const float *mosaic, int at, int step)
{
    return EPSILON + absolute(LOAD(mosaic, at + step) - LOAD(mosaic, at - step))
         + absolute(LOAD(mosaic, at) - LOAD(mosaic, at + 2 * step))
         + absolute(LOAD(mosaic, at + step) - LOAD(mosaic, at + 3 * step))
         + absolute(LOAD(mosaic, at + 2 * step) - LOAD(mosaic, at + 4 * step));
}

/* Two interpolations, one along each of two axes, as fractions a/b and c/d, mixed by `share` with one division. */
FUNCTION floats mixed_fractions(floats a, floats b, floats c, floats d, floats share)
{
    return ((1.0f - share) * a * d + share * c * b) / (b * d);
}

/* Step 2: green everywhere. A neighbour n at low-pass l_n says n (1 + (l - l_n) / (l + l_n)) = n 2 l / (l + l_n);
 * of the two neighbours on an axis the one across the smaller gradient counts more.
 */
KERNEL void rcd_green(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT vertical,
                      GLOBAL const float *RESTRICT low_pass, GLOBAL float *RESTRICT green, int pitch, int margin,
                      int red_x, int red_y)
{
    const int y = GLOBAL_Y - margin;
    const int at = (y + PAD) * pitch + GLOBAL_X;
    const floats low = EPSILON + AT(low_pass, 0, 0);
    const floats low_north = low + AT(low_pass, 0, -2), low_south = low + AT(low_pass, 0, 2);
    const floats low_west = low + AT(low_pass, -2, 0), low_east = low + AT(low_pass, 2, 0);
    const floats to_north = gradient_towards(mosaic, at, -pitch), to_south = gradient_towards(mosaic, at, pitch);
    const floats to_west = gradient_towards(mosaic, at, -1), to_east = gradient_towards(mosaic, at, 1);
    const floats column = to_south * AT(mosaic, 0, -1) * low_south + to_north * AT(mosaic, 0, 1) * low_north;
    const floats row = to_east * AT(mosaic, -1, 0) * low_east + to_west * AT(mosaic, 1, 0) * low_west;
    const floats share = clearer(AT(vertical, 0, 0), AROUND(vertical));
    const floats ratio = mixed_fractions(column, (to_north + to_south) * low_north * low_south,
                                         row, (to_west + to_east) * low_west * low_east, share);
    const int red_row = (y & 1) == red_y;
    const ints green_site = ((LANES + GLOBAL_X - PAD) & 1) == (red_row ? 1 - red_x : red_x);
    STORE(green, at, green_site ? AT(mosaic, 0, 0) : 2.0f * low * ratio);
}

/* Gradient towards, and colour difference at, the neighbour at `step`. */
#define NEAR(plane, step) LOAD(plane, at + (step))
#define DIAGONAL(step) (EPSILON + absolute(NEAR(mosaic, step) - NEAR(mosaic, -(step))) \
                        + absolute(NEAR(mosaic, step) - NEAR(mosaic, 3 * (step))) \
                        + absolute(NEAR(green, 0) - NEAR(green, 2 * (step))))
#define DIFFERENCE(plane, step) (NEAR(plane, step) - NEAR(green, step))

/* Step 3: blue at red sites and red at blue sites; at green sites nothing that is used. */
KERNEL void rcd_opposite(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT falling,
                         GLOBAL const float *RESTRICT green, GLOBAL float *RESTRICT opposite, int pitch, int margin)
{
    const int at = (GLOBAL_Y + PAD - margin) * pitch + GLOBAL_X;
    const int down = pitch + 1;
    const int up = pitch - 1;
    const floats north_west = DIAGONAL(-down), south_east = DIAGONAL(down);
    const floats north_east = DIAGONAL(-up), south_west = DIAGONAL(up);
    const floats on_falling = north_west * DIFFERENCE(mosaic, down) + south_east * DIFFERENCE(mosaic, -down);
    const floats on_rising = north_east * DIFFERENCE(mosaic, up) + south_west * DIFFERENCE(mosaic, -up);
    STORE(opposite, at, NEAR(green, 0)
              + mixed_fractions(on_falling, north_west + south_east, on_rising, north_east + south_west,
                                clearer(NEAR(falling, 0), AROUND(falling))));
}

/* At a green site, along one axis: the colour difference at the two neighbours, whose colour stands in `plane`, each
 * weighted by the gradient on the other side. Returns the weighted sum and, in `weight`, the sum of the weights.
 */
FUNCTION floats difference_along(GLOBAL const float *plane, GLOBAL const float *green, int at, int step, floats *weight)
{
    const floats minus = NEAR(plane, -step), plus = NEAR(plane, step), here = NEAR(green, 0);
    const floats swing = EPSILON + absolute(minus - plus);
    const floats to_minus = swing + absolute(here - NEAR(green, -2 * step)) + absolute(minus - NEAR(plane, -3 * step));
    const floats to_plus = swing + absolute(here - NEAR(green, 2 * step)) + absolute(plus - NEAR(plane, 3 * step));
    *weight = to_minus + to_plus;
    return to_plus * (minus - NEAR(green, -step)) + to_minus * (plus - NEAR(green, step));
}

/* Step 4: red and blue at green sites, then scene RGB. Along its row a green site meets the mosaic's own colour and,
 * as `opposite`, the other; along its column it meets them the other way round.
 */
KERNEL void rcd_finish(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT vertical,
                       GLOBAL const float *RESTRICT green, GLOBAL const float *RESTRICT opposite,
                       GLOBAL float *RESTRICT scene, int pitch, int stride, int red_x, int red_y, int encoded,
                       float rr, float rg, float rb, float gr, float gg, float gb, float br, float bg, float bb)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const int red_row = (GLOBAL_Y & 1) == red_y;
    const ints green_site = ((LANES + GLOBAL_X) & 1) == (red_row ? 1 - red_x : red_x);
    const floats share = clearer(NEAR(vertical, 0), AROUND(vertical));

    floats own_row_weight, own_column_weight, other_row_weight, other_column_weight;
    const floats own_row = difference_along(mosaic, green, at, 1, &own_row_weight);
    const floats own_column = difference_along(mosaic, green, at, pitch, &own_column_weight);
    const floats other_row = difference_along(opposite, green, at, 1, &other_row_weight);
    const floats other_column = difference_along(opposite, green, at, pitch, &other_column_weight);

    const floats g = NEAR(green, 0);
    const floats row_colour = g + mixed_fractions(other_column, other_column_weight, own_row, own_row_weight, share);
    const floats other_colour = g + mixed_fractions(own_column, own_column_weight, other_row, other_row_weight, share);
    const floats first = green_site ? row_colour : NEAR(mosaic, 0);
    const floats second = green_site ? other_colour : NEAR(opposite, 0);
    store_scene(scene, stride, at, red_row ? first : second, g, red_row ? second : first, encoded,
                rr, rg, rb, gr, gg, gb, br, bg, bb);
}
