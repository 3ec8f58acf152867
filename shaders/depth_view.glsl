// Depth view: shows the depth map. Near is bright. Warm in front of the sharp zone, green within it, blue behind it.
#pragma pass overlay display

vec3 depth_view(vec3 rgb, PixelContext place) {
    float depth_m = depth_at(place.at);
    if (!(depth_m > 0.0))
        return vec3(0.25, 0.0, 0.25);
    float near = 1.0 / (1.0 + 0.5 * depth_m);
    float soft = 1.0 - 1.0 / max(circle_of(depth_m), 1.0);
    vec3 side = depth_m < focus_m.x ? vec3(1.0, 0.55, 0.2) : vec3(0.25, 0.5, 1.0);
    return mix(vec3(0.35, 0.9, 0.4), side, soft) * (0.15 + 0.85 * near) * (0.6 + 0.4 * luma(clean_rgb));
}
