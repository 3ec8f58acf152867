// Toning: chemical toning of a black-and-white silver print, at constant luminance.
//
// Sepia bleaches the light tones first and tones all but the deepest shadows. Selenium tones the dense shadows. Iron
// blue tones shadows and mid-tones. With t = square root of luminance, the weights of the tints are 1 - 0.7 t^2,
// (1 - t) (1 + t / 2) and 1 - t^2. Paper white is warm with sepia and neutral with the other baths.
#pragma pass pixel display
#pragma parameter bath "Bath" 0 0 2 1 group=toning type=enum(sepia,selenium,blue)
#pragma parameter amount "Amount" 0.5 0.0 1.0 0.01 group=toning

uniform int toning_bath;
uniform float toning_amount;

vec3 toning(vec3 display_rgb, PixelContext place) {
    // Factors for red, green and blue; their luminance is 0.
    const vec3 tints[3] = vec3[3](vec3(0.36, -0.0739, -0.75), vec3(0.23, -0.1, 0.1244), vec3(-0.5, 0.1325, 0.7002));
    const vec2 weights[3] = vec2[3](vec2(0.0, -0.7), vec2(-0.5, -0.5), vec2(0.0, -1.0));  // coefficients of t and t^2
    float luminance = clamp(dot(display_rgb, LUMINANCE), 0.0, 1.0);
    float weight = 1.0 + weights[toning_bath].x * sqrt(luminance) + weights[toning_bath].y * luminance;
    return display_rgb * (1.0 + toning_amount * weight * tints[toning_bath]);
}
