// First and last steps of every look: reading the scene, the neutral rendering, encoding to display sRGB.

// Negative light becomes 0, infinite light becomes BRIGHTEST. GLSL does not define max(NaN, 0). Drivers follow IEEE 754
// maxNum and return 0 (a test checks it). A select instead takes 2 ms more at 1920x1080 in software.
vec3 scene_at(vec2 position) {
    // Nearest sampling at an interpolated position. On Mesa's software renderer texelFetch takes 1.5 times as long, and
    // three textures of one channel take almost twice as long.
    vec3 rgb = texture(scene_texture, position).rgb;
    return min(max(rgb, 0.0), BRIGHTEST);
}

// Neutral rendering: scene light with only a highlight roll-off.
vec3 neutral_rendering(vec3 scene_rgb) {
    return soft_clip(scene_rgb, 0.8);
}

// Linear Rec.2020 and linear Rec.709 (primaries of ITU-R BT.2020 and BT.709), column by column.
const mat3 REC709_FROM_REC2020 = mat3(1.66049100, -0.12455047, -0.01815076,
                                      -0.58764114, 1.13289990, -0.10057890,
                                      -0.07284986, -0.00834942, 1.11872966);
const mat3 REC2020_FROM_REC709 = mat3(0.62740390, 0.06909729, 0.01639144,
                                      0.32928304, 0.91954040, 0.08801331,
                                      0.04331307, 0.01136232, 0.89559525);

// Gamut mapping: an out-of-gamut colour moves towards grey of the same luminance until all channels are within 0..1.
// Colours in gamut do not change. Clipping each channel separately would shift the hue.
vec3 towards_grey(vec3 rgb, float luminance) {
    float grey = clamp(luminance, 0.0, 1.0);
    float lowest = min(min(rgb.r, rgb.g), min(rgb.b, 0.0));
    float highest = max(max(rgb.r, rgb.g), max(rgb.b, 1.0));
    float inside = min(grey / max(grey - lowest, 1e-9), (1.0 - grey) / max(highest - grey, 1e-9));
    return grey + (rgb - luminance) * inside;
}

vec3 rec709_from_rec2020(vec3 rgb) {
    return towards_grey(REC709_FROM_REC2020 * rgb, dot(rgb, LUMINANCE));
}

// IEC 61966-2-1. Above the linear part 1.055 x^(1/2.4) - 0.055 is approximated by a quartic in x^(1/4), a minimax fit
// over [0.0031308, 1]: two square roots cost half a pow, and the error is below 4e-5. Each branch is the larger one in
// its own range, so the maximum of both is correct and no select is needed.
vec3 srgb_encode(vec3 linear_rgb) {
    vec3 x = clamp(linear_rgb, 0.0, 1.0);
    vec3 s = sqrt(x);
    vec3 q = sqrt(s);
    vec3 upper = (-0.0648012 + 0.1978149 * q) + s * ((1.1175436 - 0.3290292 * q) + 0.0784719 * s);
    return max(upper, 12.92 * min(x, 0.0031308));
}

// Tetrahedral interpolation (Kasson, Nin, Plouffe and Hafner 1995) at a position in nodes: along the grey diagonal of
// the cell, first along the axis of the largest fraction, last along the axis of the smallest. Where two fractions are
// equal, the corner between them has weight 0.
vec3 tetrahedral(sampler3D cube, int side, vec3 position) {
    vec3 last = vec3(side - 1);
    vec3 at = clamp(position, vec3(0.0), last);
    vec3 low = min(floor(at), last - 1.0);
    vec3 part = at - low;
    float largest = max(max(part.r, part.g), part.b);
    float smallest = min(min(part.r, part.g), part.b);
    float middle = part.r + part.g + part.b - largest - smallest;
    ivec3 node = ivec3(low);
    ivec3 first = node + ivec3(greaterThanEqual(part, vec3(largest)));
    ivec3 second = node + ivec3(greaterThan(part, vec3(smallest)));
    return (1.0 - largest) * texelFetch(cube, node, 0).rgb + (largest - middle) * texelFetch(cube, first, 0).rgb +
           (middle - smallest) * texelFetch(cube, second, 0).rgb + smallest * texelFetch(cube, node + 1, 0).rgb;
}

// White noise of amplitude `dither_step`, equal in all channels and frames, hides the banding of an 8-bit target.
vec4 dithered(vec3 encoded, PixelContext place) {
    float noise = hash_of(uint(place.pixel.x) * HASH_X, uint(place.pixel.y) * HASH_Y);
    return vec4(encoded + dither_step * (0.5 * HASH_UNIT) * noise, 1.0);
}

vec4 display_pixel(vec3 display_rec2020, PixelContext place) {
    return dithered(srgb_encode(rec709_from_rec2020(display_rec2020)), place);
}
