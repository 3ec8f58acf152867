/* The surfaces of the layers, continued behind their occluders: from the smallest scale to the largest, and with more
 * than two layers as smoothly as a spline under tension.
 */
#define NARROW_F16 /* like kernels/defocus_layers.cl */
#include "portable.h"
#include "defocus.h"
#include "surfaces.h"

/* Like TRUST, for the nearest layer. Its surface continues only behind what is narrow: whether wide occluders have
 * another one behind them is unknown.
 */
#define TRUST_NEAREST 1.0f
#define STENCIL 2 /* pixels to the neighbours that a step of a spline reads */
#define SUPPORT 4.0f /* inverse of the weight from which a pixel is fixed */

/* Fraction of a pixel that a surface covers, from its `seen` part relative to the `known` part of the pixel. `trust` is
 * TRUST or TRUST_NEAREST.
 */
FUNCTION floats visible_share(floats seen, floats known, float trust)
{
    return limited(trust * seen, 0.0f, 1.0f) * lesser(seen / greater(known, (floats)(EPSILON)), (floats)(1.0f));
}

/* Converts a surface in place from sums to means where it is visible or `extended`, and fills it from `around` where it
 * is not (push-pull; Gortler et al., "The Lumigraph", SIGGRAPH 1996). The border, outside `within`, is filled likewise.
 * Where the next smaller scale is `too_far` for any disc, it supplies the colour of the continued surface but no
 * coverage.
 */
FUNCTION void complete(GLOBAL f16 *surface, GLOBAL const f16 *extended, int is_extended, int at, int stride,
                       ints within, const floats *around, int too_far, float share_trust)
{
    const floats none = (floats)(0.0f), known = within ? LOAD_F16(surface, at + 5 * stride) : none;
    const floats seen = known > 0.0f ? LOAD_F16(surface, at + 3 * stride) : none;
    const floats weight =
        within ? LOAD_F16(is_extended ? extended + 4 * stride : surface + CERTAINTY * stride, at) : none;
    const floats trust = limited((is_extended ? 1.0f : TRUST) * weight, 0.0f, 1.0f);
    const floats per_weight = is_extended ? trust : trust / greater(weight, (floats)(EPSILON));
    for (int plane = 0; plane < 5; ++plane) {
        GLOBAL const f16 *from = is_extended ? extended + (plane < 3 ? plane : 3) * stride : surface + plane * stride;
        if (plane != 3)
            STORE_F16(surface, at + plane * stride,
                  per_weight * (weight > 0.0f ? LOAD_F16(from, at) : none) + (1.0f - trust) * around[plane]);
    }
    const floats extension = is_extended ? LOAD_F16(extended + 5 * stride, at) : (floats)(UNDECIDED);
    const floats hidden = within && extension >= 0.0f ? extension : around[3];
    STORE_F16(surface, at + 3 * stride,
              too_far ? visible_share(seen, known, share_trust) : seen + (1.0f - known) * hidden);
}

/* The smallest scale: occluded pixels are interpolated from all others by inverse distance (D. Shepard, "A
 * two-dimensional interpolation function", 1968).
 */
KERNEL void fill_top(GLOBAL const f16 *RESTRICT sums, GLOBAL f16 *RESTRICT top, int rows, int width, int height,
                     int pitch, int stride, int first_surface, int too_far, int nearest_too_far)
{
    const int l = GLOBAL_Y / rows + first_surface, row = GLOBAL_Y % rows; /* borders included */
    GLOBAL const f16 *surface = sums + SURFACE(l) * stride;
    floats means[5], seen = (floats)(0.0f), known = (floats)(EPSILON), weights = known;
    for (int plane = 0; plane < 5; ++plane)
        means[plane] = (floats)(0.0f);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const int position = (y + PAD) * pitch + PAD + x;
            const floats dx = (float)(PAD + x - GLOBAL_X) - LANE_NUMBERS;
            const float dy = (float)(PAD + y - row);
            const floats square = dx * dx + (dy * dy + 0.1f);
            const floats weight = 1.0f / (square * square);
            seen += weight * ONE_F16(surface, position + 3 * stride);
            known += weight * ONE_F16(surface, position + 5 * stride);
            weights += weight * ONE_F16(surface, position + CERTAINTY * stride);
            for (int plane = 0; plane < 5; ++plane)
                means[plane] += weight * ONE_F16(surface, position + plane * stride);
        }
    const int ends = l > 0 ? too_far : nearest_too_far;
    const floats per_visible = 1.0f / weights;
    const int at = row * pitch + GLOBAL_X;
    const floats here = visible_share(LOAD_F16(surface, at + 3 * stride), LOAD_F16(surface, at + 5 * stride),
                                      l > 0 ? TRUST : TRUST_NEAREST);
    for (int plane = 0; plane < 5; ++plane)
        STORE_F16(top, at + (SURFACE_PLANES * l + plane) * stride,
              plane != 3 ? means[plane] * per_visible : ends ? here : seen / known);
}

/* All other scales fill occluded pixels from the next smaller scale, whose surfaces begin at plane `first`, and from
 * their extension, if `is_extended`.
 */
KERNEL void fill_scale(GLOBAL f16 *scale, GLOBAL const f16 *RESTRICT extended, GLOBAL const f16 *RESTRICT coarse,
                       int is_extended, int rows, int width, int pitch, int stride, int coarse_pitch,
                       int coarse_stride, int first, int first_surface, int too_far, int nearest_too_far)
{
    const int l = GLOBAL_Y / rows + first_surface, y = GLOBAL_Y % rows; /* borders included */
    const int at = y * pitch + GLOBAL_X;
    const ints x = GLOBAL_X + LANES;
    const ints within = (x >= PAD) & (x < PAD + width) & (ints)(y >= PAD && y < rows - PAD ? ~0 : 0);
    const floats seen = within ? LOAD_F16(scale, at + (SURFACE(l) + 3) * stride) : (floats)(0.0f);
    if (!any_positive(1.0f - lesser(seen, LOAD_F16(scale, at + (SURFACE(l) + CERTAINTY) * stride))))
        return; /* wholly visible */
    const int from = ((y + PAD) / 2) * coarse_pitch + (GLOBAL_X + PAD) / 2;
    const int step_y = y & 1 ? coarse_pitch : -coarse_pitch;
    GLOBAL const f16 *surface = coarse + (first + SURFACE_PLANES * l) * coarse_stride;
    floats around[5];
    for (int plane = 0; plane < 5; ++plane)
        around[plane] = (plane == 4 ? 2.0f : 1.0f) * doubled(surface + plane * coarse_stride, from, step_y);
    is_extended = is_extended && is_extended_at(scale + SURFACE(l) * stride, at, stride, within);
    complete(scale + SURFACE(l) * stride, extended + EXTENDED * l * stride, is_extended, at, stride, within, around,
             l > 0 ? too_far : nearest_too_far, l > 0 ? TRUST : TRUST_NEAREST);
}

/* Whether the surface is partly hidden in the run at index `at`, or with `around` in the pixels of its stencil. */
FUNCTION int is_hidden(GLOBAL const f16 *visible, int at, int pitch, int around)
{
    floats smallest = LOAD_F16(visible, at);
    for (int row = -STENCIL; around && row <= STENCIL; ++row)
        for (int x = -STENCIL; x <= STENCIL; x += RUN < 2 * STENCIL ? 1 : 2 * STENCIL)
            smallest = lesser(smallest, LOAD_F16(visible, at + row * pitch + x));
    return any_positive(1.0f - smallest);
}

/* A step by `pace` towards the smoothest continuation of the hidden parts: a spline under `tension`, from 0 to 1
 * (W. Smith and P. Wessel, "Gridding with continuous curvature splines in tension", Geophysics 55, 1990). Steps
 * alternate between the surfaces of the scale, where `is_back` ends, and `spare`, four planes a layer. Values are at
 * least `lowest`: they may be negative between two steps.
 */
KERNEL void smooth_hidden(GLOBAL f16 *scale, GLOBAL f16 *spare, int rows, int width, int height, int pitch, int stride,
                          int first_surface, int is_first, int is_back, float lowest, float tension, float pace)
{
    const int l = GLOBAL_Y / rows + first_surface, y = GLOBAL_Y % rows - STENCIL; /* rows of the border included */
    const int at = (y + PAD) * pitch + GLOBAL_X;
    GLOBAL f16 *surface = scale + SURFACE(l) * stride;
    if (GLOBAL_X + RUN + STENCIL <= PAD || GLOBAL_X >= PAD + width + STENCIL
        || !is_hidden(surface + 5 * stride, at, pitch, is_first))
        return;
    GLOBAL f16 *other = spare + 4 * l * stride;
    GLOBAL const f16 *from = is_back ? other : surface;
    GLOBAL f16 *to = is_back ? surface : other;
    const ints x = GLOBAL_X - PAD + LANES;
    const ints within = (x >= 0) & (x < width) & (ints)(y >= 0 && y < height ? ~0 : 0);
    const float bend = 1.0f - tension, of_own = 4.0f + 16.0f * bend;
    const floats step = within ? (floats)(pace / of_own) : (floats)(0.0f);
    const floats known = LOAD_F16(surface, at + 5 * stride);
    const floats free_cover = step * (1.0f - limited(SUPPORT * known, 0.0f, 1.0f));
    const floats unknown = 1.0f - limited(SUPPORT * LOAD_F16(surface, at + CERTAINTY * stride), 0.0f, 1.0f);
    const floats free_colour = known < 1.0f ? step * unknown : (floats)(0.0f);
    UNROLL for (int plane = 0; plane < 4; ++plane) {
        GLOBAL const f16 *here = from + at + plane * stride, *above = here - pitch, *below = here + pitch;
        const floats own = LOAD_F16(here, 0);
        const floats beside = LOAD_F16(here, -1) + LOAD_F16(here, 1) + LOAD_F16(above, 0) + LOAD_F16(below, 0);
        const floats across = LOAD_F16(above, -1) + LOAD_F16(above, 1) + LOAD_F16(below, -1) + LOAD_F16(below, 1);
        const floats beyond = LOAD_F16(here, -2) + LOAD_F16(here, 2) + LOAD_F16(above, -pitch) + LOAD_F16(below, pitch);
        const floats change = (1.0f + 7.0f * bend) * beside - bend * (2.0f * across + beyond) - of_own * own;
        STORE_F16(to, at + plane * stride,
              greater(own + (plane == 3 ? free_cover : free_colour) * change, (floats)(lowest)));
    }
}
