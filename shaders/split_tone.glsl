// Split toning: a hue for the shadows and one for the highlights, at the same luminance. Black and white stay clean.
//
// The level t is the square root of luminance, moved by `balance` along a hyperbola through 0 and 1. The shadows' tint
// weighs 6.75 t (1 - t)^2, which is 1 at t = 1/3, the highlights' its mirror image.
#pragma pass pixel display
#pragma parameter shadow_hue "Hue of the shadows" 220.0 0.0 360.0 1.0 group=toning
#pragma parameter shadow_amount "Tint of the shadows" 0.0 0.0 0.8 0.01 group=toning
#pragma parameter highlight_hue "Hue of the highlights" 40.0 0.0 360.0 1.0 group=toning
#pragma parameter highlight_amount "Tint of the highlights" 0.0 0.0 0.8 0.01 group=toning
#pragma parameter balance "Balance" 0.0 -0.9 0.9 0.01 group=toning

uniform float split_tone_shadow_hue;  // degrees of the colour wheel: red 0, yellow 60, green 120, blue 240
uniform float split_tone_shadow_amount;
uniform float split_tone_highlight_hue;
uniform float split_tone_highlight_amount;
uniform float split_tone_balance;  // above 0 more of the picture counts as highlights

// Away from grey towards a hue, without luminance.
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
