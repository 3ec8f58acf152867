// The finished picture in the window's letterbox, and what an overlay may use. Row 0 is the top of the picture.

uniform sampler2D picture;    // display sRGB, smooth between its pixels
uniform sampler2D picture_pixels;  // the same, its nearest pixel: half the work of a software renderer
uniform vec2 view_corner;     // top-left corner of what is shown, as a fraction of the picture, and its size
uniform vec2 view_size;
uniform vec2 footprint;       // of one window pixel, as a fraction of the picture
uniform int taps;             // along each side of the footprint; 0 where a window pixel is one of the picture's
uniform vec2 stroke;          // width of a line that can be seen, as a fraction of the picture
uniform float aspect;         // width of the picture as it is shown, over its height
uniform float equivalent_mm;  // focal length that sees as much on film 36 mm wide
uniform sampler2D depth_map;  // metres over the whole picture, of any size; 0 or NaN where unknown
uniform vec2 circle_scale;    // circle of confusion of the infinitely far, by the virtual lens and by the real one
uniform vec2 focus_m;         // where the two are focused
uniform float magnification;  // of the picture, over what the depth map and the sensor cover
uniform sampler2D scene;      // the light behind the lens, before the look, with its padding
uniform vec2 scene_scale;     // from fractions of the picture to fractions of that, and where the picture begins
uniform vec2 scene_offset;
uniform sampler2D raw;        // what the sensor counted, upright: the most of each 2x2 block, 0 at black and 1 at white
uniform vec2 raw_scale;       // from fractions of the picture to fractions of that; 0 where no mosaic is known
uniform float dither_step;    // one step of the window's encoding

in vec2 at;

struct PixelContext {
    vec2 at;      // fraction of the picture, from its top-left corner
    ivec2 pixel;  // of the window, from its lower left one
};

vec3 clean_rgb;  // the picture's pixel before the first overlay

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
    if (taps == 0)
        return textureLod(picture_pixels, where, 0.0).rgb;
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

// Of numbers, not of light: ITU-R BT.709.
float luma(vec3 rgb)
{
    return dot(rgb, vec3(0.2126, 0.7152, 0.0722));
}

// How bright a place of the picture looks, 0..1; one sample.
float brightness_at(vec2 where)
{
    return dot(textureLod(picture_pixels, where, 0.0).rgb, vec3(0.25, 0.6, 0.15));
}

float depth_at(vec2 where)
{
    return textureLod(depth_map, 0.5 + (where - 0.5) / magnification, 0.0).r;
}

// Diameter of the circle of confusion, where 1 is the largest that counts as sharp: the virtual lens cannot take away
// what the real one has blurred. Huge where no distance is known. The nearest sample is taken: between two things there
// is no third one.
float circle_of(float depth_m)
{
    vec2 circles = circle_scale * abs(1.0 - focus_m * (1.0 / clamp(depth_m, 1e-3, 1e6)));
    return depth_m > 0.0 ? max(circles.x, circles.y) : 1e9;
}

// Luminance of the scene's light, 0.18 where it is middle grey: ITU-R BT.2020.
float scene_luminance_at(vec2 where)
{
    vec3 light = textureLod(scene, where * scene_scale + scene_offset, 0.0).rgb;
    return dot(light, vec3(0.2627002, 0.6779981, 0.0593017));
}

// What the sensor counted there, 0 at its black and 1 at its white; 0 where no mosaic is known.
float raw_at(vec2 where)
{
    float light = textureLod(raw, (0.5 + (where - 0.5) / magnification) * raw_scale, 0.0).r;
    return raw_scale.x > 0.0 ? light : 0.0;
}

// Whether a window pixel lies on a dark stripe.
bool striped(PixelContext place)
{
    int period = 4 * max(1, int(round(stroke.y / footprint.y)));
    return (place.pixel.x + place.pixel.y) % (2 * period) < period;
}

// A light line with dark edges; `far` is the distance from its middle in strokes.
vec3 lined(vec3 rgb, float far, float opacity)
{
    rgb *= far < 1.5 ? 1.0 - 0.5 * opacity : 1.0;
    return far < 0.5 ? mix(rgb, vec3(0.95), opacity) : rgb;
}
