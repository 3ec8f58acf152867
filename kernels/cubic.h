/* Weights of the four lattice points around a position at fraction t between the middle two (E. Catmull and R. Rom, "A
 * class of local interpolating splines", 1974).
 */
#define WEIGHT_0(t) (t * (-0.5f + t * (1.0f - 0.5f * t)))
#define WEIGHT_1(t) (1.0f + t * t * (-2.5f + 1.5f * t))
#define WEIGHT_2(t) (t * (0.5f + t * (2.0f - 1.5f * t)))
#define WEIGHT_3(t) (t * t * (-0.5f + 0.5f * t))
