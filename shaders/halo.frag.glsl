#version 330 core
// A halo with a core and a long foot: three Gaussians, each about twice as wide as the one before.

uniform sampler2D core;
uniform sampler2D middle;
uniform sampler2D foot;
uniform vec2 core_texel;    // a pixel of the core in each of them
uniform vec2 middle_texel;
uniform vec2 foot_texel;
out vec4 halo;

void main() {
    halo = 0.5 * texture(core, gl_FragCoord.xy * core_texel) + 0.3 * texture(middle, gl_FragCoord.xy * middle_texel) +
           0.2 * texture(foot, gl_FragCoord.xy * foot_texel);
}
