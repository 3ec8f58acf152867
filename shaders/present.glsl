// The finished picture in the window's letterbox, and declarations for overlays. Row 0 is the top of the picture.

uniform sampler2D picture;    // display sRGB, linear filter
uniform sampler2D picture_pixels;  // the same, nearest filter: half the work in a software renderer
uniform vec2 view_corner;     // top-left corner and size of the view, as fractions of the picture
uniform vec2 view_size;
uniform vec2 footprint;       // size of one window pixel, as a fraction of the picture
uniform int taps;             // samples along each side of the footprint; 0 at 1:1 scale
uniform vec2 stroke;          // width of a visible line, as a fraction of the picture
uniform float aspect;         // width / height of the displayed picture
uniform float equivalent_mm;  // 35 mm equivalent focal length (sensor width 36 mm)
uniform sampler2D depth_map;  // metres, covers the whole picture, any resolution; 0 or NaN where unknown
uniform vec2 circle_scale;    // circle of confusion at infinity of the virtual and the real lens
uniform vec2 focus_m;         // focus distances of the virtual and the real lens
uniform float magnification;  // picture scale relative to the depth map and the sensor
uniform sampler2D scene;      // scene light before the look, with padding
uniform vec2 scene_scale;     // from fractions of the picture to fractions of `scene`
uniform vec2 scene_offset;
uniform sampler2D raw;        // raw data, upright: maximum of each 2x2 block, 0 at black and 1 at white level
uniform vec2 raw_scale;       // from fractions of the picture to fractions of `raw`; 0 without raw data
uniform float dither_step;    // quantization step of the window's framebuffer

in vec2 at;

struct PixelContext {
    vec2 at;      // fraction of the picture, from its top-left corner
    ivec2 pixel;  // window pixel, from the bottom left
};

vec3 clean_rgb;  // the picture's pixel before the first overlay

#include "hash.glsl"

// Scaling creates values between the quantization steps: they are dithered again, by slightly less than half a step.
// At 1:1 scale without overlays the step is 0.
vec3 dithered(vec3 rgb, ivec2 pixel)
{
    return rgb + dither_step * (0.49 * HASH_UNIT) * hash_of(uint(pixel.x) * HASH_X, uint(pixel.y) * HASH_Y);
}

// A downscaled picture is averaged over the footprint of each window pixel, to avoid flicker of thin lines. The mean is
// taken of squares: close enough to linear light to preserve the brightness of a thin, bright stroke. At 1:1 scale the
// picture does not change.
vec3 picture_pixel(vec2 position)
{
    if (taps == 0)
        return textureLod(picture_pixels, position, 0.0).rgb;
    if (taps == 1)
        return textureLod(picture, position, 0.0).rgb;
    vec3 sum = vec3(0.0);
    for (int row = 0; row < taps; ++row) {
        for (int column = 0; column < taps; ++column) {
            vec2 within = (vec2(column, row) + 0.5) / float(taps) - 0.5;
            vec3 display_rgb = textureLod(picture, position + within * footprint, 0.0).rgb;
            sum += display_rgb * display_rgb;
        }
    }
    return sqrt(sum / float(taps * taps));
}

// Luma of encoded values: ITU-R BT.709.
float luma(vec3 rgb)
{
    return dot(rgb, vec3(0.2126, 0.7152, 0.0722));
}

// Approximate brightness at a position of the picture, 0..1; one sample.
float brightness_at(vec2 position)
{
    return dot(textureLod(picture_pixels, position, 0.0).rgb, vec3(0.25, 0.6, 0.15));
}

float depth_at(vec2 position)
{
    return textureLod(depth_map, 0.5 + (position - 0.5) / magnification, 0.0).r;
}

// Diameter of the circle of confusion, 1 = the largest that counts as sharp. It is the larger of both lenses' circles:
// the virtual lens cannot remove the real lens's blur. 1e9 where the depth is unknown. Nearest sampling: interpolation
// between two objects would give a depth of neither.
float circle_of(float depth_m)
{
    vec2 circles = circle_scale * abs(1.0 - focus_m * (1.0 / clamp(depth_m, 1e-3, 1e6)));
    return depth_m > 0.0 ? max(circles.x, circles.y) : 1e9;
}

// Scene luminance, 0.18 at middle grey: ITU-R BT.2020.
float scene_luminance_at(vec2 position)
{
    vec3 light = textureLod(scene, position * scene_scale + scene_offset, 0.0).rgb;
    return dot(light, vec3(0.2627002, 0.6779981, 0.0593017));
}

// Raw value at a position of the picture, 0 at black and 1 at white level; 0 without raw data.
float raw_at(vec2 position)
{
    float light = textureLod(raw, (0.5 + (position - 0.5) / magnification) * raw_scale, 0.0).r;
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
