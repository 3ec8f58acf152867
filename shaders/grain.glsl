// Grain: noise that belongs to the film, one pattern a frame.
//
// Strongest in the mid-tones and gone in black and white: it multiplies light Y by a factor whose mean is 1, so that
// neither brightness nor hue drifts, and the factor's deviation falls as (1 - Y)^2. In square-root light that moves a
// tone most at Y = 1/5, there by `amount`.
#pragma pass place display
#pragma parameter amount "Grain" 0.01 0.0 0.04 0.001 group=film
#pragma parameter size "Grain size" 0.001 0.0002 0.01 0.0001 group=film
#pragma parameter seed "Grain seed" 1 0 9999 1 group=film type=int

uniform float grain_amount;  // standard deviation in mid-grey, of display values 0..1
uniform float grain_size;    // width of a grain, in frame heights
uniform int grain_seed;

// Standard deviation 1: noise on a lattice of grains, blended linearly. A pixel wider than a grain sees several.
float grain_noise(ivec2 pixel, int salt) {
    float grain_px = grain_size * frame_px.y;
    vec2 position = vec2(pixel) * (1.0 / max(grain_px, 1.0));
    vec2 corner = floor(position);
    vec2 share = position - corner;
    uint x = uint(int(corner.x) + salt) * HASH_X;
    uint y = uint(int(corner.y) + (salt >> 7)) * HASH_Y;
    float top = mix(hash_of(x, y), hash_of(x + HASH_X, y), share.x);
    float bottom = mix(hash_of(x, y + HASH_Y), hash_of(x + HASH_X, y + HASH_Y), share.x);
    // A uniform hash has a variance of 1/3; a blend keeps this much of it, least half way between two grains.
    vec2 kept = 1.0 - 2.0 * share * (1.0 - share);
    return min(grain_px, 1.0) * HASH_UNIT * 1.7320508 * inversesqrt(kept.x * kept.y) * mix(top, bottom, share.y);
}

vec3 grain(vec3 display_rgb, PixelContext place) {
    const float amount_to_factor = 6.987712;  // 2 / (sqrt(1/5) (1 - 1/5)^2)
    int salt = grain_seed * 0x68E31DA5 + frame_index * 0x3297A4D1;
    float noise = amount_to_factor * grain_amount * grain_noise(place.pixel, salt);
    float spared = 1.0 - min(dot(display_rgb, LUMINANCE), 1.0);
    return display_rgb * (1.0 + noise * spared * spared);
}
