// Micro-contrast: what is fine and faint stands out more, or less, while edges keep their shape.
//
// What counts as an edge is told as by a guided filter (He, Sun and Tang 2013): the variance of the levels, the
// logarithms of luminance, around the pixel. Texture is how far a level lies from the mean around it, in proportion to
// T^4 / (T^4 + variance^2): all of it where levels deviate little, half where they deviate by T = 0.3 stops, next to
// nothing beside an edge. The guided filter's T^2 / (T^2 + variance), averaged over the windows that see a pixel, left
// a band of 3 % beside an edge of four stops; this leaves 0.3 %.
#pragma pass neighbourhood scene
#pragma neighbourhood mean radius
#pragma parameter amount "Micro-contrast" 0.3 -1.0 1.0 0.01 group=tone
#pragma parameter radius "Micro-contrast radius" 0.008 0.001 0.05 0.0005 group=tone

uniform float micro_contrast_amount;  // 1: texture of twice the contrast

// Stops over middle grey, at least -8: what is darker is noise.
float micro_contrast_level(vec3 rgb) {
    return log2(max(dot(rgb, LUMINANCE), 0.0) * (1.0 / GREY) + 0.00390625);
}

vec4 micro_contrast_prefilter(vec3 scene_rgb) {
    float level = micro_contrast_level(scene_rgb);
    return vec4(level, level * level, 0.0, 1.0);
}

vec3 micro_contrast(vec3 scene_rgb, PixelContext place) {
    vec2 means = micro_contrast_neighbourhood(place).xy;  // of levels and of their squares
    float variance = means.y - means.x * means.x;
    const float t4 = 0.3 * 0.3 * 0.3 * 0.3;
    float texture_ev = (micro_contrast_level(scene_rgb) - means.x) * t4 / (t4 + variance * variance);
    // A glint is a few stops of texture; it comes to no more than one.
    return scene_rgb * exp2(micro_contrast_amount * texture_ev * inversesqrt(1.0 + texture_ev * texture_ev));
}
