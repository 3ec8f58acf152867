/* Sectors of the aperture (tables from engine/optics/sectors.py). The layers are composited for each sector alone: the
 * light through a sector meets the same occluders, that through the whole aperture does not (the covered fractions of
 * two layers are not independent). SECTORS is 1 for a single composite.
 */
#include "aperture.h"

/* The tables of the cells of a sector, from 1 on. */
FUNCTION GLOBAL const float *sector_of(GLOBAL const float *aperture, int sector, int cells)
{
    return aperture + (SECTORS > 1 ? sector - 1 : 0) * cells * CELL_FLOATS;
}

FUNCTION float sector_share(GLOBAL const float *cell)
{
#if SECTORS > 1
    return cell[SHARE_AT];
#else
    return 1.0f;
#endif
}

/* Weight of a tap, relative to that in the whole aperture. All sectors share the first tap, the pixel itself. */
FUNCTION float tap_weight(GLOBAL const float *cell, int tap)
{
#if SECTORS > 1
    return tap > 0 ? cell[SHARE_AT + 1] : 1.0f;
#else
    return 1.0f;
#endif
}

/* Adds the opacity of a run in a sector to that in the sectors before. */
FUNCTION void add_opacity(GLOBAL float *opacity, int sector, floats share)
{
#if SECTORS > 1
    STORE(opacity, 0, sector > 1 ? LOAD(opacity, 0) + share : share);
#endif
}

/* Stores a colour of a run, or with sectors adds it to the light of the sectors before. The last sector divides by the
 * sum of their opacities, which is at index `opacity`.
 */
FUNCTION void store_sector(GLOBAL float *picture, place opacity, place at, int sector, floats light)
{
#if SECTORS > 1
    if (sector > 1)
        light += LOAD(picture, at);
    if (sector == SECTORS)
        light /= greater(LOAD(picture, opacity), (floats)(EPSILON));
#endif
    STREAM(picture, at, light);
}
