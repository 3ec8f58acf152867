// Monochrome: weighted sum of the scene's channels, as on black-and-white film stock behind a colour filter.
//
// The weights are the spectral sensitivities times the filter's transmittance, normalized to a sum of 1. Normalization
// compensates the filter factor: grey keeps its brightness.
#pragma pass pixel scene
#pragma parameter red "Red" 0.3 -0.5 1.5 0.01 group=monochrome
#pragma parameter green "Green" 0.5 -0.5 1.5 0.01 group=monochrome
#pragma parameter blue "Blue" 0.2 -0.5 1.5 0.01 group=monochrome
#pragma parameter filter "Filter" 0 0 5 1 group=monochrome type=enum(none,yellow,orange,red,green,blue)

uniform float monochrome_red;  // spectral sensitivity
uniform float monochrome_green;
uniform float monochrome_blue;
uniform int monochrome_filter;

vec3 monochrome(vec3 scene_rgb, PixelContext place) {
    const vec3 filters[6] = vec3[6](vec3(1.0), vec3(1.0, 0.9, 0.25), vec3(1.0, 0.5, 0.06), vec3(1.0, 0.1, 0.03),
                                    vec3(0.25, 1.0, 0.3), vec3(0.06, 0.25, 1.0));
    vec3 shares = vec3(monochrome_red, monochrome_green, monochrome_blue) * filters[monochrome_filter];
    shares *= 1.0 / max(shares.r + shares.g + shares.b, 0.05);
    return vec3(max(dot(scene_rgb, shares), 0.0));
}
