/* GPU version of stereo_sweep.cl: a work-group follows one path, a work-item processes one disparity. */
#include "stereo.h"

#ifdef __OPENCL_VERSION__
#define LOCAL __local
#define BARRIER barrier(CLK_LOCAL_MEM_FENCE)
#define PATH ((int)get_group_id(0))
#define DISPARITY ((int)get_local_id(0))
#define LOWER(place, value) atomic_min(place, value)
#else
#define LOCAL __shared__
#define BARRIER __syncthreads()
#define PATH ((int)blockIdx.x)
#define DISPARITY ((int)threadIdx.x)
#define LOWER(place, value) atomicMin(place, value)
#endif

#define MAX_COST 255

FUNCTION int bits_of(int codes)
{
    const int pairs = codes - (codes >> 1 & 0x555555);
    const int fours = (pairs & 0x333333) + (pairs >> 2 & 0x333333);
    const int eights = (fours + (fours >> 4)) & 0x0f0f0f;
    return (eights + (eights >> 8) + (eights >> 16)) & 0x1f;
}

/* Paths with the step (dx, dy) per pixel; `plane` selects the plane of `jump` for such neighbours. Adds to the volume
 * `sums`, or overwrites it if `is_first`.
 */
KERNEL void path_costs(GLOBAL const u8 *RESTRICT left, GLOBAL const u8 *RESTRICT right, GLOBAL const u8 *RESTRICT jump,
                       GLOBAL u8 *RESTRICT sums, int width, int height, int pitch, int stride, int dx, int dy,
                       int plane, int is_up, int is_first)
{
    LOCAL int costs[2 * (DISPARITIES + 2)]; /* previous and current pixel, one guard at each end */
    LOCAL int lowest[3];
    const int d = DISPARITY;
    const int right_pitch = pitch + DISPARITIES;
    /* A path begins in the first row, or in the first column if it leans or follows a row. */
    const int begins_above = dy != 0 && PATH < width;
    const int below = dy == 0 ? PATH : PATH - width + 1;
    int x = begins_above ? PATH : dx > 0 ? 0 : width - 1;
    int y = begins_above ? 0 : below;
    y = dy < 0 ? height - 1 - y : y;
    GLOBAL u8 *volume = sums + is_up * (width * height * DISPARITIES);
    costs[d + 1] = 0;
    if (d < 2) {
        costs[d * (DISPARITIES + 1)] = 200;
        costs[DISPARITIES + 2 + d * (DISPARITIES + 1)] = 200;
    }
    if (d == 0)
        lowest[0] = lowest[1] = lowest[2] = MAX_COST;
    BARRIER;
    for (int n = 0; x >= 0 && x < width && y >= 0 && y < height; ++n, x += dx, y += dy) {
        const int at = (y + PAD) * pitch + PAD + x;
        const int other = y * right_pitch + pitch - 1 - x + d, rows = height * right_pitch;
        const int codes = (left[at] ^ right[other]) | (left[at + stride] ^ right[other + rows]) << 8
            | (left[at + 2 * stride] ^ right[other + 2 * rows]) << 16;
        const int cost = d > x ? OUTSIDE : bits_of(codes);
        const int jump_cost = jump[plane * stride + at - is_up * (dy * pitch + dx)];
        const int from = (n & 1) * (DISPARITIES + 2) + d;
        const int beside = (costs[from] < costs[from + 2] ? costs[from] : costs[from + 2]) + STEP;
        const int minimum = costs[from + 1] < beside ? costs[from + 1] : beside;
        const int next = cost + (minimum < jump_cost ? minimum : jump_cost);
        LOWER(lowest + n % 3, next);
        BARRIER;
        const int kept = next - lowest[n % 3];
        costs[(~n & 1) * (DISPARITIES + 2) + d + 1] = kept;
        if (d == 0)
            lowest[(n + 2) % 3] = MAX_COST; /* minimum of the previous pixel, already read by all work-items */
        const int place = (y * width + x) * DISPARITIES + d;
        volume[place] = (u8)(is_first ? kept : volume[place] + kept);
        BARRIER;
    }
}
