// The finished picture in the window's letterbox, and what an overlay may use. Row 0 is the top of the picture.

uniform sampler2D picture;    // display sRGB
uniform vec2 footprint;       // of one window pixel, as a fraction of the picture
uniform int taps;             // along each side of the footprint
uniform vec2 stroke;          // width of a line that can be seen, as a fraction of the picture
uniform sampler2D depth_map;  // metres over the whole picture, of any size; 0 or NaN where unknown
uniform vec2 circle_scale;    // circle of confusion of the infinitely far, by the virtual lens and by the real one
uniform vec2 focus_m;         // where the two are focused
uniform float magnification;  // of the picture, over what the depth map covers
uniform float dither_step;    // one step of the window's encoding

in vec2 at;

struct Place {
    vec2 at;      // fraction of the picture, from its top-left corner
    ivec2 pixel;  // of the window, from its lower left one
};

#include "hash.glsl"

// A picture that is shown at another size has numbers between those that it was dithered for: they are dithered anew,
// by a little less than half a step, which leaves one at its own size as it is.
vec3 dithered(vec3 rgb, ivec2 pixel)
{
    return rgb + dither_step * (0.49 * HASH_UNIT) * hash_of(uint(pixel.x) * HASH_X, uint(pixel.y) * HASH_Y);
}

// A picture larger than its letterbox is averaged over the footprint of each window pixel, or thin lines would flicker.
// The mean is taken of squares: close enough to linear light that a thin bright line keeps its brightness, and a
// picture at its own size passes unchanged.
vec3 picture_pixel(vec2 where)
{
    vec3 sum = vec3(0.0);
    for (int row = 0; row < taps; ++row) {
        for (int column = 0; column < taps; ++column) {
            vec2 within = (vec2(column, row) + 0.5) / float(taps) - 0.5;
            vec3 display_rgb = textureLod(picture, where + within * footprint, 0.0).rgb;
            sum += display_rgb * display_rgb;
        }
    }
    return sqrt(sum / float(taps * taps));
}

// How bright a place of the picture looks, 0..1; one sample.
float brightness_at(vec2 where)
{
    return dot(textureLod(picture, where, 0.0).rgb, vec3(0.25, 0.6, 0.15));
}

// Diameter of the circle of confusion, where 1 is the largest that counts as sharp: the virtual lens cannot take away
// what the real one has blurred. Huge where no distance is known. The nearest sample is taken: between two things there
// is no third one.
float circle_at(vec2 where)
{
    float depth_m = textureLod(depth_map, 0.5 + (where - 0.5) / magnification, 0.0).r;
    vec2 circles = circle_scale * abs(1.0 - focus_m / clamp(depth_m, 1e-3, 1e6));
    return depth_m > 0.0 ? max(circles.x, circles.y) : 1e9;
}
