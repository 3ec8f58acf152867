/* The depth kernels store distances as 1 / metres: a plane is linear across a picture, and the blur radius is linear in
 * the stored value. No kernel averages across an edge: there is no surface halfway between two objects.
 */
#define NEAREST_M 1e-3f
#define MAX_DEPTH_M 1e6f /* stands for infinity, which fast arithmetic does not handle exactly */

FUNCTION floats per_metre(floats metres)
{
    return 1.0f / limited(metres, NEAREST_M, MAX_DEPTH_M);
}

/* Appearance of a pixel, for comparisons: brightness and blue-to-red tint, from square roots of light, in which noise
 * and visible differences are uniform. The length of the difference equals the distance of two colours, without the
 * green-magenta axis (measured: without it edges are as accurate, in an eighth less time).
 */
FUNCTION floats brightness(floats red, floats green, floats blue)
{
    return 0.433f * (red + blue) + 0.866f * green;
}
FUNCTION floats tint(floats red, floats blue)
{
    return 0.707f * (red - blue);
}

/* One standard deviation of a distance, in 1 / metres. Beyond 10 m it is constant: the blur does not distinguish such
 * distances, and near infinity any noise would become an edge.
 */
#define NOISE_FLOOR 0.1f
FUNCTION floats deviation(floats nearness, float noise)
{
    return noise * greater(nearness, (floats)(NOISE_FLOOR));
}
