/* Colour filter arrays with a repeating block of SIDE x SIDE photosites, and tables with a value for each of them.
 *
 * A row of a table repeats the columns of the block, so that a run of neighbouring pixels reads its values like pixels:
 * ROW values, from any column of the block on.
 */
#ifndef SIDE
#define SIDE 6
#endif
#define ROW (SIDE - 1 + RUN)

/* Index within the block of a column or row of the picture; it may be in the border. */
#define PHASE(i) (((i) + 4 * SIDE) % SIDE)

/* 0 red, 1 green, 2 blue, from a table with one row per row of the block. */
#define COLOURS_AT(colours, x, y) LOAD(colours, PHASE(y) * ROW + PHASE(x))
