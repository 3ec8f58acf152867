#version 330 core
// Halves the size: filter 1, 3, 3, 1 in both directions, by four linear samples. It is wider than a 2x2 mean, so that
// the blur of a light moves smoothly when the light crosses the border between two small pixels.

uniform sampler2D source;
uniform vec2 texel;  // one pixel of the source
out vec4 mean;

void main() {
    vec2 at = gl_FragCoord.xy * 2.0 * texel;
    vec2 side = 0.75 * texel;
    mean = 0.25 * (texture(source, at - side) + texture(source, at + side) +
                   texture(source, at + vec2(side.x, -side.y)) + texture(source, at + vec2(-side.x, side.y)));
}
