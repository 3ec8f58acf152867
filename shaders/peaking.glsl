// Focus peaking: the edges of what is in focus, in a colour that hardly anything has.
//
// By distance, in focus is what the thin lens draws with a circle of confusion that counts as sharp, not what happens to
// have contrast; but only edges are marked, so that a face in focus remains a face. By contrast, for pictures of which
// no distances are known, an edge is in focus where a step over one pixel is most of the step over three, and runs the
// same way: a soft lens spreads it, and noise turns about.
#pragma pass overlay
#pragma parameter by "By" 0 0 1 1 group=focus type=enum(distance,contrast)
#pragma parameter circle "Largest circle" 1.0 0.25 4.0 0.05 group=focus
#pragma parameter contrast "Edge contrast" 0.06 0.01 0.5 0.01 group=focus
#pragma parameter colour "Colour" 0 0 4 1 group=focus type=enum(red,yellow,green,blue,white)

uniform int peaking_by;
uniform float peaking_circle;    // of confusion, in 1/1500 of the diagonal: what the depth-of-field scale calls sharp
uniform float peaking_contrast;  // step of brightness, 0..1, from which on an edge is one
uniform int peaking_colour;

// The step across an edge, down and to the right, from four samples: eight are hardly calmer, and twice as slow without
// a GPU.
vec2 peaking_step(vec2 at, vec2 reach) {
    float nw = brightness_at(at - reach), ne = brightness_at(at + vec2(reach.x, -reach.y));
    float sw = brightness_at(at + vec2(-reach.x, reach.y)), se = brightness_at(at + reach);
    return 0.5 * vec2(ne + se - nw - sw, sw + se - nw - ne);
}

float peaking_sharpness(vec2 at, vec2 fine) {
    vec2 coarse = peaking_step(at, 3.0 * stroke);
    float along = dot(fine, coarse) / max(dot(coarse, coarse), 1e-6);
    return smoothstep(0.6, 0.75, along) * smoothstep(0.8, 0.9, along * length(coarse) / max(length(fine), 1e-6));
}

vec3 peaking(vec3 rgb, Place place) {
    const vec3 colours[5] = vec3[5](vec3(1.0, 0.1, 0.1), vec3(1.0, 0.9, 0.0), vec3(0.1, 1.0, 0.2), vec3(0.2, 0.5, 1.0),
                                    vec3(1.0));
    float sharp = 1.0;
    if (peaking_by == 0)
        sharp -= smoothstep(0.9, 1.1, circle_of(depth_at(place.at)) / peaking_circle);
    vec2 fine = peaking_step(place.at, stroke);
    if (peaking_by == 1)
        sharp = peaking_sharpness(place.at, fine);
    float marked = sharp * smoothstep(peaking_contrast, 3.0 * peaking_contrast, length(fine));
    return mix(rgb, colours[peaking_colour], marked);
}
