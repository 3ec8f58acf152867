/* Depth edges in focus: the tiles at which pixels are mixed. Shared by the kernels of un-mixing. */
#include "portable.h"
#include "defocus.h"

#define EDGE_RATIO 1.15f /* a larger ratio of distances is a depth edge */
#define AROUND 2         /* pixels from a depth edge that may be mixed: the edge of a map is often a pixel off */
#define IN_FOCUS_PX 1.0f /* largest blur radius of a near surface that covers single pixels */
#define MIN_STEP_PX 0.5f /* smallest step of the blur radius across an edge that is visible */
#define PURE 0.06f       /* smaller parts of a pixel are noise */
#define LAMP 1.0f        /* a sum of colours that exceeds both surfaces by more units is a lamp behind the edge */
#define NOISE 1e-5f      /* variance of the noise in black, in squared units, and its increase with light */
#define PHOTON_NOISE 7e-4f

/* The planes of `mixed`: light (0 to 2), distance (3), and the coverage by near light in focus (4). */
#define DISTANCE 3
#define COVERAGE 4

FUNCTION floats indicator(ints condition) { return condition ? (floats)(1.0f) : (floats)(0.0f); }

FUNCTION floats blur_at(floats metres, float coc_px, float focus) { return 0.5f * coc_px * (1.0f - focus / metres); }

/* The distances at which the blur radius is at most `px`: comparing with them takes no division a pixel. */
typedef struct {
    float from, to;
} Within;

FUNCTION Within within(float px, float coc_px, float focus)
{
    const float per_coc = 2.0f * px / coc_px;
    const Within limits = {focus / (1.0f + per_coc), per_coc < 1.0f ? focus / (1.0f - per_coc) : UNLIMITED};
    return limits;
}

FUNCTION ints is_within(Within limits, floats metres) { return (metres >= limits.from) & (metres <= limits.to); }

FUNCTION ints is_sharp(floats metres, float coc_px, float focus)
{
    return absolute(blur_at(metres, coc_px, focus)) <= IN_FOCUS_PX;
}

FUNCTION ints is_edge(floats nearest, floats last, float coc_px, float focus)
{
    const floats step = blur_at(last, coc_px, focus) - blur_at(nearest, coc_px, focus);
    return (last > EDGE_RATIO * nearest) & (step > MIN_STEP_PX);
}

/* Whether a tile with depth edges in focus lies up to `reach` tiles from this one. */
FUNCTION int is_beside_edges(GLOBAL const float *edges, int height, int tiles_x, int reach)
{
    float found = 0.0f;
    for (int y = TILE_Y > reach ? TILE_Y - reach : 0; y <= TILE_Y + reach && y * TILE < height; ++y)
        for (int x = TILE_X > reach ? TILE_X - reach : 0; x <= TILE_X + reach && x < tiles_x; ++x)
            found += edges[y * tiles_x + x];
    return found > 0.0f;
}

/* 1 where the light of a run's pixels is usual; less for highlights, which do not have the colour of a surface. */
FUNCTION floats usual(GLOBAL const float *scene, int at, int stride, float unit)
{
    const floats level = (LOAD(scene, at) + LOAD(scene, at + stride) + LOAD(scene, at + 2 * stride)) * (1.0f / unit);
    return 1.0f / (1.0f + level * level);
}
