/* A copy of a plane: what the memory can do at best, by which `groundglass bench` judges the rest. */
#include "portable.h"

KERNEL void copy(GLOBAL const float *RESTRICT source, GLOBAL float *RESTRICT to, int pitch)
{
    const int at = (GLOBAL_Y + PAD) * pitch + PAD + GLOBAL_X;
    STORE(to, at, LOAD(source, at));
}
