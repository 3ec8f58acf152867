#version 330 core
// Text sprite over the picture, unscaled, premultiplied alpha.

uniform sampler2D text;

in vec2 at;
out vec4 display_rgba;

void main()
{
    display_rgba = textureLod(text, at, 0.0);
}
