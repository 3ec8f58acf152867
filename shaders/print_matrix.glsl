// Print matrix: mixes the channels after the tone curve, as overlapping dyes of a print do.
#pragma pass pixel display
#pragma parameter green_to_red "Green to red" 0.0 -0.5 0.5 0.005 group=colour
#pragma parameter blue_to_red "Blue to red" 0.0 -0.5 0.5 0.005 group=colour
#pragma parameter red_to_green "Red to green" 0.0 -0.5 0.5 0.005 group=colour
#pragma parameter blue_to_green "Blue to green" 0.0 -0.5 0.5 0.005 group=colour
#pragma parameter red_to_blue "Red to blue" 0.0 -0.5 0.5 0.005 group=colour
#pragma parameter green_to_blue "Green to blue" 0.0 -0.5 0.5 0.005 group=colour

uniform float print_matrix_green_to_red;
uniform float print_matrix_blue_to_red;
uniform float print_matrix_red_to_green;
uniform float print_matrix_blue_to_green;
uniform float print_matrix_red_to_blue;
uniform float print_matrix_green_to_blue;

vec3 print_matrix(vec3 display_rgb, PixelContext place) {
    return mix_channels(display_rgb, vec2(print_matrix_green_to_red, print_matrix_blue_to_red),
                        vec2(print_matrix_red_to_green, print_matrix_blue_to_green),
                        vec2(print_matrix_red_to_blue, print_matrix_green_to_blue));
}
