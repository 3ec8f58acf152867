/* Copies a plane: the maximum memory throughput, the baseline of `groundglass bench`. */
#include "portable.h"

KERNEL void copy(GLOBAL const float *RESTRICT source, GLOBAL float *RESTRICT to, int pitch)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    STORE(to, at, LOAD(source, at));
}
