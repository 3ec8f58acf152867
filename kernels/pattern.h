/* Colour filter arrays whose block of SIDE x SIDE sites repeats, and tables of numbers for each of its sites.
 *
 * A row of such a table holds the columns of the block again and again, so that a run of neighbouring pixels reads its
 * numbers like pixels: ROW numbers, from any column of the block on.
 */
#ifndef SIDE
#define SIDE 6
#endif
#define ROW (SIDE - 1 + RUN)

/* Where in the block a column or row of the picture lies; it may lie in the border, too. */
#define PHASE(i) (((i) + 4 * SIDE) % SIDE)

/* 0 red, 1 green, 2 blue, from a table of one row for each row of the block. */
#define COLOURS_AT(colours, x, y) LOAD(colours, PHASE(y) * ROW + PHASE(x))
