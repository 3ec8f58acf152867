// Zebra: stripes over what is as bright as a limit, as video cameras show it.
#pragma pass overlay display
#pragma parameter of "Of" 0 0 1 1 group=exposure type=enum(display,raw)
#pragma parameter limit "Limit" 0.95 0.05 1.0 0.005 group=exposure
#pragma parameter band "Band" 0.0 0.0 0.2 0.005 group=exposure

uniform int zebra_of;
uniform float zebra_limit;  // of white: of the picture's luma, or of what the sensor can count
uniform float zebra_band;   // 0: from the limit on; else only what is so near to it

vec3 zebra(vec3 rgb, PixelContext place) {
    float level = zebra_of == 0 ? luma(clean_rgb) : raw_at(place.at);
    bool marked = zebra_band > 0.0 ? abs(level - zebra_limit) <= zebra_band : level >= zebra_limit;
    return marked && striped(place) ? vec3(0.05) : rgb;
}
