// Bloom: scatters a fraction of the light around each point, as a mist filter or a soft lens does.
//
// The fraction is the same for all channels. It applies to scene light, before the tone curve. Total light is
// preserved: the light removed from a source is added to its neighbourhood.
#pragma pass neighbourhood scene
#pragma neighbourhood halo radius
#pragma parameter amount "Bloom" 0.08 0.0 0.5 0.01 group=lens
#pragma parameter radius "Bloom radius" 0.015 0.001 0.1 0.001 group=lens

uniform float bloom_amount;

vec4 bloom_prefilter(vec3 scene_rgb) {
    return vec4(scene_rgb, 1.0);
}

vec3 bloom(vec3 scene_rgb, PixelContext place) {
    return scene_rgb + bloom_amount * (bloom_neighbourhood(place).rgb - scene_rgb);
}
