/* Ratio Corrected Demosaicing (L. Sanz Rodriguez, "Ratio Corrected Demosaicing", 2017): green is interpolated along the
 * direction in which the mosaic is smooth and corrected by the ratio of the low-passed mosaic. Red and blue follow as
 * colour differences. The four steps process whole padded rows; the valid border shrinks with each step.
 */
#include "colours.h"
#include "scene.h"

#define EPSILON_SQUARED 1e-10f

/* The paper's high-passed second derivative (1 -3 -1 6 -1 -3 1) is (1 -3 1) applied to (1 0 -2 0 1), which is computed
 * here.
 */
FUNCTION floats bend(floats before, floats here, floats after) { return before + after - 2.0f * here; }

/* Its square. */
FUNCTION floats roughness(floats before, floats here, floats after)
{
    const floats filtered = before + after - 3.0f * here;
    return filtered * filtered;
}

/* Roughness at the centre and at its two neighbours, from nine photosites in a line. */
FUNCTION floats energy(floats a, floats b, floats c, floats d, floats e, floats f, floats g, floats h, floats i)
{
    const floats at_c = bend(a, c, e), at_d = bend(b, d, f), at_e = bend(c, e, g), at_f = bend(d, f, h);
    const floats at_g = bend(e, g, i);
    return EPSILON_SQUARED + roughness(at_c, at_d, at_e) + roughness(at_d, at_e, at_f) + roughness(at_e, at_f, at_g);
}

#define ENERGY_ALONG(value, dx, dy)                                                                               \
    energy(value(mosaic, -4 * (dx), -4 * (dy)), value(mosaic, -3 * (dx), -3 * (dy)),                              \
           value(mosaic, -2 * (dx), -2 * (dy)), value(mosaic, -(dx), -(dy)), value(mosaic, 0, 0),                 \
           value(mosaic, dx, dy), value(mosaic, 2 * (dx), 2 * (dy)), value(mosaic, 3 * (dx), 3 * (dy)),           \
           value(mosaic, 4 * (dx), 4 * (dy)))
#define SECOND_ROW(plane, dx, dy) ROW(plane, dx, (dy) + 1)

/* Step 1: the vertical share of the energy, at all photosites; at red and blue photosites also the share of the falling
 * diagonal, and the low-passed mosaic.
 */
KERNEL void rcd_directions(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT vertical,
                           GLOBAL float *RESTRICT vertical_at_greens, GLOBAL float *RESTRICT falling,
                           GLOBAL float *RESTRICT low_pass, int pitch, int margin, int red_x, int red_y)
{
    PAIR(margin);
    floats column[6];
#pragma unroll
    for (int i = 0; i < 6; ++i)
        column[i] = bend(ROW(mosaic, 0, i - 4), ROW(mosaic, 0, i - 2), ROW(mosaic, 0, i));
    floats rough[4];
#pragma unroll
    for (int i = 0; i < 4; ++i)
        rough[i] = roughness(column[i], column[i + 1], column[i + 2]);
    const floats both = EPSILON_SQUARED + rough[1] + rough[2];
    const floats first_v = both + rough[0], first_h = ENERGY_ALONG(ROW, 1, 0);
    const floats second_v = both + rough[3], second_h = ENERGY_ALONG(SECOND_ROW, 1, 0);
    const floats first = first_v / (first_v + first_h);
    const floats second = second_v / (second_v + second_h);
    STORE(vertical, pair, colour_first ? first : second);
    STORE(vertical_at_greens, pair, colour_first ? second : first);
    const floats p = ENERGY_ALONG(AT_COLOURS, 1, 1);
    const floats q = ENERGY_ALONG(AT_COLOURS, -1, 1);
    STORE(falling, pair, p / (p + q));
    const floats low = 0.25f * AT_COLOURS(mosaic, 0, 0)
                     + 0.0625f * (AT_COLOURS(mosaic, -1, -1) + AT_COLOURS(mosaic, 1, -1)
                                  + AT_COLOURS(mosaic, -1, 1) + AT_COLOURS(mosaic, 1, 1))
                     + 0.125f * (AT_COLOURS(mosaic, -1, 0) + AT_COLOURS(mosaic, 1, 0) + AT_COLOURS(mosaic, 0, -1)
                                 + AT_COLOURS(mosaic, 0, 1));
    STORE(low_pass, pair, greater(low, (floats)(0.0f))); /* avoids unbounded ratios for noise around black */
}

#define GRADIENT_TOWARDS(dx, dy)                                                                  \
    (EPSILON + absolute(AT_COLOURS(mosaic, dx, dy) - AT_COLOURS(mosaic, -(dx), -(dy)))            \
     + absolute(AT_COLOURS(mosaic, 0, 0) - AT_COLOURS(mosaic, 2 * (dx), 2 * (dy)))                \
     + absolute(AT_COLOURS(mosaic, dx, dy) - AT_COLOURS(mosaic, 3 * (dx), 3 * (dy)))              \
     + absolute(AT_COLOURS(mosaic, 2 * (dx), 2 * (dy)) - AT_COLOURS(mosaic, 4 * (dx), 4 * (dy))))

/* Step 2: green at red and blue photosites. A neighbour n with low-pass l_n gives n (1 + (l - l_n) / (l + l_n))
 * = n 2 l / (l + l_n). Of the two neighbours on an axis, the one across the smaller gradient has more weight.
 */
KERNEL void rcd_green(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT vertical,
                      GLOBAL const float *RESTRICT low_pass, GLOBAL float *RESTRICT green, int pitch, int margin,
                      int red_x, int red_y)
{
    PAIR(margin);
    const floats low = EPSILON + OF_PAIR(low_pass, 0, 0);
    const floats low_north = low + OF_PAIR(low_pass, 0, -1), low_south = low + OF_PAIR(low_pass, 0, 1);
    const floats low_west = low + OF_PAIR(low_pass, -2, 0), low_east = low + OF_PAIR(low_pass, 2, 0);
    const floats to_north = GRADIENT_TOWARDS(0, -1), to_south = GRADIENT_TOWARDS(0, 1);
    const floats to_west = GRADIENT_TOWARDS(-1, 0), to_east = GRADIENT_TOWARDS(1, 0);
    const floats column = to_south * AT_COLOURS(mosaic, 0, -1) * low_south
                        + to_north * AT_COLOURS(mosaic, 0, 1) * low_north;
    const floats row = to_east * AT_COLOURS(mosaic, -1, 0) * low_east + to_west * AT_COLOURS(mosaic, 1, 0) * low_west;
    const floats share = clearer(OF_PAIR(vertical, 0, 0), AROUND(colour_first, vertical));
    const floats ratio = mixed_fractions(column, (to_north + to_south) * low_north * low_south,
                                         row, (to_west + to_east) * low_west * low_east, share);
    STORE(green, pair, 2.0f * low * ratio);
}

/* Step 3: blue at red photosites and red at blue photosites. */
KERNEL void rcd_opposite(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT falling,
                         GLOBAL const float *RESTRICT green, GLOBAL float *RESTRICT opposite, int pitch, int margin,
                         int red_x, int red_y)
{
    PAIR(margin);
    const floats one = (floats)(1.0f);
    STORE(opposite, pair, opposite_colour(mosaic, falling, green, line, at, pair, colour_first, one));
}

/* Step 4: red and blue at green photosites, then scene RGB. */
KERNEL void rcd_finish(GLOBAL const float *RESTRICT mosaic, GLOBAL const float *RESTRICT vertical_at_greens,
                       GLOBAL const float *RESTRICT green, GLOBAL const float *RESTRICT opposite,
                       GLOBAL float *RESTRICT scene, int pitch, int stride, int red_x, int red_y, int encoded, float rr,
                       float rg, float rb, float gr, float gg, float gb, float br, float bg, float bb)
{
    PAIR(0);
    const floats one = (floats)(1.0f);
    floats row_colour, column_colour;
    colours_at_greens(mosaic, vertical_at_greens, green, opposite, line, at, pair, colour_first, one, one, &row_colour,
                      &column_colour);
#pragma unroll
    for (int row = 0; row < 2; ++row) {
        const place to = at + row * line;
        floats own, green_value, other;
        ROW_OF_PAIR(row, own, green_value, other);
        const int red_row = row == red_y;
        store_scene(scene, stride, to, red_row ? own : other, green_value, red_row ? other : own, encoded, rr, rg, rb,
                    gr, gg, gb, br, bg, bb);
    }
}
