// False colour: maps brightness to colours. The IRE scale shows the picture's luma, with the usual camera bands for
// black, middle grey, skin and near-white. The stops scale shows scene luminance relative to middle grey.
#pragma pass overlay display
#pragma parameter scale "Scale" 0 0 1 1 group=exposure type=enum(ire,stops)
#pragma parameter palette "Palette" 0 0 1 1 group=exposure type=enum(usual,colour-blind)

uniform int false_colour_scale;
uniform int false_colour_palette;

// The bands of the IRE scale: black, near-black, middle grey, skin, near-white, white. The second palette differs in
// brightness and from yellow to blue, which all kinds of colour blindness leave.
const vec3 FALSE_COLOURS[12] =
    vec3[12](vec3(0.45, 0.10, 0.60), vec3(0.10, 0.25, 0.80), vec3(0.20, 0.70, 0.25), vec3(0.95, 0.55, 0.60),
             vec3(0.95, 0.85, 0.10), vec3(0.90, 0.10, 0.10), vec3(0.15, 0.00, 0.35), vec3(0.10, 0.35, 0.85),
             vec3(0.35, 0.80, 0.95), vec3(0.95, 0.60, 0.20), vec3(1.00, 0.95, 0.45), vec3(0.60, 0.15, 0.00));

vec3 false_colour_of_ire(float ire) {
    vec3 colour = vec3(0.15 + 0.6 * ire / 100.0);
    int band = ire < 2.5 ? 0 : ire < 10.0 ? 1 : -1;
    band = ire >= 38.0 && ire < 42.0 ? 2 : ire >= 52.0 && ire < 56.0 ? 3 : band;
    band = ire >= 99.0 ? 5 : ire >= 94.0 ? 4 : band;
    return band < 0 ? colour : FALSE_COLOURS[band + 6 * false_colour_palette];
}

// One colour step per stop: dark to pale blue below grey, warm above. Under- and overexposure are distinct without a
// legend.
vec3 false_colour_of_stops(float stops) {
    float stop = clamp(floor(stops + 0.5), -7.0, 7.0), far = abs(stop) / 7.0;
    vec3 under = mix(vec3(0.45, 0.75, 0.85), vec3(0.1, 0.05, 0.35), far);
    vec3 over = mix(vec3(0.95, 0.85, 0.35), vec3(0.85, 0.05, 0.1), far);
    return stop == 0.0 ? vec3(0.5) : stop < 0.0 ? under : over;
}

vec3 false_colour(vec3 rgb, PixelContext place) {
    if (false_colour_scale == 0)
        return false_colour_of_ire(100.0 * luma(clean_rgb));
    return false_colour_of_stops(log2(max(scene_luminance_at(place.at), 1e-6) / 0.18));
}
