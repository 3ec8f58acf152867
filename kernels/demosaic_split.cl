/* First step of the edge-directed methods: the mosaic as four planes (see photosites.h). */
#include "photosites.h"

/* The left and right pixels of a run of blocks in padded row `row`. Columns before the border are never used, and those
 * of row 0 lie before the buffer.
 */
FUNCTION void load_row(GLOBAL const float *mosaic, int row, int pitch, floats *left, floats *right)
{
    const place at = row * (place)pitch + BLOCK_COLUMN;
#if RUN > 1
    const floats low = LOAD(mosaic, at < 0 ? 0 : at), high = LOAD(mosaic, at + RUN < 0 ? 0 : at + RUN);
    *left = (floats)(low.even, high.even);
    *right = (floats)(low.odd, high.odd);
#else
    load_pairs(mosaic, at < 0 ? 0 : at, left, right);
#endif
}

/* From row `first` of the blocks on. `rows` of the mosaic include its border, which may begin and end within a block.
 */
KERNEL void split(GLOBAL const float *RESTRICT mosaic, GLOBAL float *RESTRICT planes, int pitch, int stride, int margin,
                  int first, int mosaic_pitch, int rows, int red_x, int red_y)
{
    BLOCK(margin);
    const int row = ROW_OF_BLOCK(first - margin, 0), next = row + 1;
    floats colour, other, green, other_green;
    load_row(mosaic, row < 0 ? 0 : row, mosaic_pitch, &colour, &green);
    load_row(mosaic, next < rows ? next : rows - 1, mosaic_pitch, &other_green, &other);
    STORE(planes, OF_BLOCK(0), colour);
    STORE(planes, OF_BLOCK(1), other);
    STORE(planes, OF_BLOCK(2), green);
    STORE(planes, OF_BLOCK(3), other_green);
}
