/* Un-mixing at depth edges: a pixel that shows a part of a near surface in focus and a part of the surface behind it is
 * divided into the light of both before the blur. The pixel becomes one of the far surface, and the near light covers it
 * again after the blur.
 *
 * The coverage is the most probable one (Y.-Y. Chuang, B. Curless, D. Salesin, R. Szeliski, "A Bayesian approach to
 * digital matting", CVPR 2001) for the mean and the variance of the light of both surfaces close to the pixel, with the
 * edge of the depth map as the prior. `unit` is the light of a saturated photosite, so that the result is independent of
 * the exposure. Thin surfaces have no pixel of their own: the second estimate weighs pixels by the
 * first.
 */
#include "portable.h"
#include "defocus.h"

#define EDGE_RATIO 1.15f /* a larger ratio of distances is a depth edge */
#define AROUND 2         /* pixels from a depth edge that may be mixed: the edge of a map is often a pixel off */
#define NEAR_BY 3        /* pixels from a mixed pixel in which both surfaces show their colours */
#define IMPURE 0.01f     /* weight of a pixel next to the edge, relative to one that shows a single surface */
#define PURE 0.06f       /* smaller parts of a pixel are noise */
#define LAMP 1.0f        /* a sum of colours that exceeds both surfaces by more units is a lamp behind the edge */
#define LAMP_CONTRAST 30.0f /* and its square exceeds the variance of their light by more */
#define UNLIKE 1.0f      /* smallest square of the colour contrast, relative to the variance of the light */
#define BESIDE_FIRST 4.0f /* inverse of the largest squared distance of a mixture from the line between both colours, */
#define BESIDE 25.0f      /* relative to the squared contrast, in the first estimate and in the second */
#define FLIPS 8.0f       /* pixels around that the first estimate moves to the other surface: the map's edge is off */
#define PRIOR 0.15f      /* variance of the prior next to the map's edge, and a pixel away from it */
#define PRIOR_ALONE 0.02f
#define NOISE 1e-5f      /* variance of the noise in black, in squared units, and its increase with light */
#define PHOTON_NOISE 7e-4f
#define IN_FOCUS_PX 1.0f

/* The planes of `mixed`: light (0 to 2), distance (3), and the coverage by near light in focus (4). The planes of `sides`:
 * weight for the first estimate (0), and after it weight (1) and distance (2).
 */
#define DISTANCE 3
#define COVERAGE 4
#define REFINED 1

typedef struct {
    float light[3], variance;
} Side;

/* A mixed pixel: both surfaces, and its coverage by the near one. `floor` is the noise in black. */
typedef struct {
    Side near, far;
    float alpha, floor;
    int is_lamp;
} Mixture;

FUNCTION float bounded(float x, float low, float high) { return x < low ? low : x > high ? high : x; }

/* Mean and variance of the light of both surfaces around index `at`, before and from `gate` on. */
FUNCTION void sides_of(GLOBAL const float *scene, GLOBAL const float *metres, GLOBAL const float *weights, int at,
                       int pitch, int stride, float unit, float gate, Side *near, Side *far)
{
    float sums[2][3] = {{0.0f, 0.0f, 0.0f}, {0.0f, 0.0f, 0.0f}}, squares[2] = {0.0f, 0.0f};
    float total[2] = {1e-12f, 1e-12f};
    for (int dy = -NEAR_BY; dy <= NEAR_BY; ++dy)
        for (int dx = -NEAR_BY; dx <= NEAR_BY; ++dx) {
            const float square = (float)(dx * dx + dy * dy);
            const int from = at + dy * pitch + dx, side = metres[from] >= gate;
            const float red = scene[from], green = scene[from + stride], blue = scene[from + 2 * stride];
            const float level = (red + green + blue) / unit;
            const float weight = weights[from] / ((1.0f + square * square) * (1.0f + level * level));
            sums[side][0] += weight * red;
            sums[side][1] += weight * green;
            sums[side][2] += weight * blue;
            squares[side] += weight * (red * red + green * green + blue * blue);
            total[side] += weight;
        }
    for (int side = 0; side < 2; ++side) {
        Side *to = side ? far : near;
        float variance = squares[side] / total[side];
        for (int colour = 0; colour < 3; ++colour) {
            to->light[colour] = sums[side][colour] / total[side];
            variance -= to->light[colour] * to->light[colour];
        }
        to->variance = variance > 0.0f ? variance * (1.0f / 3.0f) : 0.0f;
    }
}

/* Smallest and largest distance up to AROUND pixels around index `at`. Returns whether they are those of an edge. */
FUNCTION int distances(GLOBAL const float *depth, int at, int pitch, float *nearest, float *last)
{
    *nearest = UNLIMITED;
    *last = 0.0f;
    for (int dy = -AROUND; dy <= AROUND; ++dy)
        for (int dx = -AROUND; dx <= AROUND; ++dx) {
            const float metres = depth[at + dy * pitch + dx];
            *nearest = metres < *nearest ? metres : *nearest;
            *last = metres > *last ? metres : *last;
        }
    return *last > EDGE_RATIO * *nearest;
}

/* Fraction of near pixels in the 3x3 pixels around index `at`. */
FUNCTION float near_share(GLOBAL const float *depth, int at, int pitch, float gate)
{
    int count = 0;
    for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx)
            count += depth[at + dy * pitch + dx] < gate;
    return (float)count * (1.0f / 9.0f);
}

FUNCTION float gate_of(float nearest, float last) { return 2.0f / (1.0f / nearest + 1.0f / last); }

/* How far the map is in doubt around index `at`, 0 to 1: the first estimate moved its edge to `metres`. */
FUNCTION float doubt_at(GLOBAL const float *depth, GLOBAL const float *metres, int at, int pitch, float gate)
{
    int flips = 0;
    for (int dy = -NEAR_BY; dy <= NEAR_BY; ++dy)
        for (int dx = -NEAR_BY; dx <= NEAR_BY; ++dx) {
            const int from = at + dy * pitch + dx;
            flips += (metres[from] < gate) != (depth[from] < gate);
        }
    return bounded(0.25f * ((float)flips - FLIPS), 0.0f, 1.0f);
}

/* The mixture at index `at`, from pixels at the distances `metres` with these `weights`. Texture without mixed pixels is
 * not to change: the map decides where the light is not between that of both surfaces, or theirs is alike.
 */
FUNCTION Mixture mixture_at(GLOBAL const float *scene, GLOBAL const float *depth, GLOBAL const float *metres,
                            GLOBAL const float *weights, int at, int pitch, int stride, float unit, float gate, int is_first)
{
    Mixture mixture;
    sides_of(scene, metres, weights, at, pitch, stride, unit, gate, &mixture.near, &mixture.far);
    const float square = unit * unit;
    float along = 0.0f, contrast = 1e-6f * square, away = 0.0f, over = 0.0f, level = 0.0f;
    for (int colour = 0; colour < 3; ++colour) {
        const float near = mixture.near.light[colour], far = mixture.far.light[colour];
        const float own = scene[at + colour * stride];
        along += (near - far) * (own - far);
        away += (own - far) * (own - far);
        contrast += (near - far) * (near - far);
        over += own - (near > far ? near : far);
        level += own > 0.0f ? own : 0.0f;
    }
    const float is_near = depth[at] < gate ? 1.0f : 0.0f, share = near_share(depth, at, pitch, gate);
    const int is_alone = share < 0.01f || share > 0.99f;
    const float texture = mixture.near.variance + mixture.far.variance, noise = NOISE * square + PHOTON_NOISE * unit * level;
    const float beside = away - along * along / contrast - noise;
    float trust = bounded(2.0f - (is_first ? BESIDE_FIRST : BESIDE) * beside / contrast, 0.0f, 1.0f);
    if (!is_first) {
        const float doubt = doubt_at(depth, metres, at, pitch, gate);
        trust *= bounded(contrast / (texture + 1e-6f * square) - UNLIKE, 0.0f, 1.0f);
        trust = doubt > trust ? doubt : trust;
    }
    mixture.is_lamp = over > LAMP * unit && over * over > LAMP_CONTRAST * texture;
    const float prior = is_near + 0.5f * (is_alone ? 0.0f : mixture.is_lamp ? 1.0f : trust) * (share - is_near);
    const float variance = prior * prior * mixture.near.variance
                           + (1.0f - prior) * (1.0f - prior) * mixture.far.variance + noise;
    const float certainty = variance / ((is_alone ? PRIOR_ALONE : PRIOR) * trust + 1e-5f);
    mixture.floor = NOISE * square;
    mixture.alpha = mixture.is_lamp ? prior
                                    : bounded((along + prior * certainty) / (contrast + certainty), 0.0f, 1.0f);
    return mixture;
}

/* Most probable light of the far surface in a mixture, whose light is `own`. */
FUNCTION float far_light(Mixture mixture, int colour, float own)
{
    const float alpha = mixture.alpha, through = 1.0f - alpha;
    const float near = mixture.near.light[colour], far = mixture.far.light[colour];
    const float rest = own - alpha * near;
    float light = rest / (through > 0.15f ? through : 0.15f);
    if (!mixture.is_lamp) {
        const float variance = through * through * mixture.far.variance;
        light = far + through * mixture.far.variance * (rest - through * far)
                          / (alpha * alpha * mixture.near.variance + variance + mixture.floor);
    }
    return light > 0.0f ? light : 0.0f;
}

/* Weight of each pixel for the first estimate. In `edges`, marks the tiles at depth edges. */
KERNEL void weigh_pure(GLOBAL const float *RESTRICT depth, GLOBAL float *RESTRICT sides, GLOBAL float *RESTRICT edges,
                       int width, int height, int pitch, int tiles_x)
{
    const int first = (TILE_Y * TILE + PAD) * pitch + PAD + TILE_X * TILE;
    float nearest = UNLIMITED, last = 0.0f;
    for (int row = -AROUND; row < TILE + AROUND; ++row)
        for (int x = -AROUND; x < TILE + AROUND; ++x) {
            const float metres = depth[first + row * pitch + x];
            nearest = metres < nearest ? metres : nearest;
            last = metres > last ? metres : last;
        }
    const int is_edge = last > EDGE_RATIO * nearest;
    if (IS_FIRST_ITEM)
        edges[TILE_Y * tiles_x + TILE_X] = is_edge ? 1.0f : 0.0f;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int x = FIRST_COLUMN; x < TILE && TILE_X * TILE + x < width; x += COLUMN_STEP) {
            const int at = first + row * pitch + x;
            int is_pure = 1;
            if (is_edge && distances(depth, at, pitch, &nearest, &last)) {
                const float share = near_share(depth, at, pitch, gate_of(nearest, last));
                is_pure = share < 0.01f || share > 0.99f;
            }
            sides[at] = is_pure ? 1.0f : IMPURE;
        }
}

/* First estimate: the surface that covers most of each pixel, and the pixel's weight for the second one. */
KERNEL void find_mixed(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT depth,
                       GLOBAL float *RESTRICT sides, GLOBAL const float *RESTRICT edges, int width, int height,
                       int pitch, int stride, int tiles_x, float unit)
{
    GLOBAL float *weights = sides + REFINED * stride, *metres = weights + stride;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int x = FIRST_COLUMN; x < TILE && TILE_X * TILE + x < width; x += COLUMN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + x;
            float nearest, last;
            weights[at] = 1.0f;
            metres[at] = depth[at];
            if (edges[TILE_Y * tiles_x + TILE_X] <= 0.0f || !distances(depth, at, pitch, &nearest, &last))
                continue;
            const float gate = gate_of(nearest, last);
            const float alpha = mixture_at(scene, depth, depth, sides, at, pitch, stride, unit, gate, 1).alpha;
            const float share = alpha > 0.5f ? alpha : 1.0f - alpha;
            const float fourth = share * share * share * share;
            weights[at] = sides[at] >= 1.0f ? 1.0f : 0.5f * fourth * fourth + 1e-4f;
            metres[at] = alpha > 0.5f ? (depth[at] < gate ? depth[at] : nearest)
                                      : (depth[at] < gate ? last : depth[at]);
        }
}

/* Second estimate: divides the pixels of a near surface in focus and a surface behind it. */
KERNEL void divide_mixed(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT depth,
                         GLOBAL const float *RESTRICT sides, GLOBAL float *RESTRICT mixed,
                         GLOBAL const float *RESTRICT edges, int width, int height, int pitch, int stride, int tiles_x,
                         float unit, float coc_px, float focus)
{
    if (edges[TILE_Y * tiles_x + TILE_X] <= 0.0f)
        return;
    GLOBAL const float *weights = sides + REFINED * stride, *metres = weights + stride;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int x = FIRST_COLUMN; x < TILE && TILE_X * TILE + x < width; x += COLUMN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + x;
            float nearest, last;
            for (int colour = 0; colour < 3; ++colour)
                mixed[at + colour * stride] = scene[at + colour * stride];
            mixed[at + DISTANCE * stride] = depth[at];
            mixed[at + COVERAGE * stride] = 0.0f;
            if (!distances(depth, at, pitch, &nearest, &last))
                continue;
            const float blur = 0.5f * coc_px * (1.0f - focus / nearest);
            if (blur > IN_FOCUS_PX || blur < -IN_FOCUS_PX)
                continue;
            const float gate = gate_of(nearest, last);
            Mixture mixture = mixture_at(scene, depth, metres, weights, at, pitch, stride, unit, gate, 0);
            const int is_near = depth[at] < gate;
            mixture.alpha = mixture.alpha < PURE ? 0.0f : mixture.alpha > 1.0f - PURE ? 1.0f : mixture.alpha;
            if (mixture.alpha >= 1.0f) {
                mixed[at + DISTANCE * stride] = is_near ? depth[at] : nearest;
                continue;
            }
            mixed[at + DISTANCE * stride] = is_near ? last : depth[at];
            mixed[at + COVERAGE * stride] = mixture.alpha;
            for (int colour = 0; mixture.alpha > 0.0f && colour < 3; ++colour)
                mixed[at + colour * stride] = far_light(mixture, colour, scene[at + colour * stride]);
        }
}

/* Exchanges the light and distances of the marked tiles for those in `mixed`. */
KERNEL void exchange_mixed(GLOBAL float *RESTRICT scene, GLOBAL float *RESTRICT depth, GLOBAL float *RESTRICT mixed,
                           GLOBAL const float *RESTRICT edges, int width, int height, int pitch, int stride,
                           int tiles_x)
{
    if (edges[TILE_Y * tiles_x + TILE_X] <= 0.0f)
        return;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP)
        for (int x = FIRST_COLUMN; x < TILE && TILE_X * TILE + x < width; x += COLUMN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + x;
            for (int plane = 0; plane <= DISTANCE; ++plane) {
                GLOBAL float *other = plane < DISTANCE ? scene + at + plane * stride : depth + at;
                const float here = *other;
                *other = mixed[at + plane * stride];
                mixed[at + plane * stride] = here;
            }
        }
}

/* Covers the blurred picture with the near light in focus, darkened towards the corners by the lens. The planes hold
 * exchanged values.
 */
KERNEL void cover_mixed(GLOBAL const float *RESTRICT scene, GLOBAL const float *RESTRICT mixed,
                        GLOBAL const float *RESTRICT edges, GLOBAL float *RESTRICT picture, int width, int height,
                        int pitch, int stride, int tiles_x, float fall_1, float fall_2, float fall_3, float fall_4)
{
    if (edges[TILE_Y * tiles_x + TILE_X] <= 0.0f)
        return;
    for (int row = FIRST_ROW; row < TILE && TILE_Y * TILE + row < height; row += ROW_STEP) {
        for (int x = FIRST_RUN; x < TILE; x += RUN_STEP) {
            const int at = (TILE_Y * TILE + row + PAD) * pitch + PAD + TILE_X * TILE + x;
            const floats alpha = TILE_X * TILE + x + LANES < width ? LOAD(mixed, at + COVERAGE * stride)
                                                                   : (floats)(0.0f);
            if (!any_positive(alpha))
                continue;
            const floats falloff = over_field(field_height(TILE_X * TILE + x, TILE_Y * TILE + row, width, height),
                                              fall_1, fall_2, fall_3, fall_4);
            for (int colour = 0; colour < 3; ++colour) {
                const int from = at + colour * stride;
                const floats near = LOAD(mixed, from) - (1.0f - alpha) * LOAD(scene, from);
                const floats behind_it = LOAD(picture, from);
                const floats covered = falloff * greater(near, (floats)(0.0f)) + (1.0f - alpha) * behind_it;
                STORE(picture, from, alpha > 0.0f ? covered : behind_it);
            }
        }
    }
}
