#version 330 core
// A widget's colour, through the glyph or the white dot of the atlas.

uniform sampler2D atlas;

in vec2 glyph_at;
in vec4 tint;
out vec4 display_rgba;

void main()
{
    display_rgba = tint * texture(atlas, glyph_at);
}
