/* The table of a matte's tiles: the distances of the subject and of the background, and the largest part of a pixel
 * that the smaller of both covers.
 */
#define SIDES 3
#define NEAR_SIDE 0
#define FAR_SIDE 1
#define MIXED 2
