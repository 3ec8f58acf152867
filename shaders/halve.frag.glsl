#version 330 core
// Half the size: 1, 3, 3, 1 in both directions, by four linear samples. Wider than the mean of two by two, so that the
// blur of a light stays in place while the light goes from one small pixel to the next.

uniform sampler2D source;
uniform vec2 texel;  // one pixel of the source
out vec4 mean;

void main() {
    vec2 at = gl_FragCoord.xy * 2.0 * texel;
    vec2 side = 0.75 * texel;
    mean = 0.25 * (texture(source, at - side) + texture(source, at + side) +
                   texture(source, at + vec2(side.x, -side.y)) + texture(source, at + vec2(-side.x, side.y)));
}
