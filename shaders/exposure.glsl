// Exposure: multiplies scene light by a power of two and trims the white balance.
//
// `warmth` is in stops of red over blue, `tint` in stops of red and blue over green. Grey keeps its luminance.
#pragma pass pixel scene
#pragma parameter exposure_ev "Exposure (EV)" 0.0 -6.0 6.0 0.05 group=light
#pragma parameter warmth "Warmth" 0.0 -1.0 1.0 0.01 group=light
#pragma parameter tint "Tint" 0.0 -1.0 1.0 0.01 group=light

uniform float exposure_exposure_ev;
uniform float exposure_warmth;  // stops of red over blue
uniform float exposure_tint;    // stops of red and blue over green: above 0 magenta, below 0 green

vec3 exposure(vec3 scene_rgb, PixelContext place) {
    vec3 trim = exp2(0.5 * vec3(exposure_warmth + exposure_tint, -exposure_tint, exposure_tint - exposure_warmth));
    return scene_rgb * (exp2(exposure_exposure_ev) / dot(trim, LUMINANCE) * trim);
}
