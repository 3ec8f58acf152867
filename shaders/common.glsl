// Declarations for every pass. Row 0 is the top of the picture, in the planes, in the frame and in PixelContext.

uniform sampler2D scene_texture;  // scene-linear Rec.2020, D65, 18 % grey = 0.18, unbounded above
uniform vec2 frame_px;          // width and height of the picture
uniform int frame_index;
uniform float seconds;          // time of the frame since the first of its source
uniform vec4 pointer;           // position, and that of the last press or -1: fractions of the picture from top left
uniform float strength;         // 0: the neutral rendering, 1: the look
uniform float dither_step;      // quantization step of the target; 0 for a float target

noperspective in vec2 plane_position;
noperspective in vec2 from_centre;

// Position of a pixel.
struct PixelContext {
    vec2 from_centre;  // in half diagonals: length 1 at the corners, at every picture size
    ivec2 pixel;       // column and row
    vec2 middle_px;    // centre of the drawn area, in pixels of the picture: at n + 0.5 or between two pixels
};

const float GREY = 0.18;
const float BRIGHTEST = 65504.0;  // the largest half float: scene values are clamped to it, infinity too
const vec3 LUMINANCE = vec3(0.2627002, 0.6779981, 0.0593017);  // ITU-R BT.2020, linear

#include "hash.glsl"

// Identity up to `start`, then a hyperbola of the same slope that approaches 1.
vec3 soft_clip(vec3 rgb, float start) {
    vec3 over = max(rgb - start, 0.0);
    return min(rgb, start) + over * (1.0 - start) / (over + (1.0 - start));
}

// Mixes the channels; each row of the matrix sums to 1, so that grey stays grey. The result may be negative.
vec3 mix_channels(vec3 rgb, vec2 to_red, vec2 to_green, vec2 to_blue) {
    return vec3(dot(rgb, vec3(1.0 - to_red.x - to_red.y, to_red)),
                dot(rgb, vec3(to_green.x, 1.0 - to_green.x - to_green.y, to_green.y)),
                dot(rgb, vec3(to_blue, 1.0 - to_blue.x - to_blue.y)));
}
