// Colour matrix: mixes the scene's channels before the tone curve.
#pragma pass pixel scene
#pragma parameter green_to_red "Green to red" 0.0 -0.5 0.5 0.005 group=colour
#pragma parameter blue_to_red "Blue to red" 0.0 -0.5 0.5 0.005 group=colour
#pragma parameter red_to_green "Red to green" 0.0 -0.5 0.5 0.005 group=colour
#pragma parameter blue_to_green "Blue to green" 0.0 -0.5 0.5 0.005 group=colour
#pragma parameter red_to_blue "Red to blue" 0.0 -0.5 0.5 0.005 group=colour
#pragma parameter green_to_blue "Green to blue" 0.0 -0.5 0.5 0.005 group=colour

uniform float color_matrix_green_to_red;
uniform float color_matrix_blue_to_red;
uniform float color_matrix_red_to_green;
uniform float color_matrix_blue_to_green;
uniform float color_matrix_red_to_blue;
uniform float color_matrix_green_to_blue;

vec3 color_matrix(vec3 scene_rgb, PixelContext place) {
    return mix_channels(scene_rgb, vec2(color_matrix_green_to_red, color_matrix_blue_to_red),
                        vec2(color_matrix_red_to_green, color_matrix_blue_to_green),
                        vec2(color_matrix_red_to_blue, color_matrix_green_to_blue));
}
