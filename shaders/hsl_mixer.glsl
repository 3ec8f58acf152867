// HSL mixer: hue shift, saturation and lightness for each of eight hue bands.
//
// Opponent space: cone responses (Hunt, Pointer and Estevez, balanced for D65), their square roots, and two opponent
// axes (matrices of IPT, Ebner and Fairchild 1998; the square root approximates its exponent of 0.43). The axes are
// rotated by 12 degrees: the bands' centres lie every 45 degrees. Square roots make hue and chroma independent of
// exposure.
//
// Between the bands each setting follows a trigonometric polynomial of degree 4 in the hue: the interpolating
// polynomial, its harmonics damped by Lanczos factors. It is smooth, without seams. A band applies 0.70 of its setting
// at its own centre and 0.17 at its neighbours' centres. Cosines of multiple angles are computed from the opponent
// pair, without an explicit angle. All effects are proportional to chroma: grey does not change. Saturation increases
// have less effect on saturated colours, which would lose their shades beyond the display's range: the effect is halved
// where chroma equals lightness.
#pragma pass pixel any
#pragma parameter red_turn "Red hue shift (degrees)" 0.0 -30.0 30.0 0.5 group=red
#pragma parameter orange_turn "Orange hue shift (degrees)" 0.0 -30.0 30.0 0.5 group=orange
#pragma parameter yellow_turn "Yellow hue shift (degrees)" 0.0 -30.0 30.0 0.5 group=yellow
#pragma parameter green_turn "Green hue shift (degrees)" 0.0 -30.0 30.0 0.5 group=green
#pragma parameter aqua_turn "Aqua hue shift (degrees)" 0.0 -30.0 30.0 0.5 group=aqua
#pragma parameter blue_turn "Blue hue shift (degrees)" 0.0 -30.0 30.0 0.5 group=blue
#pragma parameter purple_turn "Purple hue shift (degrees)" 0.0 -30.0 30.0 0.5 group=purple
#pragma parameter magenta_turn "Magenta hue shift (degrees)" 0.0 -30.0 30.0 0.5 group=magenta
#pragma parameter red_saturation "Red saturation" 0.0 -1.0 1.0 0.01 group=red
#pragma parameter orange_saturation "Orange saturation" 0.0 -1.0 1.0 0.01 group=orange
#pragma parameter yellow_saturation "Yellow saturation" 0.0 -1.0 1.0 0.01 group=yellow
#pragma parameter green_saturation "Green saturation" 0.0 -1.0 1.0 0.01 group=green
#pragma parameter aqua_saturation "Aqua saturation" 0.0 -1.0 1.0 0.01 group=aqua
#pragma parameter blue_saturation "Blue saturation" 0.0 -1.0 1.0 0.01 group=blue
#pragma parameter purple_saturation "Purple saturation" 0.0 -1.0 1.0 0.01 group=purple
#pragma parameter magenta_saturation "Magenta saturation" 0.0 -1.0 1.0 0.01 group=magenta
#pragma parameter red_lightness "Red lightness" 0.0 -0.5 0.5 0.01 group=red
#pragma parameter orange_lightness "Orange lightness" 0.0 -0.5 0.5 0.01 group=orange
#pragma parameter yellow_lightness "Yellow lightness" 0.0 -0.5 0.5 0.01 group=yellow
#pragma parameter green_lightness "Green lightness" 0.0 -0.5 0.5 0.01 group=green
#pragma parameter aqua_lightness "Aqua lightness" 0.0 -0.5 0.5 0.01 group=aqua
#pragma parameter blue_lightness "Blue lightness" 0.0 -0.5 0.5 0.01 group=blue
#pragma parameter purple_lightness "Purple lightness" 0.0 -0.5 0.5 0.01 group=purple
#pragma parameter magenta_lightness "Magenta lightness" 0.0 -0.5 0.5 0.01 group=magenta

uniform float hsl_mixer_red_turn;
uniform float hsl_mixer_orange_turn;
uniform float hsl_mixer_yellow_turn;
uniform float hsl_mixer_green_turn;
uniform float hsl_mixer_aqua_turn;
uniform float hsl_mixer_blue_turn;
uniform float hsl_mixer_purple_turn;
uniform float hsl_mixer_magenta_turn;
uniform float hsl_mixer_red_saturation;
uniform float hsl_mixer_orange_saturation;
uniform float hsl_mixer_yellow_saturation;
uniform float hsl_mixer_green_saturation;
uniform float hsl_mixer_aqua_saturation;
uniform float hsl_mixer_blue_saturation;
uniform float hsl_mixer_purple_saturation;
uniform float hsl_mixer_magenta_saturation;
uniform float hsl_mixer_red_lightness;
uniform float hsl_mixer_orange_lightness;
uniform float hsl_mixer_yellow_lightness;
uniform float hsl_mixer_green_lightness;
uniform float hsl_mixer_aqua_lightness;
uniform float hsl_mixer_blue_lightness;
uniform float hsl_mixer_purple_lightness;
uniform float hsl_mixer_magenta_lightness;

// Setting at the hue whose unit vector is `one`, from the bands' settings at 0, 45, 90, 135 and 180 to 315 degrees.
// `two` and `three` are the unit vectors of two and three times the hue, `four` is the cosine of four times the hue.
float hsl_mixer_at(vec4 first, vec4 second, vec2 one, vec2 two, vec2 three, float four) {
    const float r = 0.70710678;
    const vec4 damped = vec4(0.23387232, 0.18920668, 0.12613779, 0.02923402);  // 1/4 of the factors; the last 1/8
    vec4 even = first + second, odd = first - second;
    vec2 odd1 = vec2(dot(odd, vec4(1.0, r, 0.0, -r)), dot(odd, vec4(0.0, r, 1.0, r)));
    vec2 odd3 = vec2(dot(odd, vec4(1.0, -r, 0.0, r)), dot(odd, vec4(0.0, r, -1.0, r)));
    vec2 even2 = vec2(even.x - even.z, even.y - even.w);
    return 0.125 * dot(even, vec4(1.0)) + dot(damped.x * odd1, one) + dot(damped.y * even2, two) +
           dot(damped.z * odd3, three) + damped.w * dot(even, vec4(1.0, -1.0, 1.0, -1.0)) * four;
}

vec3 hsl_mixer(vec3 rgb, PixelContext place) {
    const mat3 cones = mat3(0.44077740, 0.15688720, 0.00000000, 0.53530160, 0.74848330, 0.02577700,
                            0.02392100, 0.09462950, 0.97422300);
    const mat3 light = mat3(3.04570646, -0.64054356, 0.01694816, -2.18296058, 1.79961860, -0.04761617,
                            0.13725412, -0.15907504, 1.03066801);
    const mat3 opponents = mat3(0.4, 4.5251412, -0.1382509, 0.4, -4.6707279, 1.357974, 0.2, 0.1455867, -1.2197231);
    const mat3 responses = mat3(1.0, 1.0, 1.0, 0.13810579, -0.08369061, -0.10883037,
                                0.18045601, 0.15398229, -0.66887661);
    vec3 ipt = opponents * sqrt(max(cones * rgb, 0.0));
    float chroma2 = dot(ipt.yz, ipt.yz);
    vec2 one = ipt.yz * inversesqrt(chroma2 + 1e-12);
    vec2 two = vec2(one.x * one.x - one.y * one.y, 2.0 * one.x * one.y);
    vec2 three = vec2(one.x * two.x - one.y * two.y, one.x * two.y + one.y * two.x);
    float four = two.x * two.x - two.y * two.y;

    vec4 first = vec4(hsl_mixer_red_turn, hsl_mixer_orange_turn, hsl_mixer_yellow_turn, hsl_mixer_green_turn);
    vec4 second = vec4(hsl_mixer_aqua_turn, hsl_mixer_blue_turn, hsl_mixer_purple_turn, hsl_mixer_magenta_turn);
    float turn = radians(hsl_mixer_at(first, second, one, two, three, four));
    first = vec4(hsl_mixer_red_saturation, hsl_mixer_orange_saturation, hsl_mixer_yellow_saturation,
                 hsl_mixer_green_saturation);
    second = vec4(hsl_mixer_aqua_saturation, hsl_mixer_blue_saturation, hsl_mixer_purple_saturation,
                  hsl_mixer_magenta_saturation);
    float colour = hsl_mixer_at(first, second, one, two, three, four);
    float light2 = ipt.x * ipt.x + 1e-12;
    colour = 1.0 + min(colour, 0.0) + max(colour, 0.0) * light2 / (light2 + chroma2);
    first = vec4(hsl_mixer_red_lightness, hsl_mixer_orange_lightness, hsl_mixer_yellow_lightness,
                 hsl_mixer_green_lightness);
    second = vec4(hsl_mixer_aqua_lightness, hsl_mixer_blue_lightness, hsl_mixer_purple_lightness,
                  hsl_mixer_magenta_lightness);
    float lighter = hsl_mixer_at(first, second, one, two, three, four);
    // The hue shift is below 35 degrees: series of the cosine and sine to degrees 4 and 5 are exact to 1e-4. Lightness
    // changes apply in full where chroma exceeds a fifth of lightness.
    float turn2 = turn * turn;
    float cosine = 1.0 - turn2 * (0.5 - turn2 * (1.0 / 24.0));
    float sine = turn * (1.0 - turn2 * (1.0 / 6.0 - turn2 * (1.0 / 120.0)));
    vec2 turned = vec2(ipt.y * cosine - ipt.z * sine, ipt.y * sine + ipt.z * cosine) * max(colour, 0.0);
    float lit = ipt.x * (1.0 + lighter * chroma2 / (chroma2 + 0.04 * light2));
    vec3 roots = max(responses * vec3(lit, turned), 0.0);
    return light * (roots * roots);
}
