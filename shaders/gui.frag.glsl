#version 330 core
// Widget colour times the coverage of the atlas (a glyph or the white texel).

uniform sampler2D atlas;

in vec2 glyph_at;
in vec4 tint;
out vec4 display_rgba;

void main()
{
    display_rgba = tint * texture(atlas, glyph_at);
}
