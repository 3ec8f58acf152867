// The ends of every look: the scene's pixel in, the neutral rendering, display sRGB out.

// Negative light has no picture, infinite light is merely bright. GLSL leaves max(NaN, 0) open; drivers follow IEEE 754
// maxNum and give 0 (a test holds them to it), and a select in its place takes 2 ms more at 1920x1080 in software.
vec3 scene_at(vec2 position) {
    // A nearest sample at an interpolated position: on Mesa's software renderer three planes at 1920x1080 take
    // 11 ms this way and 17 ms by texelFetch.
    vec3 rgb = vec3(texture(red_plane, position).r, texture(green_plane, position).r, texture(blue_plane, position).r);
    return min(max(rgb, 0.0), BRIGHTEST);
}

// The honest reference: scene light as it is, with only the highlights rolled off.
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

// A colour outside moves towards grey of its own luminance until its lowest channel is 0; colours inside stay as they
// are.
vec3 rec709_from_rec2020(vec3 rgb) {
    float luminance = max(dot(rgb, LUMINANCE), 0.0);
    vec3 rec709 = REC709_FROM_REC2020 * rgb;
    float lowest = min(min(rec709.r, rec709.g), min(rec709.b, 0.0));
    float inside = luminance / max(luminance - lowest, 1e-9);
    return luminance + (rec709 - luminance) * inside;
}

// IEC 61966-2-1. Above the linear part 1.055 x^(1/2.4) - 0.055 is a quartic in x^(1/4), the minimax fit over
// [0.0031308, 1]: two square roots cost half a pow, and the error stays below 4e-5. It lies below the linear part where
// that holds and above its end elsewhere, so the larger one is right and no select is needed.
vec3 srgb_encode(vec3 linear_rgb) {
    vec3 x = clamp(linear_rgb, 0.0, 1.0);
    vec3 s = sqrt(x);
    vec3 q = sqrt(s);
    vec3 upper = (-0.0648012 + 0.1978149 * q) + s * ((1.1175436 - 0.3290292 * q) + 0.0784719 * s);
    return max(upper, 12.92 * min(x, 0.0031308));
}

// `dither_step` of white noise, the same in all channels and frames, hides the steps of an 8-bit target.
vec4 display_pixel(vec3 display_rec2020, Place place) {
    vec3 srgb = srgb_encode(rec709_from_rec2020(display_rec2020));
    float noise = hash_of(uint(place.pixel.x) * HASH_X, uint(place.pixel.y) * HASH_Y);
    return vec4(srgb + dither_step * (0.5 * HASH_UNIT) * noise, 1.0);
}
