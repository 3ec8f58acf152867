// Vignette: light falloff of a lens towards the corners.
//
// The natural falloff is cos^4 of the field angle, 1 / (1 + r^2 / f^2)^2; f follows from the light left in the corner.
#pragma pass place scene
#pragma parameter corner_light "Corner light" 0.8 0.1 1.0 0.01 group=lens
#pragma parameter radius "Clear radius" 0.0 0.0 0.9 0.01 group=lens

uniform float vignette_corner_light;  // fraction of the light that reaches the corners
uniform float vignette_radius;        // radius without falloff, in half diagonals

vec3 vignette(vec3 scene_rgb, PixelContext place) {
    float r2 = dot(place.from_centre, place.from_centre);
    float clear2 = vignette_radius * vignette_radius;
    float falloff = 1.0 + (inversesqrt(vignette_corner_light) - 1.0) * max(r2 - clear2, 0.0) / (1.0 - clear2);
    return scene_rgb * (1.0 / (falloff * falloff));
}
