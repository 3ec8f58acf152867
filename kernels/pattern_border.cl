/* Extends a mosaic of any pattern beyond its edges. A plain reflection would give wrong colours. Instead a border
 * photosite takes the mean of the photosites of its own colour around its reflected position, with the most weight on
 * the nearest.
 */
#include "portable.h"
#include "pattern.h"

/* The width of the extension, within PAD, and the search radius for a photosite's colour. */
#define BORDER 8
#define LOOK 2

FUNCTION int reflected(int i, int count)
{
    const int back = i < 0 ? -i : i >= count ? 2 * (count - 1) - i : i;
    return back < 0 ? 0 : back >= count ? count - 1 : back; /* for a tiny mosaic, the opposite edge */
}

/* A work-item fills one photosite: first those above and below the picture, corners included, then left and right of
 * it.
 */
KERNEL void pattern_border(GLOBAL float *mosaic, GLOBAL const float *RESTRICT colours, int width, int height, int pitch)
{
    const int item = GROUP_X;
    const int long_row = width + 2 * BORDER;
    const int beside = item - 2 * BORDER * long_row;
    if (beside >= 2 * BORDER * height)
        return;
    const int i = beside < 0 ? item / long_row : beside / (2 * BORDER);
    const int j = beside < 0 ? item % long_row : beside % (2 * BORDER);
    const int y = beside >= 0 ? i : i < BORDER ? i - BORDER : height + i - BORDER;
    const int x = beside < 0 || j < BORDER ? j - BORDER : width + j - BORDER;
    const int from_x = reflected(x, width);
    const int from_y = reflected(y, height);
    const float colour = colours[PHASE(y) * ROW + PHASE(x)];
    GLOBAL float *picture = mosaic + PAD * pitch + PAD;
    float sum = 0.0f, weights = 1e-30f, any = 0.0f, count = 0.0f;
    for (int dy = -LOOK; dy <= LOOK; ++dy)
        for (int dx = -LOOK; dx <= LOOK; ++dx) {
            const int near_x = from_x + dx;
            const int near_y = from_y + dy;
            if (near_x < 0 || near_x >= width || near_y < 0 || near_y >= height)
                continue;
            const float here = picture[near_y * pitch + near_x];
            const float squared = (float)(dx * dx + dy * dy);
            const int is_same = colours[PHASE(near_y) * ROW + PHASE(near_x)] == colour;
            const float weight = is_same ? 1.0f / (0.1f + squared * squared) : 0.0f;
            sum += weight * here;
            weights += weight;
            any += here;
            count += 1.0f;
        }
    /* A tiny mosaic may lack the colour. */
    picture[y * pitch + x] = weights > 1e-20f ? sum / weights : any / count;
}
