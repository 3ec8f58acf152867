// Focus peaking: marks edges in focus with a signal colour.
//
// By distance: a pixel is in focus if the thin lens model gives a circle of confusion that counts as sharp, independent
// of local contrast. Only edges are marked, so that the picture stays readable. By contrast, without a depth map: an
// edge is in focus if the step over two pixels is most of the step over six pixels and has the same direction. Blur
// spreads the step, and noise changes its direction.
#pragma pass overlay display
#pragma parameter by "Method" 0 0 1 1 group=focus type=enum(distance,contrast)
#pragma parameter circle "Largest circle of confusion" 1.0 0.25 4.0 0.05 group=focus
#pragma parameter contrast "Edge contrast" 0.06 0.01 0.5 0.01 group=focus
#pragma parameter colour "Colour" 0 0 4 1 group=focus type=enum(red,yellow,green,blue,white)

uniform int peaking_by;
uniform float peaking_circle;    // largest sharp circle, in 1/1500 of the diagonal, as in the depth-of-field scale
uniform float peaking_contrast;  // minimum brightness step of an edge, 0..1; full strength at three times that step
uniform int peaking_colour;

// Brightness step across an edge, to the right and up, from the 2x2 quad that a renderer shades together: each pixel
// samples `reach` outward from a corner of the quad, and derivatives compare the samples. This needs a quarter of the
// samples of separate pixels. The corner lies to one side, so an edge between two quads is detected by one of them.
vec2 peaking_step(PixelContext place, float reach) {
    vec2 odd = vec2(place.pixel & 1);
    vec2 outward = (2.0 * odd - 1.0) * vec2(dFdx(odd.x), dFdy(odd.y));  // independent of the quads' alignment
    float bright = brightness_at(place.at + (0.5 + reach * outward) * vec2(1.0, -1.0) * stroke);
    return vec2(dFdx(bright), dFdy(bright));
}

float peaking_sharpness(PixelContext place, vec2 fine) {
    vec2 coarse = peaking_step(place, 2.5);
    float along = dot(fine, coarse) / max(dot(coarse, coarse), 1e-6);
    return smoothstep(0.6, 0.75, along) * smoothstep(0.8, 0.9, along * length(coarse) / max(length(fine), 1e-6));
}

vec3 peaking(vec3 rgb, PixelContext place) {
    const vec3 colours[5] = vec3[5](vec3(1.0, 0.1, 0.1), vec3(1.0, 0.9, 0.0), vec3(0.1, 1.0, 0.2), vec3(0.2, 0.5, 1.0),
                                    vec3(1.0));
    float sharp = 1.0;
    if (peaking_by == 0)
        sharp = clamp(5.5 - 5.0 / peaking_circle * circle_of(depth_at(place.at)), 0.0, 1.0);
    vec2 fine = peaking_step(place, 0.5);
    if (peaking_by == 1)
        sharp = peaking_sharpness(place, fine);
    float edge = clamp(dot(fine, fine) / (8.0 * peaking_contrast * peaking_contrast) - 0.125, 0.0, 1.0);
    return mix(rgb, colours[peaking_colour], sharp * edge);
}
