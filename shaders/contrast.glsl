// Contrast: a straight line through 18 % grey in the log domain, before the tone curve.
#pragma pass pixel scene
#pragma parameter contrast "Contrast" 1.0 0.5 2.0 0.01 group=tone

uniform float contrast_contrast;

vec3 contrast(vec3 scene_rgb, PixelContext place) {
    return GREY * pow(max(scene_rgb * (1.0 / GREY), 1e-9), vec3(contrast_contrast));
}
