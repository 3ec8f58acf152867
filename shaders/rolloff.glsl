// Roll-off: a curve in the highlights only. The neutral look consists of this pass.
#pragma pass pixel scene display
#pragma parameter start "Roll-off start" 0.8 0.3 0.99 0.01 group=tone

uniform float rolloff_start;  // scene values below this do not change

vec3 rolloff(vec3 scene_rgb, PixelContext place) {
    return soft_clip(scene_rgb, rolloff_start);
}
