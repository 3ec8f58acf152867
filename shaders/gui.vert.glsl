#version 330 core
// Triangles of the panel's widgets, in pixels from the top left. Row 0 of the target texture is the top.

uniform vec2 display_size;

in vec2 place;
in vec2 uv;
in vec4 colour;
out vec2 glyph_at;
out vec4 tint;

void main()
{
    glyph_at = uv;
    tint = colour;
    gl_Position = vec4(place / display_size * 2.0 - 1.0, 0.0, 1.0);
}
