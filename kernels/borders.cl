/* Mirrors the picture into the border of its padded planes, without repeating the edge pixel, so that the sites of a
 * colour filter array keep their parity. Columns first, then rows: the corners follow by themselves.
 */
#include "portable.h"

FUNCTION int reflect(int i, int count)
{
    while (i < 0 || i >= count) {
        i = i < 0 ? -i : 2 * (count - 1) - i;
        i = count > 1 ? i : 0;
    }
    return i;
}

/* A work-item takes one row of one plane, both its ends; those past the last row have nothing to do. */
KERNEL void mirror_columns(GLOBAL float *planes, int width, int height, int pitch, int channels)
{
    const int c = GROUP_X / height;
    if (c >= channels)
        return;
    GLOBAL float *row = planes + (GROUP_X + PAD + c * 2 * PAD) * pitch + PAD;
#if RUN == PAD
    if (width > PAD) { /* a border is one run, read backwards */
        STORE(row, -PAD, LOAD(row, 1).sfedcba9876543210);
        STORE(row, width, LOAD(row, width - 1 - PAD).sfedcba9876543210);
        return;
    }
#endif
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
