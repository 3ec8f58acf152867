/* Shared code of the stereo kernels: bytes in registers, and one step along a path.
 *
 * H. Hirschmueller, "Stereo processing by semiglobal matching and mutual information", PAMI 2008, on Hamming distances
 * of the census transform (R. Zabih, J. Woodfill, "Non-parametric local transforms for computing visual
 * correspondence", ECCV 1994), which is invariant to exposure differences between the cameras. All arithmetic is
 * integer: every device computes the same disparities.
 */
#include "portable.h"

/* Disparities searched, a multiple of 32. */
#ifndef DISPARITIES
#define DISPARITIES 64
#endif

/* A path's costs are stored minus their minimum, and are at most CENSUS + JUMP; the sum of four must fit a byte. */
#define CENSUS 24        /* comparisons of a pixel with its neighbourhood */
#define STEP 6           /* cost of a disparity change of one between pixels */
#define JUMP 36          /* cost of a larger change, in uniform areas */
#define MIN_JUMP 12    /* the same at an edge */
#define JUMP_SLOPE 240.0f /* reduction for a difference of full scale */
#define OUTSIDE 6         /* cost of a disparity outside the right picture */

#if RUN > 1
#define BYTES 32
#define WORDS 16
typedef uchar bytes __attribute__((ext_vector_type(32)));
typedef ushort words __attribute__((ext_vector_type(16)));
typedef bytes bytes_anywhere __attribute__((aligned(1)));
typedef words words_anywhere __attribute__((aligned(2)));
#define LOAD_BYTES(from, at) (*(GLOBAL const bytes_anywhere *)((from) + (at)))
#define STORE_BYTES(to, at, values) (*(GLOBAL bytes_anywhere *)((to) + (at)) = (values))
#define LOAD_WORDS(from, at) (*(GLOBAL const words_anywhere *)((from) + (at)))
#define STORE_WORDS(to, at, values) (*(GLOBAL words_anywhere *)((to) + (at)) = (values))
#define STREAM_BYTES(to, at, values) __builtin_nontemporal_store(values, (GLOBAL bytes *)((to) + (at)))
#define BYTE_LANES                                                                                                     \
    ((bytes)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,     \
             28, 29, 30, 31))
#define WORD_LANES ((words)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define WIDENED(from, at) __builtin_convertvector(*(GLOBAL const halfbytes_anywhere *)((from) + (at)), words)
typedef uchar halfbytes __attribute__((ext_vector_type(16)));
typedef halfbytes halfbytes_anywhere __attribute__((aligned(1)));
/* A run of integers below 256, as bytes. */
typedef OF_RUN(uchar, RUN) run_bytes;
typedef run_bytes run_bytes_anywhere __attribute__((aligned(1)));
#define STORE_RUN_BYTES(to, at, values)                                                                                \
    (*(GLOBAL run_bytes_anywhere *)((to) + (at)) = __builtin_convertvector(values, run_bytes))
#define FEWER(a, b) __builtin_elementwise_min(a, b)
FUNCTION u8 min_of_bytes(bytes values) { return __builtin_reduce_min(FEWER(values.lo, values.hi)); }
FUNCTION u16 min_of_words(words values) { return __builtin_reduce_min(FEWER(values.lo, values.hi)); }
/* The 32 bytes that start at the last of `a`, and those that end at the first of `b`. */
FUNCTION bytes last_then(bytes a, bytes b)
{
    return __builtin_shufflevector(a, b, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50,
                                   51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62);
}
FUNCTION bytes then_first(bytes a, bytes b)
{
    return __builtin_shufflevector(a, b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
                                   23, 24, 25, 26, 27, 28, 29, 30, 31, 32);
}
#else
#define BYTES 1
#define WORDS 1
typedef u8 bytes;
typedef u16 words;
#define LOAD_BYTES(from, at) ((from)[at])
#define STORE_BYTES(to, at, values) ((to)[at] = (values))
#define LOAD_WORDS(from, at) ((from)[at])
#define STORE_WORDS(to, at, values) ((to)[at] = (values))
#define STREAM_BYTES(to, at, values) ((to)[at] = (values))
#define BYTE_LANES ((u8)0)
#define WORD_LANES ((u16)0)
#define WIDENED(from, at) ((u16)(from)[at])
#define STORE_RUN_BYTES(to, at, values) ((to)[at] = (u8)(values))
#define FEWER(a, b) ((a) < (b) ? (a) : (b))
#define min_of_bytes(values) (values)
#define min_of_words(values) (values)
#define last_then(a, b) (a)
#define then_first(a, b) (b)
#endif

#define PARTS (DISPARITIES / BYTES)

/* The costs of the previous and of the next disparity: `out` beyond both ends. */
#define BEFORE(costs, i, out) last_then((i) > 0 ? (costs)[(i) > 0 ? (i)-1 : 0] : (out), (costs)[i])
#define BEHIND(costs, i, out) then_first((costs)[i], (i) < PARTS - 1 ? (costs)[(i) < PARTS - 1 ? (i) + 1 : 0] : (out))
