// Clipping: red where a channel has reached its end, blue where all have sunk to black.
#pragma pass overlay display
#pragma parameter of "Of" 0 0 1 1 group=exposure type=enum(display,raw)
#pragma parameter high "Highlights" 0.99 0.5 1.0 0.002 group=exposure
#pragma parameter low "Shadows" 0.01 0.0 0.2 0.002 group=exposure

uniform int clipping_of;
uniform float clipping_high;  // of white: of the picture's numbers, or of what the sensor can count
uniform float clipping_low;

vec3 clipping(vec3 rgb, PixelContext place) {
    float most = clipping_of == 0 ? max(clean_rgb.r, max(clean_rgb.g, clean_rgb.b)) : raw_at(place.at);
    rgb = most <= clipping_low ? vec3(0.1, 0.3, 1.0) : rgb;
    return most >= clipping_high ? vec3(1.0, 0.1, 0.1) : rgb;
}
