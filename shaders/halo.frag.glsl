#version 330 core
// Halo with a narrow core and long tails: a sum of three Gaussians, each about twice as wide as the previous one.

uniform sampler2D core;
uniform sampler2D middle;
uniform sampler2D foot;
uniform vec2 core_texel;    // one output pixel in each texture's coordinates
uniform vec2 middle_texel;
uniform vec2 foot_texel;
out vec4 halo;

void main() {
    halo = 0.5 * texture(core, gl_FragCoord.xy * core_texel) + 0.3 * texture(middle, gl_FragCoord.xy * middle_texel) +
           0.2 * texture(foot, gl_FragCoord.xy * foot_texel);
}
