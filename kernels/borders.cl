/* Mirrors the picture into the border of its padded planes, without repeating the edge pixel. This preserves the parity
 * of a colour filter array.
 */
#include "portable.h"

/* Values are moved as they are: floats, or half floats as whole numbers. */
#if HALF_FLOATS
typedef u16 element;
#if RUN > 1
typedef OF_RUN(ushort, RUN) run_anywhere __attribute__((aligned(2)));
#endif
#else
typedef float element;
#if RUN > 1
typedef floats_anywhere run_anywhere;
#endif
#endif
#if RUN > 1
#define RUN_AT(plane, at) (*(GLOBAL run_anywhere *)((plane) + (at)))
#else
#define RUN_AT(plane, at) ((plane)[at])
#endif

FUNCTION int reflect(int i, int count)
{
    while (i < 0 || i >= count) {
        i = i < 0 ? -i : 2 * (count - 1) - i;
        i = count > 1 ? i : 0;
    }
    return i;
}

/* The first `channels * height` work-items fill both ends of one picture row each: `border` columns, in whole runs. The
 * others fill a run of `border` rows above and below the picture, corners included. No work-item reads another's output.
 */
KERNEL void mirror(GLOBAL element *planes, int width, int height, int pitch, int channels, int border)
{
    const int item = GROUP_X;
    if (item < channels * height) {
        const int c = item / height;
        GLOBAL element *row = planes + (item + PAD + c * 2 * PAD) * pitch + PAD;
#if RUN > 1
        if (width > PAD) { /* one or two runs, reversed */
            for (int i = 0; i < border; i += RUN) {
                RUN_AT(row, -RUN - i) = REVERSED(RUN_AT(row, 1 + i));
                RUN_AT(row, width + i) = REVERSED(RUN_AT(row, width - 1 - RUN - i));
            }
            return;
        }
#endif
        for (int i = 1; i <= border; ++i) {
            row[-i] = row[reflect(-i, width)];
            row[width - 1 + i] = row[reflect(width - 1 + i, width)];
        }
        return;
    }
    const int runs = pitch / RUN;
    const int run = item - channels * height;
    const int c = run / (runs * 2 * border);
    if (c >= channels)
        return;
    const int i = run / runs - c * 2 * border;
    const int y = i < border ? i - border : height + i - border;
    const int x = run % runs * RUN - PAD;
    GLOBAL element *picture = planes + (c * (height + 2 * PAD) + PAD) * pitch + PAD;
    const int from = reflect(y, height) * pitch;
    if (x >= 0 && x + RUN <= width)
        RUN_AT(picture, y * pitch + x) = RUN_AT(picture, from + x);
    else
        for (int k = x; k < x + RUN && k < width + PAD; ++k)
            picture[y * pitch + k] = picture[from + reflect(k, width)];
}
