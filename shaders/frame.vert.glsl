// One triangle that covers the frame, computed from the vertex index.
#version 330 core

uniform vec2 plane_scale;   // size of the picture as a fraction of the padded plane
uniform vec2 plane_offset;  // position of its first pixel, as a fraction of the padded plane
uniform vec2 corner;        // bottom-right corner relative to the centre, in half diagonals: length 1

// The triangle is flat: perspective interpolation would cost a software renderer 0.5 ms at 1920x1080.
noperspective out vec2 plane_position;
noperspective out vec2 from_centre;

void main() {
    vec2 corner_sign = vec2((gl_VertexID & 1) * 4 - 1, (gl_VertexID & 2) * 2 - 1);
    plane_position = (corner_sign * 0.5 + 0.5) * plane_scale + plane_offset;
    from_centre = corner_sign * corner;
    gl_Position = vec4(corner_sign, 0.0, 1.0);
}
