/* The opacity of a layer at a pixel, from the points that are spread over it.
 *
 * On a surface of one depth their weights add up to 1. Where radii differ, as on noisy maps, or where much more blurred
 * points are among them, like strands before a ball, they add up to less. A layer still lets nothing through if no
 * pixel of the disc shows a layer behind it, and if the points weigh enough to be that disc's.
 */
#define FULL (LAYERS > 2 ? 0.7f : 0.8f) /* smallest sum of all weights, */
#define HERE 0.5f               /* sum of those at one scale, */
#define FULL_AT_FULL_SIZE 0.1f /* and sum of all at full size, where each pixel is on one layer */
#define RATE 20.0f   /* increase of this opacity with the weights, */
#define HOLES 10.0f  /* and decrease with the part of the disc that shows layers behind */
#define WHOLE 0.998f /* weight of a layer that lacks nothing */

/* The part of its opacity that a surface may lack at full size where its radius changes, next to the border of its layer,
 * and the opacity up to which nothing is lacking: there a layer ends.
 */
#define LACK 0.04f
#define ENDING 0.8f

/* Light of the layers from back to front: colour times opacity, and opacity. */
typedef struct {
    floats red, green, blue, opacity;
} Light;

/* Covers `light` with a layer: sums of colour times weight, their weight, and the weight `whole` that decides the
 * opacity. The most distant layer continues where its weight is small. A layer without light covers nothing.
 */
FUNCTION void cover(Light *light, floats red, floats green, floats blue, floats weight, floats whole)
{
    const floats over = light->opacity > 0.0f ? lesser(whole, (floats)(1.0f)) : limited(4.0f * weight, 0.0f, 1.0f);
    const floats opacity = weight > 0.0f ? over : (floats)(0.0f);
    const floats scale = opacity / greater(weight, (floats)(EPSILON)), through = 1.0f - opacity;
    light->red = red * scale + light->red * through;
    light->green = green * scale + light->green * through;
    light->blue = blue * scale + light->blue * through;
    light->opacity = opacity + light->opacity * through;
}

/* The smallest opacity of a layer, from the sum of the parts of a disc's pixels that show layers behind it. */
FUNCTION floats min_opacity(floats parts, floats pixels)
{
    return limited(1.0f - HOLES * parts / greater(pixels, (floats)(EPSILON)), 0.0f, 1.0f);
}

/* The same at a scale, for a disc of this `radius` around each pixel of a run; `known` is the visible part of the layers
 * behind.
 */
FUNCTION floats min_opacity_at(GLOBAL const f16 *known, GLOBAL const float *cell, place pitch, int side, floats radius)
{
    const int taps = taps_within(cell, largest(radius) + 0.5f);
    floats parts = (floats)(0.0f), pixels = parts;
    for (int tap = 0; tap < taps; ++tap) {
        const floats covered = coverage(radius, gauge(cell, tap));
        parts += covered * LOAD_F16(known, side * offset(cell, tap, pitch));
        pixels += covered;
    }
    return min_opacity(parts, pixels);
}

/* `min_opacity` of layer l at full size, for a disc of this `size` around each pixel of a run. */
FUNCTION floats min_opacity_of(GLOBAL const f16 *radius, GLOBAL const float *borders, int l, GLOBAL const float *cell,
                               place at, place pitch, int side, floats size)
{
    const int taps = taps_within(cell, largest(size) + 0.5f);
    floats parts = (floats)(0.0f), pixels = parts;
    for (int tap = 0; tap < taps; ++tap) {
        const floats covered = coverage(size, gauge(cell, tap));
        parts += covered * behind(borders, l + 1, LOAD_F16(radius, at + side * offset(cell, tap, pitch)));
        pixels += covered;
    }
    return min_opacity(parts, pixels);
}
