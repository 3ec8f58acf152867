// Tone curve: scene light to display light, per channel, with toe, shoulder and white.
//
// With u = scene / 0.18, the square root of display light is a ratio of two quadratics,
//     s(u) = grey u (1 + shoulder u) / (c + b u + d u^2),  c = toe,  d = shoulder grey / white,
// the hyperbola of Naka and Rushton (1966), sigmoidal over log light with its pivot at 18 % grey, with one more degree
// in numerator and denominator. It approaches `white`. b follows from s(1) = grey. The curve is monotonic for
// b >= grey / white. A power function would give the same freedom but takes 6 ms more at 1920x1080 on Mesa's software
// renderer.
#pragma pass pixel scene display
#pragma parameter grey "Middle grey" 0.36 0.2 0.55 0.005 group=tone type=color
#pragma parameter toe "Toe" 0.6 0.25 1.0 0.01 group=tone type=color
#pragma parameter shoulder "Shoulder" 0.2 0.0 2.0 0.01 group=tone type=color
#pragma parameter white "White" 1.05 0.8 1.3 0.005 group=tone type=color
#pragma parameter black "Black" 0.0 0.0 0.2 0.005 group=tone type=color

// Levels are square roots of display light, which approximates perceived lightness.
uniform vec3 tone_curve_grey;      // output level of 18 % grey
uniform vec3 tone_curve_toe;       // depth of the shadows; 1: no toe, linear near black
uniform vec3 tone_curve_shoulder;  // highlight compression beyond that of the plain hyperbola
uniform vec3 tone_curve_white;     // asymptotic level of bright light; above 1 the curve clips
uniform vec3 tone_curve_black;     // output level of zero light

vec3 tone_curve(vec3 scene_rgb, PixelContext place) {
    vec3 u = max(scene_rgb, 0.0) * (1.0 / GREY);
    vec3 d = tone_curve_shoulder * tone_curve_grey;  // c, b and d of the formula times white: avoids a division
    vec3 c = tone_curve_toe * tone_curve_white;
    vec3 b = max((1.0 + tone_curve_shoulder) * tone_curve_white - c - d, tone_curve_grey);
    vec3 s = tone_curve_grey * tone_curve_white * u * (1.0 + tone_curve_shoulder * u) / (c + u * (b + u * d));
    s = tone_curve_black + (1.0 - tone_curve_black) * min(s, 1.0);
    return s * s;
}
