/* Un-mixing by a matte: the coverage of the pixels is given, and only the light of both surfaces is estimated. It replaces
 * the estimate of kernels/unmix.cl at the edge of the subject, where that is in focus.
 *
 * Light is linear in the coverage where both surfaces have one colour, so a regression over the pixels around yields the
 * light of both, also where both share every pixel: hair. The rest of the pixel's light is then divided
 * between both (M. Forte, "Approximate fast foreground colour estimation", ICIP 2021, with the regression in place of
 * its means).
 */
#include "unmix.h"
#include "matte.h"

#define CLOSE 3          /* pixels around a mixed pixel that the regression reads all; */
#define STEP 3           /* and every third one, up to */
#define WIDE 9
#define WIDE_SHARE 0.001f /* weight of these, relative to the pixel itself, and additional weight where the close ones */
#define ALONE_SHARE 0.03f /* have one coverage: less than the variance UNIFORM */
#define UNIFORM 0.004f
#define FLAT 0.0005f     /* variance of the coverage below which the regression decides nothing */
#define MIN_THROUGH 0.1f /* smallest part of a pixel that shows the full light of a lamp behind it */

typedef struct {
    floats weight, alpha, square, light[3], slope[3], power;
} Sums;

FUNCTION void add_to(Sums *sums, GLOBAL const float *scene, GLOBAL const float *matte, int at, int stride,
                     floats weight, float unit)
{
    const floats alpha = LOAD(matte, at), share = weight * usual(scene, at, stride, unit);
    sums->weight += share;
    sums->alpha += share * alpha;
    sums->square += share * alpha * alpha;
    UNROLL for (int colour = 0; colour < 3; ++colour) {
        const floats light = LOAD(scene, at + colour * stride);
        sums->light[colour] += share * light;
        sums->slope[colour] += share * alpha * light;
        sums->power += share * light * light;
    }
}

/* Variance of the coverage. */
FUNCTION floats spread_of(const Sums *sums)
{
    const floats per_weight = 1.0f / sums->weight, mean = sums->alpha * per_weight;
    return greater(sums->square * per_weight - mean * mean, (floats)(0.0f));
}

FUNCTION Sums sums_around(GLOBAL const float *scene, GLOBAL const float *matte, int at, int pitch, int stride, float unit)
{
    const floats none = (floats)(0.0f);
    Sums sums = {(floats)(1e-12f), none, none, {none, none, none}, {none, none, none}, none};
    for (int dy = -CLOSE; dy <= CLOSE; ++dy) {
        const int end = dy * dy == CLOSE * CLOSE ? 1 : dy * dy > 1 ? 2 : CLOSE; /* a disc */
        for (int dx = -end; dx <= end; ++dx) {
            const float square = (float)(dx * dx + dy * dy);
            const floats weight = (floats)(2.0f / (2.0f + square * square));
            add_to(&sums, scene, matte, at + dy * pitch + dx, stride, weight, unit);
        }
    }
    const floats alone = limited(1.0f - spread_of(&sums) * (1.0f / UNIFORM), 0.0f, 1.0f);
    for (int dy = -WIDE; dy <= WIDE; dy += STEP)
        for (int dx = -WIDE; dx <= WIDE; dx += STEP)
            add_to(&sums, scene, matte, at + dy * pitch + dx, stride, WIDE_SHARE + ALONE_SHARE * alone, unit);
    return sums;
}

/* Whether a tile shows the edge of a subject in focus. */
FUNCTION int is_divided_at(GLOBAL const float *side, float coc_px, float focus)
{
    const floats near = (floats)(side[NEAR_SIDE]), far = (floats)(side[FAR_SIDE]);
    return any_positive(indicator((near > 0.0f) & is_edge(near, far, coc_px, focus) & is_sharp(near, coc_px, focus)));
}

/* Marks the tiles in which the matte divides pixels of a subject in focus. */
KERNEL void mark_matte(GLOBAL const float *RESTRICT subjects, GLOBAL float *RESTRICT edges, int tiles_x, float coc_px,
                       float focus)
{
    if (GROUP_X >= tiles_x)
        return;
    const int tile = GLOBAL_Y * tiles_x + GROUP_X;
    GLOBAL const float *side = subjects + tile * SIDES;
    if (side[MIXED] > PURE && is_divided_at(side, coc_px, focus))
        edges[tile] = 1.0f;
}

/* Divides the pixels at the edge of the subject, in place of the estimate. */
KERNEL void divide_by_matte(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT depth,
                            GLOBAL const float *RESTRICT matte, GLOBAL const float *RESTRICT subjects,
                            GLOBAL float *RESTRICT mixed, GLOBAL const float *RESTRICT edges, int width, int height,
                            int pitch, int stride, int tiles_x, float unit, float coc_px, float focus)
{
    GLOBAL const float *side = subjects + (TILE_Y * tiles_x + TILE_X) * SIDES;
    const floats nearest = (floats)(side[NEAR_SIDE]), last = (floats)(side[FAR_SIDE]), none = (floats)(0.0f);
    if (edges[TILE_Y * tiles_x + TILE_X] <= 0.0f || !is_divided_at(side, coc_px, focus))
        return;
    const floats gate = 2.0f / (1.0f / nearest + 1.0f / last);
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int run = FIRST_RUN; run < TILE; run += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + run;
            const floats alpha = LOAD(matte, at), own = LOAD(depth, at);
            floats highest = alpha, lowest = alpha;
            for (int dy = -AROUND; dy <= AROUND; ++dy)
                UNROLL for (int dx = -AROUND; dx <= AROUND; ++dx) {
                    const floats other = LOAD(matte, at + dy * pitch + dx);
                    highest = greater(highest, other);
                    lowest = lesser(lowest, other);
                }
            const ints is_decided = (highest > PURE) & (lowest < 1.0f - PURE);
            if (!any_positive(indicator(is_decided)))
                continue;
            const ints is_divided = (alpha > PURE) & (alpha < 1.0f - PURE);
            const floats through = 1.0f - alpha, white = (floats)(unit * unit);
            const Sums sums = sums_around(scene, matte, at, pitch, stride, unit);
            const floats per_weight = 1.0f / sums.weight, mean = sums.alpha * per_weight;
            const floats spread = spread_of(&sums);
            floats variance = sums.power * per_weight, level = (floats)(0.0f), over = (floats)(0.0f);
            floats rests[3], fars[3];
            UNROLL for (int colour = 0; colour < 3; ++colour) {
                const floats light = sums.light[colour] * per_weight;
                const floats joint = sums.slope[colour] * per_weight - mean * light, slope = joint / (spread + FLAT);
                const floats far = greater(light - mean * slope, (floats)(0.0f));
                const floats near = greater(far + slope, (floats)(0.0f)), pixel = LOAD(scene, at + colour * stride);
                variance -= light * light + slope * joint;
                level += greater(pixel, (floats)(0.0f));
                rests[colour] = pixel - alpha * near;
                over += pixel - greater(near, far);
                fars[colour] = far;
            }
            variance = greater(variance, (floats)(0.0f)) * (1.0f / 3.0f);
            const floats noise = NOISE * white + PHOTON_NOISE * unit * level;
            const floats gain = variance * through / (variance * (alpha * alpha + through * through) + noise);
            const ints is_lamp = over > LAMP * unit;
            UNROLL for (int colour = 0; colour < 3; ++colour) {
                const floats probable = fars[colour] + gain * (rests[colour] - through * fars[colour]);
                const floats lamp = rests[colour] / greater(through, (floats)(MIN_THROUGH));
                const floats light = greater(is_lamp ? lamp : probable, (floats)(0.0f));
                const floats before = LOAD(mixed, at + colour * stride), pixel = LOAD(scene, at + colour * stride);
                STORE(mixed, at + colour * stride, is_divided ? light : is_decided ? pixel : before);
            }
            const floats moved = is_divided & (own < gate) ? last : own;
            STORE(mixed, at + DISTANCE * stride, is_decided ? moved : LOAD(mixed, at + DISTANCE * stride));
            STORE(mixed, at + COVERAGE * stride,
                  is_divided ? alpha : is_decided ? none : LOAD(mixed, at + COVERAGE * stride));
        }
}
