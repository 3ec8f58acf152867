/* What the kernels share that make the surfaces of the layers and continue them behind their occluders. */

/* Weight in its surface's colour of a pixel next to a nearer surface: it may show that, too. Without other pixels close
 * to it, it decides.
 */
#define MIXED (1.0f / 48.0f)
/* Inverse of the part of a pixel in which a surface is seen that decides on what is occluded next to it. */
#define TRUST 16.0f
#define LACKING 0.99f  /* a pixel with less has an occluder, and the mean of four pixels with it is not WHOLE */
#define WHOLE 0.998f   /* less than the 1 of whole pixels, by more than halves are rounded */
/* Planes of a layer that `extend` makes: colour (0 to 2), radius (3), their weight (4), and the covered fraction of the
 * hidden part (5), UNDECIDED far from visible pixels.
 */
#define EXTENDED 6
#define UNDECIDED -1.0f

/* The smallest radii of the pixels above, below and beside both pixels of a pair whose `radii` are at index `from`. */
FUNCTION void nearest_beside(GLOBAL const f16 *radius, int from, int pitch, const floats *radii, floats *nearest)
{
    floats above[2], below[2], left[2], right[2];
    load_pairs_f16(radius, from - pitch, &above[0], &above[1]);
    load_pairs_f16(radius, from + pitch, &below[0], &below[1]);
    load_pairs_f16(radius, from - 1, &left[0], &left[1]);
    load_pairs_f16(radius, from + 1, &right[0], &right[1]);
    nearest[0] = lesser(lesser(above[0], below[0]), lesser(left[0], radii[1]));
    nearest[1] = lesser(lesser(above[1], below[1]), lesser(radii[0], right[1]));
}

/* Positive where a pixel shows an occluder of the surface, or is next to one. */
FUNCTION floats lacking_at(GLOBAL const f16 *surface, int at, int stride)
{
    return LOAD_F16(surface, at + 3 * stride) - LOAD_F16(surface, at + 5 * stride)
         - LOAD_F16(surface, at + CERTAINTY * stride) + LACKING;
}

/* Whether a run has such a pixel, or one that is partly hidden. */
FUNCTION int is_extended_at(GLOBAL const f16 *surface, int at, int stride, ints within)
{
    const floats hidden = LACKING - LOAD_F16(surface, at + 5 * stride);
    return any_positive(within ? greater(lacking_at(surface, at, stride), hidden) : (floats)(0.0f));
}
