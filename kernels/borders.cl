/* Mirrors the picture into the border of its padded planes, without repeating the edge pixel, so that the sites of a
 * colour filter array keep their parity. Columns first, then rows: the corners follow by themselves.
 */
#include "portable.h"

FUNCTION int reflect(int i, int count)
{
    const int period = count > 1 ? 2 * (count - 1) : 1;
    i = (i < 0 ? -i : i) % period;
    return i < count ? i : period - i;
}

/* A work-item takes one row of one plane: both its ends. */
KERNEL void mirror_columns(GLOBAL float *planes, int width, int height, int pitch)
{
    const int c = GROUP_X / height;
    GLOBAL float *row = planes + (GROUP_X + PAD + c * 2 * PAD) * pitch + PAD;
    for (int i = 1; i <= PAD; ++i) {
        row[-i] = row[reflect(-i, width)];
        row[width - 1 + i] = row[reflect(width - 1 + i, width)];
    }
}

/* Border row i of plane c: 0 to PAD - 1 above the picture, PAD to 2 PAD - 1 below. */
KERNEL void mirror_rows(GLOBAL float *planes, int height, int pitch)
{
    const int c = GLOBAL_Y / (2 * PAD);
    const int i = GLOBAL_Y - c * 2 * PAD;
    const int y = i < PAD ? i - PAD : height + i - PAD;
    GLOBAL float *picture = planes + (c * (height + 2 * PAD) + PAD) * pitch + GLOBAL_X;
    STORE(picture, y * pitch, LOAD(picture, reflect(y, height) * pitch));
}
