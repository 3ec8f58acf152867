#version 330 core
// The finished picture into the window's letterbox.
// A picture larger than its letterbox is averaged over the footprint of each window pixel, or thin lines would flicker.
// The mean is taken of squares: close enough to linear light that a thin bright line keeps its brightness, and a
// picture at its own size passes unchanged.

uniform sampler2D picture;
uniform vec2 footprint;  // of one window pixel, as a fraction of the picture
uniform int taps;        // along each side of the footprint

in vec2 at;
out vec4 display_rgba;

void main()
{
    vec3 sum = vec3(0.0);
    for (int row = 0; row < taps; ++row) {
        for (int column = 0; column < taps; ++column) {
            vec2 within = (vec2(column, row) + 0.5) / float(taps) - 0.5;
            vec3 display_rgb = textureLod(picture, at + within * footprint, 0.0).rgb;
            sum += display_rgb * display_rgb;
        }
    }
    display_rgba = vec4(sqrt(sum / float(taps * taps)), 1.0);
}
