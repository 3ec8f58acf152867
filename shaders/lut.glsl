// LUT from a file: a curve for each channel (shaper), then a 3D LUT (cube).
//
// A LUT for display values (srgb, rec709) converts the picture at this point of the look, clipped to 0..1, and returns
// the same encoding. A LUT for scene light (linear or a camera's log curve; Rec.709 primaries) converts the light at
// this point and returns a finished sRGB picture: it must follow passes of scene light only.
#pragma pass pixel scene display
#pragma display_where input srgb rec709
#pragma table file "LUT file"
#pragma parameter input "Input encoding" 0 0 6 1 type=enum(srgb,rec709,linear,logc,vlog,slog3,llog) group=lut
#pragma parameter amount "Amount" 1.0 0.0 1.0 0.01 group=lut

uniform sampler3D lut_file_cube;
uniform sampler2D lut_file_shaper;  // in rows of 4096 entries
uniform int lut_file_cube_side;     // nodes per edge, 0 without a cube
uniform vec3 lut_file_cube_scale;   // from values to nodes
uniform vec3 lut_file_cube_offset;
uniform int lut_file_shaper_length;  // entries, 0 without curves
uniform vec3 lut_file_shaper_scale;
uniform vec3 lut_file_shaper_offset;
uniform float lut_file_shaper_root;  // the entries are spaced evenly in this power of the values
uniform int lut_input;
uniform float lut_amount;

const int LUT_PICTURES = 2;  // inputs below this index are display encodings

// ITU-R BT.709-6, 1.2.
vec3 rec709_encode(vec3 x) {
    vec3 light = clamp(x, 0.0, 1.0);
    return mix(1.099 * pow(light, vec3(0.45)) - 0.099, 4.5 * light, lessThan(light, vec3(0.018)));
}

vec3 rec709_decode(vec3 v) {
    return mix(pow((v + 0.099) / 1.099, vec3(1.0 / 0.45)), v / 4.5, lessThan(v, vec3(0.081)));
}

// IEC 61966-2-1; above the linear part a minimax polynomial; its error after encoding is below 2e-5.
vec3 srgb_decode(vec3 s) {
    vec3 upper = -0.5411192 + s * (0.3233990 - 0.0876737 * s);
    upper = 8.716537e-4 + s * (0.0345001 + s * (0.4981351 + s * (0.7718555 + s * upper)));
    return mix(upper, s / 12.92, lessThanEqual(s, vec3(0.04045)));
}

// c log10(a x + b) + d above `cut`, e x + f below; engine/colour/encoding.py cites the sources of the constants.
vec3 log_encode(vec3 x, float cut, vec2 ab, vec2 cd, vec2 ef) {
    vec3 curved = cd.x * 0.30103000 * log2(max(ab.x * x + ab.y, 1e-9)) + cd.y;
    return mix(curved, ef.x * x + ef.y, lessThanEqual(x, vec3(cut)));
}

vec3 lut_encoded(vec3 rgb) {
    if (lut_input == 0) return srgb_encode(rec709_from_rec2020(rgb));
    if (lut_input == 1) return rec709_encode(rec709_from_rec2020(rgb));
    vec3 light = REC709_FROM_REC2020 * rgb;
    if (lut_input == 3)
        return log_encode(light, 0.010591, vec2(5.555556, 0.052272), vec2(0.247190, 0.385537),
                          vec2(5.367655, 0.092809));
    if (lut_input == 4)
        return log_encode(light, 0.01, vec2(1.0, 0.00873), vec2(0.241514, 0.598206), vec2(5.6, 0.125));
    if (lut_input == 5)
        return log_encode(light, 0.01125, vec2(5.2631579, 0.0526316), vec2(0.2556207, 0.4105572),
                          vec2(6.6219437, 0.0928641));
    if (lut_input == 6)
        return log_encode(light, 0.006, vec2(1.3, 0.0115), vec2(0.27, 0.6), vec2(8.0, 0.09));
    return light;
}

vec3 lut_curve(ivec3 at) {
    return vec3(texelFetch(lut_file_shaper, ivec2(at.r & 4095, at.r >> 12), 0).r,
                texelFetch(lut_file_shaper, ivec2(at.g & 4095, at.g >> 12), 0).g,
                texelFetch(lut_file_shaper, ivec2(at.b & 4095, at.b >> 12), 0).b);
}

vec3 lut_shaped(vec3 encoded) {
    vec3 last = vec3(lut_file_shaper_length - 1);
    vec3 at = clamp(encoded * lut_file_shaper_scale + lut_file_shaper_offset, vec3(0.0), last);
    if (lut_file_shaper_root < 1.0) at = min(pow(at / last, vec3(lut_file_shaper_root)) * last, last);
    vec3 low = min(floor(at), last - 1.0);
    return mix(lut_curve(ivec3(low)), lut_curve(ivec3(low) + 1), at - low);
}

vec3 lut(vec3 rgb, PixelContext place) {
    vec3 encoded = lut_encoded(rgb);
    if (lut_file_shaper_length > 0) encoded = lut_shaped(encoded);
    if (lut_file_cube_side > 0)
        encoded = tetrahedral(lut_file_cube, lut_file_cube_side, encoded * lut_file_cube_scale + lut_file_cube_offset);
    vec3 picture = clamp(encoded, 0.0, 1.0);
    vec3 light = REC2020_FROM_REC709 * (lut_input == 1 ? rec709_decode(picture) : srgb_decode(picture));
    return mix(lut_input < LUT_PICTURES ? rgb : soft_clip(rgb, 0.8), light, lut_amount);
}
