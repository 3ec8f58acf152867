#version 330 core
// One direction of a separable Gaussian blur. Mirrored borders preserve the sum of all pixels.

uniform sampler2D source;
uniform vec2 texel;    // size of one source pixel
uniform vec2 along;    // `texel` in the blur direction, 0 in the other
uniform float sigma_px;
uniform int reach_px;  // radius of the kernel
out vec4 blurred;

vec4 mirrored(vec2 at) {
    return texture(source, 1.0 - abs(1.0 - abs(at)));
}

void main() {
    vec2 at = gl_FragCoord.xy * texel;
    // Each weight exp(-n^2 / 2 sigma^2) follows from the previous one by two multiplications.
    float step_of_step = exp(-1.0 / (sigma_px * sigma_px));
    float next = sqrt(step_of_step);
    float weight = 1.0, weights = 1.0;
    vec4 sum = texture(source, at);
    for (int n = 1; n <= reach_px; n++) {
        weight *= next;
        next *= step_of_step;
        weights += 2.0 * weight;
        sum += weight * (mirrored(at + float(n) * along) + mirrored(at - float(n) * along));
    }
    blurred = sum / weights;
}
