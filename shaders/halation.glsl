// Halation: bright light passes through the film emulsion, reflects from its base and exposes the layers again nearby.
//
// The red layer is the deepest and receives most of the reflected light: bright lights get red rims. A fraction of each
// channel moves to the neighbourhood. Total light is preserved, and uniform areas do not change. Halation applies to
// scene light, before the tone curve: there a lamp is so much brighter than its neighbourhood that a few percent are
// visible, while edges of ordinary contrast do not change.
#pragma pass neighbourhood scene
#pragma neighbourhood halo radius
#pragma parameter amount "Halation" 0.04 0.0 0.3 0.005 group=film
#pragma parameter radius "Halation radius" 0.008 0.001 0.05 0.0005 group=film
#pragma parameter green "Green fraction" 0.3 0.0 1.0 0.01 group=film
#pragma parameter blue "Blue fraction" 0.06 0.0 1.0 0.01 group=film

uniform float halation_amount;  // fraction of red light that moves
uniform float halation_green;   // the same for green, relative to red
uniform float halation_blue;

vec4 halation_prefilter(vec3 scene_rgb) {
    return vec4(scene_rgb, 1.0);
}

vec3 halation(vec3 scene_rgb, PixelContext place) {
    vec3 share = halation_amount * vec3(1.0, halation_green, halation_blue);
    return scene_rgb + share * (halation_neighbourhood(place).rgb - scene_rgb);
}
