// Halation: bright light goes through the film, comes back from its base and exposes it again around where it fell.
//
// The layer for red lies deepest and takes most of it, so that lights get red rims. Of each channel a share is moved
// from where it fell to its surroundings, and none is lost: flat areas do not change, nor does the light of the whole
// picture. In scene light, where it belongs before the tone curve, a lamp is so much brighter than its surroundings
// that a share of a few percent shows, while the edges of everyday things stay as they are.
#pragma pass neighbourhood scene
#pragma neighbourhood halo radius
#pragma parameter amount "Halation" 0.04 0.0 0.3 0.005 group=film
#pragma parameter radius "Halation radius" 0.008 0.001 0.05 0.0005 group=film
#pragma parameter green "Share of green" 0.3 0.0 1.0 0.01 group=film
#pragma parameter blue "Share of blue" 0.06 0.0 1.0 0.01 group=film

uniform float halation_amount;  // of the red light
uniform float halation_green;   // of green as much, in parts of red's share
uniform float halation_blue;

vec4 halation_prefilter(vec3 scene_rgb) {
    return vec4(scene_rgb, 1.0);
}

vec3 halation(vec3 scene_rgb, PixelContext place) {
    vec3 share = halation_amount * vec3(1.0, halation_green, halation_blue);
    return scene_rgb + share * (halation_neighbourhood(place).rgb - scene_rgb);
}
