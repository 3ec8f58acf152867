#version 330 core
// One direction of a Gaussian blur. Beyond the border lies the mirror image, so that the sum of all pixels is kept.

uniform sampler2D source;
uniform vec2 texel;    // one pixel of the source
uniform vec2 along;    // the same, but 0 in the other direction
uniform float sigma_px;
uniform int reach_px;  // the last pixel on either side that counts
out vec4 blurred;

vec4 mirrored(vec2 at) {
    return texture(source, 1.0 - abs(1.0 - abs(at)));
}

void main() {
    vec2 at = gl_FragCoord.xy * texel;
    // The weights exp(-n^2 / 2 sigma^2) one from another by two multiplications.
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
