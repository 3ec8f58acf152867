/* Multiplies and adds without memory traffic: the maximum arithmetic throughput, a baseline of `groundglass bench`.
 *
 * Twelve independent sums hide the latency of the operation and still fit into sixteen vector registers.
 */
#include "portable.h"

KERNEL void multiply_add(GLOBAL float *RESTRICT to, int rounds, float factor, float term)
{
    floats a = LANE_NUMBERS + term, b = a + term, c = b + term, d = c + term, e = d + term, f = e + term;
    floats g = f + term, h = g + term, i = h + term, j = i + term, k = j + term, l = k + term;
    for (int round = 0; round < rounds; round++) {
        a = a * factor + term;
        b = b * factor + term;
        c = c * factor + term;
        d = d * factor + term;
        e = e * factor + term;
        f = f * factor + term;
        g = g * factor + term;
        h = h * factor + term;
        i = i * factor + term;
        j = j * factor + term;
        k = k * factor + term;
        l = l * factor + term;
    }
    STORE(to, GLOBAL_X, a + b + c + d + e + f + g + h + i + j + k + l);
}
