#version 330 core
// One triangle that covers the viewport, computed from the vertex index.
// `at` is (0, 0) in the viewport's top-left corner and (1, 1) in the bottom-right corner: row 0 of pictures and text is
// at the top.

out vec2 at;

void main()
{
    vec2 corner = vec2((gl_VertexID & 1) * 2, gl_VertexID & 2);
    at = vec2(corner.x, 1.0 - corner.y);
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
