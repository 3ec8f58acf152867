// Zebra: stripes over areas at or above a brightness limit, as on video cameras.
#pragma pass overlay display
#pragma parameter of "Source" 0 0 1 1 group=exposure type=enum(display,raw)
#pragma parameter limit "Limit" 0.95 0.05 1.0 0.005 group=exposure
#pragma parameter band "Band" 0.0 0.0 0.2 0.005 group=exposure

uniform int zebra_of;
uniform float zebra_limit;  // fraction of white: of the picture's luma, or of the sensor's range
uniform float zebra_band;   // 0: at and above the limit; above 0: only within this distance of the limit

vec3 zebra(vec3 rgb, PixelContext place) {
    float level = zebra_of == 0 ? luma(clean_rgb) : raw_at(place.at);
    bool marked = zebra_band > 0.0 ? abs(level - zebra_limit) <= zebra_band : level >= zebra_limit;
    return marked && striped(place) ? vec3(0.05) : rgb;
}
