// Roll-off: no curve but in the highlights. The neutral look is this pass alone.
#pragma pass pixel scene display
#pragma parameter start "Roll-off start" 0.8 0.3 0.99 0.01 group=tone

uniform float rolloff_start;  // scene light up to which nothing changes

vec3 rolloff(vec3 scene_rgb, PixelContext place) {
    return soft_clip(scene_rgb, rolloff_start);
}
