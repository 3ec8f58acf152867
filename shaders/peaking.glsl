// Focus peaking: the edges of what is in focus, in a colour that hardly anything has.
//
// In focus is what the thin lens draws with a circle of confusion that counts as sharp, not what happens to have
// contrast; but only edges are marked, so that a face in focus remains a face.
#pragma pass overlay
#pragma parameter circle "Largest circle" 1.0 0.25 4.0 0.05 group=focus
#pragma parameter contrast "Edge contrast" 0.06 0.01 0.5 0.01 group=focus
#pragma parameter colour "Colour" 0 0 4 1 group=focus type=enum(red,yellow,green,blue,white)

uniform float peaking_circle;    // of confusion, in 1/1500 of the diagonal: what the depth-of-field scale calls sharp
uniform float peaking_contrast;  // step of brightness, 0..1, from which on an edge is one
uniform int peaking_colour;

// Height of the step across an edge, from four samples: eight are hardly calmer, and twice as slow without a GPU.
float peaking_step(vec2 at) {
    float nw = brightness_at(at - stroke), ne = brightness_at(at + vec2(stroke.x, -stroke.y));
    float sw = brightness_at(at + vec2(-stroke.x, stroke.y)), se = brightness_at(at + stroke);
    return 0.5 * length(vec2(ne + se - nw - sw, sw + se - nw - ne));
}

vec3 peaking(vec3 rgb, Place place) {
    const vec3 colours[5] = vec3[5](vec3(1.0, 0.1, 0.1), vec3(1.0, 0.9, 0.0), vec3(0.1, 1.0, 0.2), vec3(0.2, 0.5, 1.0),
                                    vec3(1.0));
    float in_focus = 1.0 - smoothstep(0.9, 1.1, circle_at(place.at) / peaking_circle);
    float edge = smoothstep(peaking_contrast, 3.0 * peaking_contrast, peaking_step(place.at));
    return mix(rgb, colours[peaking_colour], in_focus * edge);
}
