// Dye matrix: mixes the square roots of the channels of display light.
//
// Dyes overlap most at high density. On square roots the mix has more effect in the shadows than in the highlights:
// dark colours become deeper. A mix of linear light cannot do that.
#pragma pass pixel display
#pragma parameter green_to_red "Green to red" 0.0 -0.5 0.5 0.005 group=colour
#pragma parameter blue_to_red "Blue to red" 0.0 -0.5 0.5 0.005 group=colour
#pragma parameter red_to_green "Red to green" 0.0 -0.5 0.5 0.005 group=colour
#pragma parameter blue_to_green "Blue to green" 0.0 -0.5 0.5 0.005 group=colour
#pragma parameter red_to_blue "Red to blue" 0.0 -0.5 0.5 0.005 group=colour
#pragma parameter green_to_blue "Green to blue" 0.0 -0.5 0.5 0.005 group=colour

uniform float dye_matrix_green_to_red;
uniform float dye_matrix_blue_to_red;
uniform float dye_matrix_red_to_green;
uniform float dye_matrix_blue_to_green;
uniform float dye_matrix_red_to_blue;
uniform float dye_matrix_green_to_blue;

vec3 dye_matrix(vec3 display_rgb, PixelContext place) {
    vec3 s = mix_channels(sqrt(max(display_rgb, 0.0)), vec2(dye_matrix_green_to_red, dye_matrix_blue_to_red),
                          vec2(dye_matrix_red_to_green, dye_matrix_blue_to_green),
                          vec2(dye_matrix_red_to_blue, dye_matrix_green_to_blue));
    s = max(s, 0.0);
    return s * s;
}
