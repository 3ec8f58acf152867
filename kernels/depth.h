/* Distances as the depth kernels hold them: 1 / metres, in which a plane is linear across a picture, and a blur radius
 * linear in the distance. Halfway between two things there is nothing, so no kernel averages over an edge.
 */
#define NEAREST_M 1e-3f
#define FARTHEST_M 1e6f /* infinity, without which fast arithmetic is not exact */

FUNCTION floats per_metre(floats metres)
{
    return 1.0f / limited(metres, NEAREST_M, FARTHEST_M);
}

/* How a picture looks, for comparing places of it: its brightness and its tint between blue and red, of the square
 * roots of light, whose noise and visible steps are even. As long as the distance of two colours, but for the axis from
 * green to magenta (measured: without it edges lie as well, in an eighth less time).
 */
FUNCTION floats brightness(floats red, floats green, floats blue)
{
    return 0.433f * (red + blue) + 0.866f * green;
}
FUNCTION floats tint(floats red, floats blue)
{
    return 0.707f * (red - blue);
}

/* One standard deviation of a distance, in 1 / metres. Beyond 10 m it stays what it is there: the blur does not tell
 * such distances apart, and next to infinity any noise would be an edge.
 */
#define NOISE_FLOOR 0.1f
FUNCTION floats deviation(floats nearness, float noise)
{
    return noise * greater(nearness, (floats)(NOISE_FLOOR));
}
