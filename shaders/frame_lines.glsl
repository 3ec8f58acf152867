// Frame lines: fields of view of two other focal lengths, as in a rangefinder. The longer focal length shows corners
// only.
#pragma pass overlay display
#pragma parameter pair "Pair" 0 0 2 1 group=composition type=enum(28-90,35-135,50-75)

uniform int frame_lines_pair;

// Distance from the frame of a focal length, in strokes, inside or outside; 1e3 where the frame exceeds the picture.
float frame_line(vec2 at, float focal_mm, bool corners_only) {
    vec2 outside = abs(at - 0.5) - 0.5 * equivalent_mm / focal_mm;
    vec2 strokes = outside / stroke;
    float far = abs(max(strokes.x, strokes.y));
    vec2 side = 0.25 * equivalent_mm / focal_mm * vec2(1.0);
    bool in_corner = all(greaterThan(outside, -side));
    return equivalent_mm > focal_mm || (corners_only && !in_corner) ? 1e3 : far;
}

vec3 frame_lines(vec3 rgb, PixelContext place) {
    const vec2 pairs[3] = vec2[3](vec2(28.0, 90.0), vec2(35.0, 135.0), vec2(50.0, 75.0));
    vec2 focal_mm = pairs[frame_lines_pair];
    return lined(rgb, min(frame_line(place.at, focal_mm.x, false), frame_line(place.at, focal_mm.y, true)), 0.9);
}
