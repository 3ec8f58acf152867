// Grain: photographic film grain, one pattern per frame.
//
// Grain multiplies light Y by a factor of mean 1: mean brightness and hue are preserved. The factor's standard
// deviation is proportional to (1 - Y)^2. Grain is absent in black and white. In square-root light its deviation has
// its maximum, `amount`, at Y = 1/5.
#pragma pass place display
#pragma parameter amount "Grain" 0.01 0.0 0.04 0.001 group=film
#pragma parameter size "Grain size" 0.001 0.0002 0.01 0.0001 group=film
#pragma parameter seed "Grain seed" 1 0 9999 1 group=film type=int

uniform float grain_amount;  // standard deviation of display values 0..1 in the mid-tones
uniform float grain_size;    // width of a grain, in frame heights
uniform int grain_seed;

// Noise of standard deviation 1 on a lattice of grains, linearly interpolated; a mean over wider pixels.
float grain_noise(ivec2 pixel, int salt) {
    float grain_px = grain_size * frame_px.y;
    vec2 position = vec2(pixel) * (1.0 / max(grain_px, 1.0));
    vec2 corner = floor(position);
    vec2 share = position - corner;
    uint x = uint(int(corner.x) + salt) * HASH_X;
    uint y = uint(int(corner.y) + (salt >> 7)) * HASH_Y;
    float top = mix(hash_of(x, y), hash_of(x + HASH_X, y), share.x);
    float bottom = mix(hash_of(x, y + HASH_Y), hash_of(x + HASH_X, y + HASH_Y), share.x);
    // A uniform hash has variance 1/3. Interpolation keeps this fraction of it, with a minimum midway between grains.
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
