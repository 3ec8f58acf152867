// Clipping: red where any channel is clipped, blue where all channels are black.
#pragma pass overlay display
#pragma parameter of "Source" 0 0 1 1 group=exposure type=enum(display,raw)
#pragma parameter high "Highlights" 0.99 0.5 1.0 0.002 group=exposure
#pragma parameter low "Shadows" 0.01 0.0 0.2 0.002 group=exposure

uniform int clipping_of;
uniform float clipping_high;  // fraction of white: of the display values, or of the sensor's range
uniform float clipping_low;

vec3 clipping(vec3 rgb, PixelContext place) {
    float brightest = clipping_of == 0 ? max(clean_rgb.r, max(clean_rgb.g, clean_rgb.b)) : raw_at(place.at);
    rgb = brightest <= clipping_low ? vec3(0.1, 0.3, 1.0) : rgb;
    return brightest >= clipping_high ? vec3(1.0, 0.1, 0.1) : rgb;
}
