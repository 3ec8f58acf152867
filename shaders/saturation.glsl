// Saturation: scales the distance from grey of the same luminance, with offsets for shadows and highlights.
#pragma pass pixel display
#pragma parameter saturation "Saturation" 1.0 0.0 2.0 0.01 group=colour
#pragma parameter shadows "Shadow saturation" 0.0 -1.0 1.0 0.01 group=colour
#pragma parameter highlights "Highlight saturation" 0.0 -1.0 1.0 0.01 group=colour

uniform float saturation_saturation;
uniform float saturation_shadows;     // added at black; a quarter of it at the middle level, none at white
uniform float saturation_highlights;  // added at white; a quarter of it at the middle level, none at black

vec3 saturation(vec3 display_rgb, PixelContext place) {
    float luminance = dot(display_rgb, LUMINANCE);
    float level = sqrt(clamp(luminance, 0.0, 1.0));
    float kept = saturation_saturation + saturation_shadows * (1.0 - level) * (1.0 - level) +
                 saturation_highlights * level * level;
    return luminance + (display_rgb - luminance) * max(kept, 0.0);
}
