// Aspect mask: darkens the areas outside the selected aspect ratio.
#pragma pass overlay display
#pragma parameter ratio "Ratio" 0 0 7 1 group=composition type=enum(1:1,4:5,4:3,3:2,16:9,1.85:1,2.39:1,9:16)
#pragma parameter opacity "Opacity" 0.8 0.1 1.0 0.05 group=composition

uniform int aspect_mask_ratio;
uniform float aspect_mask_opacity;

vec3 aspect_mask(vec3 rgb, PixelContext place) {
    const float ratios[8] = float[8](1.0, 0.8, 4.0 / 3.0, 1.5, 16.0 / 9.0, 1.85, 2.39, 0.5625);
    float wider = ratios[aspect_mask_ratio] / aspect;
    vec2 half_size = 0.5 * vec2(min(wider, 1.0), min(1.0 / wider, 1.0));
    bool outside = any(greaterThan(abs(place.at - 0.5), half_size));
    return outside ? rgb * (1.0 - aspect_mask_opacity) : rgb;
}
