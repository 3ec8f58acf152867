// Saturation: distance from grey of the same luminance.
#pragma pass pixel
#pragma parameter saturation "Saturation" 1.0 0.0 2.0 0.01 group=colour

uniform float saturation_saturation;

vec3 saturation(vec3 display_rgb, Place place) {
    float luminance = dot(display_rgb, LUMINANCE);
    return luminance + (display_rgb - luminance) * saturation_saturation;
}
