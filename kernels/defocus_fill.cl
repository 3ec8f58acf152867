/* The surfaces of the layers, continued behind their occluders. With more than two layers, each scale extends a surface
 * by one pixel before the next is made of it; and its hidden parts continue as smoothly as a spline under tension.
 */
#define NARROW_F16 /* like kernels/defocus_layers.cl */
#include "portable.h"
#include "defocus.h"

/* Inverse of the part of a pixel in which a surface is seen that decides on what is occluded next to it. A surface of the
 * nearest layer continues only behind what is narrow: whether wide occluders have another one behind them is unknown.
 */
#define TRUST 16.0f
#define TRUST_NEAREST 1.0f
#define WHOLE 0.998f   /* less than the 1 of whole pixels, by more than halves are rounded */
#define LACKING 0.99f  /* a pixel with less has an occluder, and the mean of four pixels with it is not WHOLE */
#define RIDGE 0.3f /* added to the variance of positions, in pixels squared: few of them decide on no slope */
#define AROUND 1   /* pixels to the neighbours that an extension reads, */
#define STENCIL 2  /* and a step of a spline */
#define SUPPORT 5.0f /* inverse of the weight from which a pixel is fixed */
#define EXTENDED 5 /* planes of a layer that `extend` makes */

/* Sums over the neighbours of a run that show the surface: weight, its moments, and for each value the same. */
typedef struct {
    floats weight, x, y, xx, xy, yy, value[4], value_x[4], value_y[4];
} Moments;

/* Adds the pixel at (dx, dy) from each pixel of a run. `sums` are those of the surface at the run. */
FUNCTION void add_neighbour(Moments *moments, GLOBAL const f16 *sums, int dx, int dy, int pitch, int stride,
                            ints within)
{
    const int at = dy * pitch + dx, squared = dx * dx + dy * dy;
    const float nearness = 1.0f / ((float)squared + 0.25f);
    const floats near = within ? (floats)(nearness * nearness) : (floats)(0.0f);
    const float x = (float)dx, y = (float)dy;
    const floats weight = within ? near * LOAD_F16(sums, at + CERTAINTY * stride) : near;
    if (!any_positive(weight))
        return;
    moments->weight += weight;
    moments->x += x * weight;
    moments->y += y * weight;
    moments->xx += x * x * weight;
    moments->xy += x * y * weight;
    moments->yy += y * y * weight;
    UNROLL for (int plane = 0; plane < 4; ++plane) {
        const floats sum = LOAD_F16(sums, at + (plane < 3 ? plane : 4) * stride);
        const floats value = weight > 0.0f ? near * sum : (floats)(0.0f);
        moments->value[plane] += value;
        moments->value_x[plane] += x * value;
        moments->value_y[plane] += y * value;
    }
}

/* The values at a run: those of the plane through its neighbours, whose slope is held back by RIDGE. */
FUNCTION void extrapolate(const Moments *moments, floats *values)
{
    const floats per_weight = 1.0f / greater(moments->weight, (floats)(EPSILON));
    const floats x = moments->x * per_weight, y = moments->y * per_weight, xy = moments->xy * per_weight - x * y;
    const floats xx = moments->xx * per_weight - x * x + RIDGE, yy = moments->yy * per_weight - y * y + RIDGE;
    const floats per_area = 1.0f / (xx * yy - xy * xy);
    UNROLL for (int plane = 0; plane < 4; ++plane) {
        const floats mean = moments->value[plane] * per_weight;
        const floats along_x = moments->value_x[plane] * per_weight - mean * x;
        const floats along_y = moments->value_y[plane] * per_weight - mean * y;
        const floats slope_x = (yy * along_x - xy * along_y) * per_area;
        const floats slope_y = (xx * along_y - xy * along_x) * per_area;
        const floats value = mean - slope_x * x - slope_y * y;
        values[plane] = greater(lesser(value, 2.0f * mean), (floats)(0.0f));
    }
}

/* Positive where a pixel shows an occluder of the surface, or is next to one. The next function: whether a run has one. */
FUNCTION floats lacking_at(GLOBAL const f16 *surface, int at, int stride)
{
    return LOAD_F16(surface, at + 3 * stride) - LOAD_F16(surface, at + 5 * stride)
         - LOAD_F16(surface, at + CERTAINTY * stride) + LACKING;
}

FUNCTION int is_extended_at(GLOBAL const f16 *surface, int at, int stride, ints within)
{
    return any_positive(within ? lacking_at(surface, at, stride) : (floats)(0.0f));
}

/* Sums of a run from index `at` of the surface on: those of colour, radius and weight. */
FUNCTION void load_sums(GLOBAL const f16 *surface, int at, int stride, floats *sums)
{
    sums[4] = LOAD_F16(surface, at + CERTAINTY * stride);
    UNROLL for (int plane = 0; plane < 4; ++plane) {
        const floats sum = LOAD_F16(surface, at + (plane < 3 ? plane : 4) * stride);
        sums[plane] = sums[4] > 0.0f ? sum : (floats)(0.0f);
    }
}

/* Extends a run, whose `sums` change to those of the extended surface. Stores its values in `to`. */
FUNCTION void extend_run(GLOBAL const f16 *surface, GLOBAL f16 *to, int at, int pitch, int stride, int x, int width,
                         int first_row, int last_row, floats *sums)
{
    Moments moments = {0};
    for (int dy = first_row; dy <= last_row; ++dy)
        UNROLL for (int dx = -AROUND; dx <= AROUND; ++dx) {
            const ints column = x + dx + LANES;
            add_neighbour(&moments, surface + at, dx, dy, pitch, stride, (column >= 0) & (column < width));
        }
    const ints is_whole = lacking_at(surface, at, stride) <= 0.0f;
    const floats own = sums[4], per_weight = 1.0f / greater(own, (floats)(EPSILON));
    const floats weight = lesser(moments.weight, (floats)(1.0f));
    floats values[4];
    extrapolate(&moments, values);
    UNROLL for (int plane = 0; plane < 4; ++plane) {
        STORE_F16(to, at + plane * stride, is_whole ? per_weight * sums[plane] : values[plane]);
        sums[plane] = is_whole ? sums[plane] : weight * values[plane];
    }
    STORE_F16(to, at + 4 * stride, is_whole ? limited(TRUST * own, 0.0f, 1.0f) : weight);
    sums[4] = is_whole ? own : weight;
}

/* Extends the surfaces of a scale behind their occluders by one pixel, into `extended`: colour (0 to 2), radius (3) and
 * weight (4). The next smaller scale gets the means of that: so its pixels at an edge show the surface as a whole.
 */
KERNEL void extend(GLOBAL const f16 *RESTRICT fine_scale, GLOBAL f16 *RESTRICT extended, GLOBAL f16 *RESTRICT scale,
                   int rows, int width, int height, int pitch, int stride, int half_pitch, int half_stride,
                   int first_surface)
{
    const int l = GLOBAL_Y / rows + first_surface, y = GLOBAL_Y % rows;
    if (2 * GLOBAL_X >= width)
        return;
    GLOBAL const f16 *surface = fine_scale + SURFACE(l) * stride;
    GLOBAL f16 *coarse = scale + SURFACE(l) * half_stride + (y + PAD) * half_pitch + PAD + GLOBAL_X;
    const floats none = (floats)(0.0f), before = LOAD_F16(coarse, CERTAINTY * half_stride);
    if (!any_positive(WHOLE - before))
        return; /* wholly visible */
    floats means[5] = {none, none, none, none, none};
    for (int row = 2 * y; row < 2 * y + 2 && row < height; ++row) {
        floats found[2][5];
        for (int part = 0; part < 2; ++part) {
            const int x = 2 * GLOBAL_X + part * RUN, at = (row + PAD) * pitch + PAD + x;
            const ints within = x + LANES < width;
            load_sums(surface, at, stride, found[part]);
            if (is_extended_at(surface, at, stride, within))
                extend_run(surface, extended + EXTENDED * l * stride, at, pitch, stride, x, width,
                           row < AROUND ? -row : -AROUND, row + AROUND < height ? AROUND : height - 1 - row,
                           found[part]);
            UNROLL for (int sum = 0; sum < 5; ++sum)
                found[part][sum] = within ? found[part][sum] : none;
        }
        UNROLL for (int sum = 0; sum < 5; ++sum)
            means[sum] += 0.25f * (EVERY_SECOND(found[0][sum], found[1][sum], 0)
                                   + EVERY_SECOND(found[0][sum], found[1][sum], 1));
    }
    const ints is_changed = absolute(means[4] - before) > 1.0f - WHOLE;
    if (!any_positive(is_changed ? (floats)(1.0f) : none))
        return;
    means[3] *= 0.5f; /* a radius in pixels of the scale */
    for (int sum = 0; sum < 5; ++sum) {
        GLOBAL f16 *to = coarse + (sum < 3 ? sum : sum == 3 ? 4 : CERTAINTY) * half_stride;
        STORE_F16(to, 0, is_changed ? means[sum] : LOAD_F16(to, 0));
    }
}

/* Fraction of a pixel that a surface covers, from its `seen` part relative to the `known` part of the pixel. `trust` is
 * one of the above.
 */
FUNCTION floats visible_share(floats seen, floats known, float trust)
{
    return limited(trust * seen, 0.0f, 1.0f) * lesser(seen / greater(known, (floats)(EPSILON)), (floats)(1.0f));
}

/* Converts a surface in place from sums to means where it is visible or `extended`, and fills it from `around` where it is not
 * (push-pull; Gortler et al., "The Lumigraph", SIGGRAPH 1996). The border, outside `within`, is filled likewise. Where
 * the next smaller scale is `too_far` for any disc, it supplies the colour of the continued surface but no coverage.
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
    STORE_F16(surface, at + 3 * stride, too_far ? visible_share(seen, known, share_trust) : seen + (1.0f - known) * around[3]);
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
    const floats here = visible_share(LOAD_F16(surface, at + 3 * stride), LOAD_F16(surface, at + 5 * stride), l > 0 ? TRUST : TRUST_NEAREST);
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
    const floats hidden = 1.0f - LOAD_F16(surface, at + 5 * stride), free_cover = step * hidden;
    const floats unknown = 1.0f - limited(SUPPORT * LOAD_F16(surface, at + CERTAINTY * stride), 0.0f, 1.0f);
    const floats free_colour = hidden > 0.0f ? step * unknown : (floats)(0.0f);
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
