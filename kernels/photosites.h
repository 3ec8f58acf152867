/* A Bayer mosaic as four planes, one for each photosite of its blocks of 2x2:
 *
 *     0 2      0 and 1 are red and blue, in either order, 2 and 3 green. For the two Bayer orders that begin with
 *     3 1      green, the first block begins in the row above the picture (see demosaic_split.cl).
 *
 * Neighbours in a run are then photosites of one colour, every load is used whole, and whatever two photosites of a
 * block have in common is computed once (measured on two AVX2 cores: RCD takes a quarter less time at 1920x1080, 39 %
 * less at 960x540, than with colours gathered from pairs of rows). Results for red and blue photosites fill planes 0
 * and 1.
 */
#include "portable.h"

/* `block` is the index of this run of blocks in the first plane, OF_BLOCK(n) that in plane n. `margin` is the number of
 * additional rows of blocks above the picture. ROW_OF_BLOCK and BLOCK_COLUMN are padded row and column in the mosaic;
 * work-items begin at row `first` of its blocks.
 */
#define BLOCK(margin) const place line = pitch, block = (GLOBAL_Y - (margin) + PAD) * line + GLOBAL_X
#define OF_BLOCK(plane) (block + (plane) * (place)stride)
#define ROW_OF_BLOCK(first, row) (2 * (GLOBAL_Y + (first)) - (red_x != red_y) + PAD + (row))
#define BLOCK_COLUMN (2 * GLOBAL_X - PAD)

/* The value of such planes `dx` columns and `dy` rows of the mosaic from a photosite of the block. These three are
 * constants for the compiler, and so are the plane and the step within it.
 */
FUNCTION floats near(GLOBAL const float *planes, place block, place line, place stride, int photosite, int dx, int dy)
{
    const int x = ((photosite ^ photosite >> 1) & 1) + dx, y = (photosite & 1) + dy;
    const int plane = ((x ^ y) & 1) * 2 + (y & 1);
    return LOAD(planes + (block + plane * stride + (y >> 1) * line), x >> 1);
}
#define NEAR(planes, dx, dy) near(planes, block, line, stride, photosite, dx, dy)

/* Mean of the four diagonal neighbours. */
FUNCTION floats around(GLOBAL const float *planes, place block, place line, place stride, int photosite)
{
    return 0.25f * (NEAR(planes, -1, -1) + NEAR(planes, 1, -1) + NEAR(planes, -1, 1) + NEAR(planes, 1, 1));
}
#define AROUND(planes) around(planes, block, line, stride, photosite)
