/* The most probable coverage of a mixed pixel by the near one of two surfaces, and the light of the far one (Y.-Y. Chuang,
 * B. Curless, D. Salesin, R. Szeliski, "A Bayesian approach to digital matting", CVPR 2001), from the means and variances
 * of the light of both close to the pixel, with the edge of the aligned depth map as the prior. `unit` is the light of a
 * saturated photosite, so that the result is independent of the exposure.
 */
#include "unmix.h"

#define LAMP_CONTRAST 30.0f /* and its square exceeds the variance of their light by more */
#define LIT 4.0f         /* smallest ratio of a lamp's light and the near light that it changes, */
#define WHITE 1.5f       /* which is at most this sum of colours, in units */
#define LIT_BY 10        /* pixels from a lit pixel in which the near surface shows its own light, */
#define APART 2          /* and distances of those that are read */
#define DIM 0.3f         /* smallest sum of colours, in units, whose differences decide on the weight of a dark pixel */
#define EXTENDED 0.3f    /* smallest mean of a lamp's light around a pixel, relative to its brightest: else it is a point */
#define BESIDE 8.0f      /* largest squared distance of a mixture from the line between both colours, in variances; */
#define UNLIKE 3.0f      /* smallest one of both surfaces, */
#define STRANGE 30.0f    /* or of a pixel and the surface that the map gives */
#define PRIOR 0.05f      /* variance of the prior next to the map's edge, and a pixel away from it */
#define PRIOR_ALONE 0.02f
#define MIN_THROUGH 0.15f /* smallest part of a pixel that shows the full light of a lamp behind it */
#define EVEN 0.05f       /* part of the variance that all directions of the colour space share */

/* Variance of light in two directions of the colour space: of its level, and of each colour at the same level. Texture
 * and shading mostly change the level, so the other colours distinguish both surfaces.
 */
typedef struct {
    floats level, colour;
} Variance;

typedef struct {
    floats light[3];
    Variance variance;
} Side;

/* Sums over pixels of a side: colours times weight, their squares, the squared level, and weights. */
typedef struct {
    floats light[3], power, level, weight;
} Sums;

/* Mixed pixels of a run: both surfaces, and the coverage by the near one. `floor` is the noise in black. `is_lit` is true
 * where the light of a lamp behind the edge reaches the near pixels, too.
 */
typedef struct {
    Side near, far;
    floats alpha;
    float floor;
    ints is_lamp, is_lit;
} Mixture;

/* Fraction of near pixels in the 3x3 pixels around each pixel of a run. */
FUNCTION floats near_share(GLOBAL const float *depth, int at, int pitch, floats gate)
{
    floats count = (floats)(0.0f);
    UNROLL for (int dy = -1; dy <= 1; ++dy)
        UNROLL for (int dx = -1; dx <= 1; ++dx)
            count += indicator(LOAD(depth, at + dy * pitch + dx) < gate);
    return count * (1.0f / 9.0f);
}

FUNCTION ints is_uniform(floats share) { return (share < 0.01f) | (share > 0.99f); }

FUNCTION floats level_of(const floats *light) { return light[0] + light[1] + light[2]; }

FUNCTION void add_pixel(Sums *sums, const floats *light, floats weight)
{
    const floats level = level_of(light);
    UNROLL for (int colour = 0; colour < 3; ++colour)
        sums->light[colour] += weight * light[colour];
    sums->power += weight * (light[0] * light[0] + light[1] * light[1] + light[2] * light[2]);
    sums->level += weight * level * level;
    sums->weight += weight;
}

/* Mean and variance of the light of a side. */
FUNCTION Side side_of(const Sums *sums)
{
    const floats none = (floats)(0.0f), per_weight = 1.0f / greater(sums->weight, (floats)(1e-12f));
    Side side;
    floats power = sums->power * per_weight;
    UNROLL for (int colour = 0; colour < 3; ++colour) {
        side.light[colour] = sums->light[colour] * per_weight;
        power -= side.light[colour] * side.light[colour];
    }
    const floats level = level_of(side.light), whole = greater(power, none) * (1.0f / 3.0f);
    const floats own = greater(sums->level * per_weight - level * level, none) * (1.0f / 3.0f);
    side.variance.level = (1.0f - EVEN) * own + EVEN * whole;
    side.variance.colour = (1.0f - EVEN) * 0.5f * greater(3.0f * whole - own, none) + EVEN * whole;
    return side;
}

FUNCTION Side chosen_side(ints condition, Side first, Side second)
{
    UNROLL for (int colour = 0; colour < 3; ++colour)
        first.light[colour] = condition ? first.light[colour] : second.light[colour];
    first.variance.level = condition ? first.variance.level : second.variance.level;
    first.variance.colour = condition ? first.variance.colour : second.variance.colour;
    return first;
}

/* The light of both surfaces around a run, before and from `gate` on; with `with_lamps` they count like other pixels.
 * Returns the level of the brightest far pixel.
 */
FUNCTION floats find_sides(GLOBAL const float *scene, GLOBAL const float *metres, GLOBAL const float *weights, int at,
                           int pitch, int stride, float unit, floats gate, int reach, int with_lamps, Side *near,
                           Side *far)
{
    const floats none = (floats)(0.0f);
    Sums of_near = {0}, of_far = {0};
    floats brightest = none;
    for (int dy = -reach; dy <= reach; ++dy) {
        const int end = dy * dy == reach * reach ? 1 : dy * dy > 1 ? 2 : reach; /* a disc */
        for (int dx = -end; dx <= end; ++dx) {
            const float square = (float)(dx * dx + dy * dy);
            const int from = at + dy * pitch + dx;
            const floats light[3] = {LOAD(scene, from), LOAD(scene, from + stride), LOAD(scene, from + 2 * stride)};
            floats weight = absolute(LOAD(weights, from)) * (1.0f / (2.0f + square * square));
            if (with_lamps)
                weight /= usual(scene, from, stride, unit);
            const ints is_near = LOAD(metres, from) < gate;
            add_pixel(&of_near, light, is_near ? weight : none);
            add_pixel(&of_far, light, is_near ? none : weight);
            brightest = is_near ? brightest : greater(brightest, level_of(light));
        }
    }
    *near = side_of(&of_near);
    *far = side_of(&of_far);
    return brightest;
}

/* The light of the near surface in a wider area, mostly that of its dark pixels. */
FUNCTION Side unlit_side(GLOBAL const float *scene, GLOBAL const float *metres, GLOBAL const float *weights, int at,
                         int pitch, int stride, float unit, floats gate)
{
    Sums sums = {0};
    for (int dy = -LIT_BY; dy <= LIT_BY; dy += APART)
        for (int dx = -LIT_BY; dx <= LIT_BY; dx += APART) {
            const int from = at + dy * pitch + dx;
            const floats light[3] = {LOAD(scene, from), LOAD(scene, from + stride), LOAD(scene, from + 2 * stride)};
            const floats glow = greater(level_of(light), (floats)(0.0f)) + DIM * unit;
            const floats weight = absolute(LOAD(weights, from)) / (glow * glow * (2.0f + (float)(dx * dx + dy * dy)));
            add_pixel(&sums, light, LOAD(metres, from) < gate ? weight : (floats)(0.0f));
        }
    return side_of(&sums);
}

/* The light of both surfaces where a lamp behind the edge lights all near pixels around: that of the near surface farther
 * away, and that of the lamp if it is larger than the near surface.
 */
FUNCTION void replace_lit(GLOBAL const float *scene, GLOBAL const float *metres, GLOBAL const float *weights, int at,
                          int pitch, int stride, float unit, floats gate, int reach, Mixture *mixture)
{
    const Side unlit = unlit_side(scene, metres, weights, at, pitch, stride, unit, gate);
    Side lit, lamp;
    const floats brightest =
        find_sides(scene, metres, weights, at, pitch, stride, unit, gate, reach, 1, &lit, &lamp);
    mixture->near = chosen_side(mixture->is_lit, unlit, mixture->near);
    mixture->far = chosen_side(mixture->is_lit & (level_of(lamp.light) > EXTENDED * brightest), lamp, mixture->far);
}

FUNCTION Variance sum_of_variances(Variance first, floats of_first, Variance second, floats of_second, floats noise)
{
    const Variance sum = {of_first * first.level + of_second * second.level + noise,
                          of_first * first.colour + of_second * second.colour + noise};
    return sum;
}

/* Variance of the light of a mixture with this coverage. */
FUNCTION Variance mixed_variance(const Mixture *mixture, floats alpha, floats noise)
{
    return sum_of_variances(mixture->near.variance, alpha * alpha, mixture->far.variance,
                            (1.0f - alpha) * (1.0f - alpha), noise);
}

/* A product of two differences of light, the whole and that of their levels, in units of the variance (P. C. Mahalanobis,
 * "On the generalised distance in statistics", 1936).
 */
typedef struct {
    floats whole, level;
} Product;

FUNCTION floats in_variances(Product product, Variance variance)
{
    const floats of_level = (1.0f / 3.0f) * product.level;
    return (product.whole - of_level) / variance.colour + of_level / variance.level;
}

/* Products of the step from the far light to the near one (`step`) and to the pixel's own (`own`); how much the pixel's
 * colours exceed both surfaces, and their sum.
 */
typedef struct {
    Product step, both, own;
    floats over, level;
} Products;

FUNCTION Products products_of(GLOBAL const float *scene, int at, int stride, const Mixture *mixture)
{
    const floats none = (floats)(0.0f);
    Products products = {{none, none}, {none, none}, {none, none}, none, none};
    floats level_step = none, own_level_step = none;
    UNROLL for (int colour = 0; colour < 3; ++colour) {
        const floats near = mixture->near.light[colour], far = mixture->far.light[colour];
        const floats light = LOAD(scene, at + colour * stride), step = near - far, own_step = light - far;
        products.step.whole += step * step;
        products.both.whole += step * own_step;
        products.own.whole += own_step * own_step;
        level_step += step;
        own_level_step += own_step;
        products.over += light - greater(near, far);
        products.level += greater(light, none);
    }
    products.step.level = level_step * level_step;
    products.both.level = level_step * own_level_step;
    products.own.level = own_level_step * own_level_step;
    return products;
}

/* Texture without mixed pixels is not to change: whether the surfaces differ by more than their texture, or the pixel from
 * the surface that the map gives, 0 to 1.
 */
FUNCTION floats differs(const Products *products, const Mixture *mixture, ints is_near, floats noise)
{
    const Variance near = mixture->near.variance, far = mixture->far.variance;
    const floats full = (floats)(1.0f), floor = (floats)(0.1f * mixture->floor);
    const floats surfaces = in_variances(products->step, sum_of_variances(near, full, far, full, floor));
    Product from_map = products->own;
    from_map.whole += is_near ? products->step.whole - 2.0f * products->both.whole : (floats)(0.0f);
    from_map.level += is_near ? products->step.level - 2.0f * products->both.level : (floats)(0.0f);
    const Variance of_map = {(is_near ? near.level : far.level) + noise, (is_near ? near.colour : far.colour) + noise};
    const floats pixel = in_variances(from_map, of_map);
    return limited(greater(surfaces * (1.0f / UNLIKE), pixel * (1.0f / STRANGE)) - 1.0f, 0.0f, 1.0f);
}

/* The mixtures of the run at index `at`, from pixels at the distances `metres` with these `weights`. The map decides where
 * the light is not between that of both surfaces, or theirs is alike.
 */
FUNCTION Mixture mixture_at(GLOBAL const float *scene, GLOBAL const float *depth, GLOBAL const float *metres,
                            GLOBAL const float *weights, int at, int pitch, int stride, float unit, floats gate,
                            int reach)
{
    Mixture mixture;
    mixture.floor = NOISE * unit * unit;
    const floats brightest =
        find_sides(scene, metres, weights, at, pitch, stride, unit, gate, reach, 0, &mixture.near, &mixture.far);
    const floats near_level = lesser(level_of(mixture.near.light), (floats)(WHITE * unit));
    mixture.is_lit = (brightest > LIT * near_level) & (brightest > LAMP * unit);
    if (any_positive(indicator(mixture.is_lit)))
        replace_lit(scene, metres, weights, at, pitch, stride, unit, gate, reach, &mixture);
    const Products products = products_of(scene, at, stride, &mixture);
    const floats none = (floats)(0.0f), noise = mixture.floor + PHOTON_NOISE * unit * products.level;
    const ints is_near = LOAD(depth, at) < gate;
    const floats mapped = indicator(is_near), share = near_share(depth, at, pitch, gate);
    const ints is_alone = is_uniform(share);
    const floats inwards = is_alone ? none : 0.5f * (share - mapped);
    const Variance variance = mixed_variance(&mixture, mapped + inwards, noise);
    const floats contrast = in_variances(products.step, variance), along = in_variances(products.both, variance);
    const floats beside = in_variances(products.own, variance) - along * along / greater(contrast, (floats)(1e-6f));
    const floats is_between = limited(2.0f - beside * (1.0f / BESIDE), 0.0f, 1.0f);
    const floats trust = is_between * differs(&products, &mixture, is_near, noise);
    const Variance near = mixture.near.variance, far = mixture.far.variance;
    const floats texture = (1.0f / 3.0f) * (near.level + far.level + 2.0f * (near.colour + far.colour));
    mixture.is_lamp = (products.over > LAMP * unit) & (products.over * products.over > LAMP_CONTRAST * texture);
    const floats prior = mapped + (mixture.is_lamp ? (floats)(1.0f) : trust) * inwards;
    const floats certainty = 1.0f / ((is_alone ? (floats)(PRIOR_ALONE) : (floats)(PRIOR)) * trust + 1e-5f);
    const floats probable = limited((along + prior * certainty) / (contrast + certainty), 0.0f, 1.0f);
    mixture.alpha = mixture.is_lamp ? prior : probable;
    return mixture;
}

/* Most probable light of the far surface in mixtures whose light is `own`, in place. */
FUNCTION void far_light(const Mixture *mixture, floats *own)
{
    const floats alpha = mixture->alpha, through = 1.0f - alpha;
    const Variance variance = mixed_variance(mixture, alpha, (floats)(mixture->floor));
    const floats for_level = through * mixture->far.variance.level / variance.level;
    const floats for_colour = through * mixture->far.variance.colour / variance.colour;
    floats rests[3], mean = (floats)(0.0f);
    UNROLL for (int colour = 0; colour < 3; ++colour) {
        rests[colour] = own[colour] - alpha * mixture->near.light[colour];
        mean += (rests[colour] - through * mixture->far.light[colour]) * (1.0f / 3.0f);
    }
    UNROLL for (int colour = 0; colour < 3; ++colour) {
        const floats far = mixture->far.light[colour], rest = rests[colour];
        const floats probable = far + for_colour * (rest - through * far - mean) + for_level * mean;
        const floats light = mixture->is_lamp ? rest / greater(through, (floats)(MIN_THROUGH)) : probable;
        own[colour] = greater(light, (floats)(0.0f));
    }
}
