// Micro-contrast: amplifies or attenuates fine, faint texture and preserves edges.
//
// Edges are detected as in a guided filter (He, Sun and Tang 2013): by the variance of the levels (logarithms of
// luminance) around the pixel. Texture is the difference between the level and its local mean, times
// T^4 / (T^4 + variance^2): the full difference at low deviation, half at a deviation of T = 0.3 stops, almost none
// next to an edge. The guided filter's T^2 / (T^2 + variance), averaged over all windows that contain a pixel, left a
// band of 3 % next to an edge of four stops; this weight leaves 0.3 %.
#pragma pass neighbourhood scene
#pragma neighbourhood mean radius
#pragma parameter amount "Micro-contrast" 0.3 -1.0 1.0 0.01 group=tone
#pragma parameter radius "Micro-contrast radius" 0.008 0.001 0.05 0.0005 group=tone

uniform float micro_contrast_amount;  // 1 doubles the contrast of texture

// Stops above middle grey, at least -8: darker levels are noise.
float micro_contrast_level(vec3 rgb) {
    return log2(max(dot(rgb, LUMINANCE), 0.0) * (1.0 / GREY) + 0.00390625);
}

vec4 micro_contrast_prefilter(vec3 scene_rgb) {
    float level = micro_contrast_level(scene_rgb);
    return vec4(level, level * level, 0.0, 1.0);
}

vec3 micro_contrast(vec3 scene_rgb, PixelContext place) {
    vec2 means = micro_contrast_neighbourhood(place).xy;  // means of the levels and of their squares
    float variance = means.y - means.x * means.x;
    const float t4 = 0.3 * 0.3 * 0.3 * 0.3;
    float texture_ev = (micro_contrast_level(scene_rgb) - means.x) * t4 / (t4 + variance * variance);
    // Texture saturates at 1 stop: a specular glint has several.
    return scene_rgb * exp2(micro_contrast_amount * texture_ev * inversesqrt(1.0 + texture_ev * texture_ev));
}
