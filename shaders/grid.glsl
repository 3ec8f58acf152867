// Composition grid: light lines with a dark edge, visible on any picture.
#pragma pass overlay display
#pragma parameter kind "Kind" 0 0 3 1 group=composition type=enum(thirds,golden,diagonals,centre)
#pragma parameter opacity "Opacity" 0.6 0.1 1.0 0.05 group=composition

uniform int grid_kind;
uniform float grid_opacity;

vec3 grid(vec3 rgb, PixelContext place) {
    vec2 at = place.at, far = vec2(1e3);  // distances in strokes to the nearest vertical and horizontal line
    if (grid_kind == 2) {
        vec2 pixels = 1.0 / stroke;
        float slant = length(pixels) / (pixels.x * pixels.y);  // distance from x + y = 1: fractions per stroke
        far = vec2(abs(at.x - at.y), abs(at.x + at.y - 1.0)) / slant;
    } else {
        float part = grid_kind == 0 ? 1.0 / 3.0 : grid_kind == 1 ? 0.381966 : 0.5;
        far = min(abs(at - part), abs(at - (1.0 - part))) / stroke;
        if (grid_kind == 3)  // a cross: arms of a twentieth of the picture's height
            far += 1e3 * vec2(greaterThan(abs(at - 0.5).yx * vec2(1.0, stroke.y / stroke.x), vec2(0.05)));
    }
    return lined(rgb, min(far.x, far.y), grid_opacity);
}
