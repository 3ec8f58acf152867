#version 330 core
// A rectangle that fills the viewport, from four vertices without any buffer.
// `at` runs from (0, 0) in the top-left corner to (1, 1): pictures and text keep their first row at the top.

out vec2 at;

void main()
{
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    at = vec2(corner.x, 1.0 - corner.y);
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
