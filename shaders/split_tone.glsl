// Split toning: tints shadows and highlights with separate hues at constant luminance. Black and white stay neutral.
//
// The level t is the square root of luminance, shifted by `balance` along a hyperbola through 0 and 1. The shadow tint
// has the weight 6.75 t (1 - t)^2, which is 1 at t = 1/3. The weight of the highlight tint is its mirror image.
#pragma pass pixel display
#pragma parameter shadow_hue "Shadow hue" 220.0 0.0 360.0 1.0 group=toning
#pragma parameter shadow_amount "Shadow tint" 0.0 0.0 0.8 0.01 group=toning
#pragma parameter highlight_hue "Highlight hue" 40.0 0.0 360.0 1.0 group=toning
#pragma parameter highlight_amount "Highlight tint" 0.0 0.0 0.8 0.01 group=toning
#pragma parameter balance "Balance" 0.0 -0.9 0.9 0.01 group=toning

uniform float split_tone_shadow_hue;  // degrees on the colour wheel: red 0, yellow 60, green 120, blue 240
uniform float split_tone_shadow_amount;
uniform float split_tone_highlight_hue;
uniform float split_tone_highlight_amount;
uniform float split_tone_balance;  // above 0 the highlight tint covers more of the range

// Tint direction of a hue, luminance 0.
vec3 split_tone_tint(float hue) {
    vec3 wheel = 0.5 + 0.5 * cos(radians(hue - vec3(0.0, 120.0, 240.0)));
    return wheel - dot(wheel, LUMINANCE);
}

vec3 split_tone(vec3 display_rgb, PixelContext place) {
    float t = sqrt(clamp(dot(display_rgb, LUMINANCE), 0.0, 1.0));
    t = t * (1.0 + split_tone_balance) / (1.0 - split_tone_balance + 2.0 * split_tone_balance * t);
    float both = 6.75 * t * (1.0 - t);
    vec3 shadow = split_tone_shadow_amount * split_tone_tint(split_tone_shadow_hue);
    vec3 highlight = split_tone_highlight_amount * split_tone_tint(split_tone_highlight_hue);
    return display_rgb * (1.0 + both * ((1.0 - t) * shadow + t * highlight));
}
