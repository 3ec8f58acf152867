// Exposure: scene light times a power of two, as a shutter would.
#pragma pass pixel
#pragma parameter exposure_ev "Exposure (EV)" 0.0 -6.0 6.0 0.05 group=light

uniform float exposure_exposure_ev;

vec3 exposure(vec3 scene_rgb, Place place) {
    return scene_rgb * exp2(exposure_exposure_ev);
}
