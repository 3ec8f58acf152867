// Grain: noise that belongs to the film, one pattern a frame.
//
// Strongest in the mid-tones and gone in black and white: in square-root light e it moves a tone by 4 e (1 - e) times
// `amount`. It multiplies light by a factor whose mean is 1, so that neither brightness nor hue drifts.
#pragma pass place
#pragma parameter amount "Grain" 0.01 0.0 0.06 0.001 group=film
#pragma parameter size "Grain size" 0.001 0.0002 0.01 0.0001 group=film
#pragma parameter seed "Grain seed" 1 0 9999 1 group=film type=int

uniform float grain_amount;  // standard deviation in mid-grey, of display values 0..1
uniform float grain_size;    // width of a grain, in frame heights
uniform int grain_seed;

// Standard deviation 1. A pixel wider than a grain sees the mean of several.
float grain_noise(uvec2 pixel, uint salt) {
    const float uniform_to_unit = 1.7320508;
    float grain_px = grain_size * frame_px.y;
    if (grain_px <= 1.0) {
        return uniform_to_unit * grain_px * hash_signed(pixel, salt);
    }
    vec2 position = (vec2(pixel) + 0.5) / grain_px;
    uvec2 cell = uvec2(position);
    vec2 share = fract(position);
    float top = mix(hash_signed(cell, salt), hash_signed(cell + uvec2(1u, 0u), salt), share.x);
    float bottom = mix(hash_signed(cell + uvec2(0u, 1u), salt), hash_signed(cell + uvec2(1u, 1u), salt), share.x);
    const float blend_to_unit = 1.5;  // a bilinear blend of neighbours keeps 2/3 of the deviation
    return uniform_to_unit * blend_to_unit * mix(top, bottom, share.y);
}

vec3 grain(vec3 display_rgb, Place place) {
    uint salt = uint(grain_seed) * 0x68E31DA5u + uint(frame_index) * 0xB5297A4Du;
    float e = sqrt(clamp(dot(display_rgb, LUMINANCE), 0.0, 1.0));
    return display_rgb * max(1.0 + 8.0 * grain_amount * (1.0 - e) * grain_noise(place.pixel, salt), 0.0);
}
