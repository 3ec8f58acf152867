// Toning: what a bath makes of a black-and-white print's silver, at the same luminance.
//
// Sepia bleaches the light tones first and reaches all but the deepest, selenium takes the dense shadows, an iron blue
// the shadows and middle tones. With t the square root of luminance their tints weigh 1 - 0.7 t^2, (1 - t) (1 + t / 2)
// and 1 - t^2: the white of the paper is warm with sepia, and clean else.
#pragma pass pixel display
#pragma parameter bath "Bath" 0 0 2 1 group=toning type=enum(sepia,selenium,blue)
#pragma parameter amount "Amount" 0.5 0.0 1.0 0.01 group=toning

uniform int toning_bath;
uniform float toning_amount;

vec3 toning(vec3 display_rgb, PixelContext place) {
    // Factors of red, green and blue, without luminance.
    const vec3 tints[3] = vec3[3](vec3(0.36, -0.0739, -0.75), vec3(0.23, -0.1, 0.1244), vec3(-0.5, 0.1325, 0.7002));
    const vec2 weights[3] = vec2[3](vec2(0.0, -0.7), vec2(-0.5, -0.5), vec2(0.0, -1.0));  // of t and t^2
    float luminance = clamp(dot(display_rgb, LUMINANCE), 0.0, 1.0);
    float weight = 1.0 + weights[toning_bath].x * sqrt(luminance) + weights[toning_bath].y * luminance;
    return display_rgb * (1.0 + toning_amount * weight * tints[toning_bath]);
}
