// Last step of a look for a display other than sRGB: its primaries and curve, and a 3D LUT if its profile has tables.

uniform vec3 output_red;  // rows of the matrix from linear Rec.2020 to the display's linear RGB
uniform vec3 output_green;
uniform vec3 output_blue;
uniform sampler2D output_curve;  // encoded display values, indexed by the fourth root of linear light
uniform int output_curve_length;
uniform sampler3D output_cube;  // 3D LUT of encoded values; unused if output_cube_side is 0
uniform int output_cube_side;

vec3 output_values(ivec3 at) {
    return vec3(texelFetch(output_curve, ivec2(at.r, 0), 0).r, texelFetch(output_curve, ivec2(at.g, 0), 0).g,
                texelFetch(output_curve, ivec2(at.b, 0), 0).b);
}

vec4 space_pixel(vec3 display_rec2020, PixelContext place) {
    vec3 own = vec3(dot(output_red, display_rec2020), dot(output_green, display_rec2020),
                    dot(output_blue, display_rec2020));
    vec3 light = towards_grey(own, dot(display_rec2020, LUMINANCE));
    float last = float(output_curve_length - 1);
    vec3 at = last * sqrt(sqrt(clamp(light, 0.0, 1.0)));
    vec3 low = min(floor(at), last - 1.0);
    vec3 encoded = mix(output_values(ivec3(low)), output_values(ivec3(low) + 1), at - low);
    if (output_cube_side > 0)
        encoded = tetrahedral(output_cube, output_cube_side, encoded * float(output_cube_side - 1));
    return dithered(encoded, place);
}
