/* Words of the stereo kernels: bytes by the register, and what a step along a path does.
 *
 * H. Hirschmueller, "Stereo processing by semiglobal matching and mutual information", PAMI 2008, on Hamming distances
 * of the census (R. Zabih, J. Woodfill, "Non-parametric local transforms for computing visual correspondence", ECCV
 * 1994), which an exposure that differs between the two cameras does not change. All is whole numbers: every device
 * finds the same disparities.
 */
#include "portable.h"

/* Disparities searched, a multiple of 32. */
#ifndef DISPARITIES
#define DISPARITIES 64
#endif

/* A path's costs are kept less their least, and are at most CENSUS + JUMP; four of them must fit a byte. */
#define CENSUS 24        /* comparisons of a pixel with those around it */
#define STEP 6           /* what one disparity more or less costs from a pixel to the next */
#define JUMP 36          /* what more costs, where the picture is even */
#define MIN_JUMP 12    /* and where it has an edge */
#define JUMP_SLOPE 240.0f /* less for a difference of full scale */
#define UNSEEN 6         /* what a disparity costs that lies beside the right picture */

#define UNROLL _Pragma("unroll")

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
/* A run's whole numbers, each below 256, as bytes. */
typedef OF_RUN(uchar, RUN) run_bytes;
typedef run_bytes run_bytes_anywhere __attribute__((aligned(1)));
#define STORE_RUN_BYTES(to, at, values)                                                                                \
    (*(GLOBAL run_bytes_anywhere *)((to) + (at)) = __builtin_convertvector(values, run_bytes))
#define FEWER(a, b) __builtin_elementwise_min(a, b)
FUNCTION u8 min_of_bytes(bytes values) { return __builtin_reduce_min(FEWER(values.lo, values.hi)); }
FUNCTION u16 min_of_words(words values) { return __builtin_reduce_min(FEWER(values.lo, values.hi)); }
/* The 32 that begin with the last of `a`, and those that end with the first of `b`. */
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

/* The costs of the disparity before each, and of the one behind: `out` beyond both ends. */
#define BEFORE(costs, i, out) last_then((i) > 0 ? (costs)[(i) > 0 ? (i)-1 : 0] : (out), (costs)[i])
#define BEHIND(costs, i, out) then_first((costs)[i], (i) < PARTS - 1 ? (costs)[(i) < PARTS - 1 ? (i) + 1 : 0] : (out))
