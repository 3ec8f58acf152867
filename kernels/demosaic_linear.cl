/* Demosaicing by one linear filter per photosite: bilinear, and Malvar, He and Cutler, "High-quality linear
 * interpolation for demosaicing of Bayer-patterned color images", ICASSP 2004, which adds the Laplacian of the measured
 * colour.
 */
#include "portable.h"
#include "scene.h"

#define M(dx, dy) LOAD(mosaic, at + (dy) * pitch + (dx))

KERNEL void demosaic_bilinear(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT scene, int pitch, int stride,
                              int red_x, int red_y, int encoded, float rr, float rg, float rb, float gr, float gg,
                              float gb, float br, float bg, float bb)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const int red_row = (GLOBAL_Y & 1) == red_y;
    const ints is_green = ((LANES + GLOBAL_X) & 1) == (red_row ? 1 - red_x : red_x);

    const floats centre = M(0, 0);
    const floats across = 0.5f * (M(-1, 0) + M(1, 0));
    const floats along = 0.5f * (M(0, -1) + M(0, 1));
    const floats diagonal = 0.25f * (M(-1, -1) + M(1, -1) + M(-1, 1) + M(1, 1));

    const floats green = is_green ? centre : 0.5f * (across + along);
    const floats row_colour = is_green ? across : centre;
    const floats other_colour = is_green ? along : diagonal;
    const floats red = red_row ? row_colour : other_colour;
    const floats blue = red_row ? other_colour : row_colour;
    store_scene(scene, stride, at, red, green, blue, encoded, rr, rg, rb, gr, gg, gb, br, bg, bb);
}

KERNEL void demosaic_malvar(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT scene, int pitch, int stride,
                            int red_x, int red_y, int encoded, float rr, float rg, float rb, float gr, float gg,
                            float gb, float br, float bg, float bb)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    const int red_row = (GLOBAL_Y & 1) == red_y;
    const ints is_green = ((LANES + GLOBAL_X) & 1) == (red_row ? 1 - red_x : red_x);

    const floats centre = M(0, 0);
    const floats row_1 = M(-1, 0) + M(1, 0);
    const floats row_2 = M(-2, 0) + M(2, 0);
    const floats column_1 = M(0, -1) + M(0, 1);
    const floats column_2 = M(0, -2) + M(0, 2);
    const floats diagonal = M(-1, -1) + M(1, -1) + M(-1, 1) + M(1, 1);

    /* The paper's four filters, including the gains 1/2, 5/8 and 3/4. */
    const floats green_here = 0.5f * centre + 0.25f * (row_1 + column_1) - 0.125f * (row_2 + column_2);
    const floats from_row = 0.625f * centre + 0.5f * row_1 - 0.125f * (row_2 + diagonal) + 0.0625f * column_2;
    const floats from_column = 0.625f * centre + 0.5f * column_1 - 0.125f * (column_2 + diagonal) + 0.0625f * row_2;
    const floats from_diagonal = 0.75f * centre + 0.25f * diagonal - 0.1875f * (row_2 + column_2);

    const floats green = is_green ? centre : green_here;
    const floats row_colour = is_green ? from_row : centre;
    const floats other_colour = is_green ? from_column : from_diagonal;
    const floats red = red_row ? row_colour : other_colour;
    const floats blue = red_row ? other_colour : row_colour;
    store_scene(scene, stride, at, red, green, blue, encoded, rr, rg, rb, gr, gg, gb, br, bg, bb);
}
