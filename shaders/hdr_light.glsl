// Last step of a look for an HDR picture: linear display light of the SDR rendition, and the gain of its highlights.
//
// The gain is 1 up to two stops above grey. Above that the HDR rendition follows the scene and approaches `output_peak`:
// with x = light / 0.72 - 1 and r = peak - 1 the gain is 1 + r x^2 / (x^2 + r (x + 1)). It is one number for all
// channels, so hue and saturation of the SDR rendition are kept. engine/colour/hdr.py is the reference.

uniform vec3 output_red;  // rows of the matrix from linear Rec.2020 to linear RGB of the file
uniform vec3 output_green;
uniform vec3 output_blue;
uniform float output_peak;  // largest gain: the peak of the HDR rendition over SDR white

float highlight_gain(vec3 scene_rgb) {
    float over = max(max(max(scene_rgb.r, scene_rgb.g), scene_rgb.b) * (0.25 / GREY) - 1.0, 0.0);
    float room = output_peak - 1.0;
    float squared = over * over;
    return 1.0 + room * squared / max(squared + room * (over + 1.0), 1e-9);
}

// `curve_rgb` is the scene light that the tone curve of the look takes.
vec4 light_pixel(vec3 display_rec2020, vec3 curve_rgb) {
    vec3 own = vec3(dot(output_red, display_rec2020), dot(output_green, display_rec2020),
                    dot(output_blue, display_rec2020));
    vec3 light = towards_grey(own, dot(display_rec2020, LUMINANCE));
    return vec4(clamp(light, 0.0, 1.0), highlight_gain(curve_rgb));
}
