#version 330 core
// A line of text at its own size, premultiplied by its coverage, over the picture.

uniform sampler2D text;

in vec2 at;
out vec4 display_rgba;

void main()
{
    display_rgba = textureLod(text, at, 0.0);
}
