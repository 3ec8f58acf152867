/* Macros for the differences between OpenCL C and CUDA C++, so that each kernel is written once.
 *
 * A kernel runs over whole rows of padded planes (see engine/compute/planes.py): no guards, no clamps. One work-item
 * processes a run of RUN neighbouring pixels, held in one `floats`: 16 or 8 on a CPU, where it is a vector register,
 * and 1 on a GPU, where it is a plain float and the hardware vectorizes. (PoCL's compiler alone vectorizes only the
 * simplest kernels: after a call to a built-in, or pairs of operations that it joined too early, the loop stays scalar.
 * Measured: RCD 52 ms that way.)
 *
 * Arithmetic, comparison and ?: work on `floats` and `ints` as on scalars, in both languages.
 */
#ifdef __OPENCL_VERSION__

#define KERNEL __kernel
#define GLOBAL __global
#define FUNCTION static inline
#define RESTRICT restrict
#define GROUP_X ((int)get_global_id(0))
#define GLOBAL_Y ((int)get_global_id(1))
typedef uchar u8;
typedef ushort u16;
typedef half f16;

#else /* CUDA, compiled by NVRTC */

#define KERNEL extern "C" __global__
#define GLOBAL
#define FUNCTION static __device__ __forceinline__
#define RESTRICT __restrict__
#define GROUP_X ((int)(blockIdx.x * blockDim.x + threadIdx.x))
#define GLOBAL_Y ((int)(blockIdx.y * blockDim.y + threadIdx.y))
typedef unsigned char u8;
typedef unsigned short u16;
typedef u16 f16;

#endif

#ifndef __has_builtin
#define __has_builtin(name) 0
#endif

/* Before a loop of constant length over an array: only then the array stays in registers. */
#define UNROLL _Pragma("unroll")

/* Two neighbouring floats at an even index, in one store. */
#ifdef __OPENCL_VERSION__
#define STORE_PAIR(plane, at, first, second) vstore2((float2)(first, second), 0, (plane) + (at))
#else
#define STORE_PAIR(plane, at, first, second) (*(float2 *)((plane) + (at)) = make_float2(first, second))
#endif

/* The index of a pixel in a plane, and steps between pixels. With 64 bits on a CPU its addressing modes hold a step;
 * with 32 bits each load needs up to three more instructions (measured: RCD takes a tenth longer).
 */
#if RUN > 1
typedef long place;
#else
typedef int place;
#endif

#if RUN > 1
#define JOINED(a, b) a##b
#define OF_RUN(word, run) JOINED(word, run)
typedef OF_RUN(float, RUN) floats;
typedef OF_RUN(int, RUN) ints;
#if RUN == 16
typedef float8 half_floats;
#define LANES ((ints)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define REVERSED(values) ((values).sfedcba9876543210)
#else
typedef float4 half_floats;
#define LANES ((ints)(0, 1, 2, 3, 4, 5, 6, 7))
#define REVERSED(values) ((values).s76543210)
#endif
#define LANE_NUMBERS __builtin_convertvector(LANES, floats)
typedef floats floats_anywhere __attribute__((aligned(4)));
#define LOAD(plane, at) (*(GLOBAL const floats_anywhere *)((plane) + (at)))
#define STORE(plane, at, values) (*(GLOBAL floats_anywhere *)((plane) + (at)) = (values))
#define LOAD_U16(numbers, at) OF_RUN(convert_float, RUN)(OF_RUN(vload, RUN)(0, (numbers) + (at)))
/* Every second pixel, starting at `at`. */
#define LOAD_HALVED(plane, at) ((floats)(LOAD(plane, at).even, LOAD(plane, (at) + RUN).even))
/* The left (side 0) or right (1) pixels of pairs of neighbours, whose runs are `low` and `high`. */
#define EVERY_SECOND(low, high, side)                                                                                  \
    ((side) ? (floats)((low).odd, (high).odd) : (floats)((low).even, (high).even))
#define absolute(x) OF_RUN(as_float, RUN)(OF_RUN(as_int, RUN)(x) & 0x7fffffff)
#else
typedef float floats;
typedef int ints;
#define LANES 0
#define LANE_NUMBERS 0.0f
#define REVERSED(values) (values)
#define LOAD(plane, at) ((plane)[at])
#define LOAD_U16(numbers, at) ((float)(numbers)[at])
#define STORE(plane, at, values) ((plane)[at] = (values))
#define LOAD_HALVED(plane, at) ((plane)[at])
#define EVERY_SECOND(low, high, side) ((side) ? (high) : (low))
#define absolute(x) fabs((float)(x))
#endif

FUNCTION floats lesser(floats a, floats b) { return a < b ? a : b; }
FUNCTION floats greater(floats a, floats b) { return a > b ? a : b; }

/* Planes of half floats: half the memory traffic of floats, rounded to 2^-11 of the value. Values above the largest half
 * float are stored as that. In a run, PoCL's own conversions are calls for some lengths. With NARROW_F16 a run of 16 is
 * converted in two halves.
 */
#define LARGEST_F16 65504.0f
#define ALL_LANES ((ushort)0xffff)
#define CURRENT_ROUNDING 4
#if RUN > 1 && defined(__F16C__) && __has_builtin(__builtin_ia32_vcvtph2ps256)
typedef short8 shorts_anywhere __attribute__((aligned(2)));
#define EIGHT_F16(plane, at) __builtin_ia32_vcvtph2ps256(*(GLOBAL const shorts_anywhere *)((plane) + (at)))
#define PUT_EIGHT_F16(plane, at, values)                                                                               \
    (*(GLOBAL shorts_anywhere *)((plane) + (at)) = __builtin_ia32_vcvtps2ph256(values, 0))
#if RUN == 8
#define LOAD_F16(plane, at) EIGHT_F16(plane, at)
#define STORE_F16(plane, at, values) PUT_EIGHT_F16(plane, at, lesser(values, (floats)(LARGEST_F16)))
#elif defined(__AVX512F__) && !defined(NARROW_F16) && __has_builtin(__builtin_ia32_vcvtph2ps512_mask)
typedef short16 all_shorts_anywhere __attribute__((aligned(2)));
#define LOAD_F16(plane, at)                                                                                            \
    __builtin_ia32_vcvtph2ps512_mask(*(GLOBAL const all_shorts_anywhere *)((plane) + (at)), (floats)(0.0f), ALL_LANES, \
                                     CURRENT_ROUNDING)
#define SIXTEEN_F16(values) __builtin_ia32_vcvtps2ph512_mask(values, 0, (short16)(0), ALL_LANES)
#define STORE_F16(plane, at, values)                                                                                   \
    (*(GLOBAL all_shorts_anywhere *)((plane) + (at)) = SIXTEEN_F16(lesser(values, (floats)(LARGEST_F16))))
#else
#define LOAD_F16(plane, at) ((floats)(EIGHT_F16(plane, at), EIGHT_F16(plane, (at) + 8)))
FUNCTION void store_f16(GLOBAL f16 *to, floats values)
{
    PUT_EIGHT_F16(to, 0, values.lo);
    PUT_EIGHT_F16(to, 8, values.hi);
}
#define STORE_F16(plane, at, values) store_f16((plane) + (at), lesser(values, (floats)(LARGEST_F16)))
#endif
#elif RUN > 1
#define LOAD_F16(plane, at) OF_RUN(vload_half, RUN)(0, (plane) + (at))
#define STORE_F16(plane, at, values)                                                                                   \
    OF_RUN(vstore_half, RUN)(lesser(values, (floats)(LARGEST_F16)), 0, (plane) + (at))
#elif defined(__OPENCL_VERSION__)
#define LOAD_F16(plane, at) vload_half(at, plane)
#define STORE_F16(plane, at, value) vstore_half(lesser(value, LARGEST_F16), at, plane)
#else
#ifdef __CUDACC__
FUNCTION float widened(f16 bits)
{
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
}
FUNCTION f16 narrowed(float value)
{
    f16 bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}
#endif
#define LOAD_F16(plane, at) widened((plane)[at])
#define STORE_F16(plane, at, value) ((plane)[at] = narrowed(lesser(value, LARGEST_F16)))
#endif
#ifdef __OPENCL_VERSION__
#define ONE_F16(plane, at) vload_half(at, plane)
#define PUT_ONE_F16(plane, at, value) vstore_half(value, at, plane)
#else
#define ONE_F16(plane, at) widened((plane)[at])
#define PUT_ONE_F16(plane, at, value) ((plane)[at] = narrowed(value))
#endif
/* The left and right pixels of pairs of neighbours, starting at `at`. */
FUNCTION void load_pairs(GLOBAL const float *plane, int at, floats *left, floats *right)
{
    const floats low = LOAD(plane, at), high = LOAD(plane, at + RUN);
    *left = EVERY_SECOND(low, high, 0);
    *right = EVERY_SECOND(low, high, 1);
}
FUNCTION void load_pairs_f16(GLOBAL const f16 *plane, int at, floats *left, floats *right)
{
    const floats low = LOAD_F16(plane, at), high = LOAD_F16(plane, at + RUN);
    *left = EVERY_SECOND(low, high, 0);
    *right = EVERY_SECOND(low, high, 1);
}

/* The bits of floats as ints, and back. What depends on NaN or infinity is decided by these: what kernels are built
 * with (-cl-fast-relaxed-math, --use_fast_math) lets a compiler drop comparisons of floats that ask for it.
 */
#if RUN > 1
#define BITS(values) OF_RUN(as_int, RUN)(values)
#define OF_BITS(numbers) OF_RUN(as_float, RUN)(numbers)
#elif defined(__OPENCL_VERSION__)
#define BITS(value) as_int(value)
#define OF_BITS(number) as_float(number)
#else
#define BITS(value) __float_as_int(value)
#define OF_BITS(number) __int_as_float(number)
#endif

/* Values rounded to those that a half float holds, from 2^-14 on: for values derived from one that is stored, such as
 * the area of a disc from its radius.
 */
FUNCTION floats rounded_f16(floats values)
{
    const ints bits = BITS(values);
    return OF_BITS((bits + 0xfff + (bits >> 13 & 1)) & ~0x1fff);
}

/* STREAM stores values at an aligned address without caching them, for data that is not read again soon. With a normal
 * store a CPU first reads every cache line that it overwrites.
 */
#if RUN > 1 && __has_builtin(__builtin_nontemporal_store)
#define STREAM(plane, at, values) __builtin_nontemporal_store(values, (GLOBAL floats *)((plane) + (at)))
#else
#define STREAM(plane, at, values) STORE(plane, at, values)
#endif
#if RUN == 8 && defined(PUT_EIGHT_F16) && __has_builtin(__builtin_nontemporal_store)
#define STREAM_F16(plane, at, values)                                                                                  \
    __builtin_nontemporal_store(__builtin_ia32_vcvtps2ph256(lesser(values, (floats)(LARGEST_F16)), 0),                 \
                                (GLOBAL short8 *)((plane) + (at)))
#elif defined(SIXTEEN_F16) && __has_builtin(__builtin_nontemporal_store)
#define STREAM_F16(plane, at, values)                                                                                  \
    __builtin_nontemporal_store(SIXTEEN_F16(lesser(values, (floats)(LARGEST_F16))), (GLOBAL short16 *)((plane) + (at)))
#else
#define STREAM_F16(plane, at, values) STORE_F16(plane, at, values)
#endif

/* Fetches the cache line of an index ahead of its use, for kernels that read a tile of many rows: a CPU's own prefetching
 * follows few rows at a time (measured: 0.7 to 0.8 of the time of such a kernel). AHEAD columns are a few tiles.
 */
#define AHEAD 64
#if RUN > 1 && __has_builtin(__builtin_prefetch)
#define PREFETCH(plane, at) __builtin_prefetch((const void *)(ulong)((plane) + (at)))
#else
#define PREFETCH(plane, at)
#endif

/* Two runs from the left and the right pixels of pairs of neighbours, stored as STREAM and STORE do. */
#if RUN > 1
FUNCTION floats paired(half_floats left, half_floats right)
{
    floats run;
    run.even = left;
    run.odd = right;
    return run;
}
#define STREAM_PAIRS(plane, at, left, right) PUT_PAIRS(STREAM, plane, at, left, right)
#define STORE_PAIRS(plane, at, left, right) PUT_PAIRS(STORE, plane, at, left, right)
#define PUT_PAIRS(put, plane, at, left, right)                              \
    {                                                                       \
        const floats all_left = left, all_right = right;                    \
        put(plane, at, paired(all_left.lo, all_right.lo));                  \
        put(plane, (at) + RUN, paired(all_left.hi, all_right.hi));          \
    }
#else
#define STREAM_PAIRS(plane, at, left, right) STORE_PAIR(plane, at, left, right)
#define STORE_PAIRS(plane, at, left, right) STORE_PAIR(plane, at, left, right)
#endif

/* Column of the first pixel of this work-item's run. */
#define GLOBAL_X (GROUP_X * RUN)

/* Border of every plane, in pixels on each side; engine/compute/planes.py defines the same value. */
#define PAD 16

FUNCTION floats limited(floats x, float low, float high) { return lesser(greater(x, (floats)(low)), (floats)(high)); }
/* PoCL's own vector sqrt is a call, before which every register is saved. */
#if RUN == 8 && defined(__AVX__) && __has_builtin(__builtin_ia32_sqrtps256)
#define square_root(x) __builtin_ia32_sqrtps256(x)
#elif RUN == 16 && defined(__AVX512F__) && __has_builtin(__builtin_ia32_sqrtps512)
#define square_root(x) __builtin_ia32_sqrtps512(x, CURRENT_ROUNDING)
#elif RUN == 16 && defined(__AVX__) && __has_builtin(__builtin_ia32_sqrtps256)
FUNCTION floats square_root(floats x)
{
    return (floats)(__builtin_ia32_sqrtps256(x.lo), __builtin_ia32_sqrtps256(x.hi));
}
#elif defined(__OPENCL_VERSION__)
#define square_root(x) sqrt(x)
#else
#define square_root(x) sqrtf(x)
#endif

/* Square root of one float, within a loop: PoCL's own is a call, which spills every vector register. */
#if __has_builtin(__builtin_sqrtf)
#define scalar_root(x) __builtin_sqrtf(x)
#else
#define scalar_root(x) square_root(x)
#endif

/* Truncation of a run towards 0; conversion of integers to floats; one lane of a run; gather at a run of indices; and a
 * permutation of a run in a register by `lanes` (0 to RUN - 1), which is faster than `taken`.
 */
#if RUN > 1
#define LANE(values, lane) (values)[lane]
#define TRUNCATED(values) __builtin_convertvector(values, ints)
#define IN_FLOATS(numbers) __builtin_convertvector(numbers, floats)
FUNCTION floats taken(GLOBAL const float *from, ints places)
{
    floats values;
#pragma unroll
    for (int i = 0; i < RUN; ++i)
        values[i] = from[places[i]];
    return values;
}
FUNCTION floats taken_f16(GLOBAL const f16 *from, ints places)
{
    floats values;
#pragma unroll
    for (int i = 0; i < RUN; ++i)
        values[i] = ONE_F16(from, places[i]);
    return values;
}
#if RUN == 8 && defined(__AVX2__) && __has_builtin(__builtin_ia32_permvarsf256)
#define permuted(values, lanes) __builtin_ia32_permvarsf256(values, lanes)
#elif RUN == 16 && defined(__AVX512F__) && __has_builtin(__builtin_ia32_permvarsf512)
#define permuted(values, lanes) __builtin_ia32_permvarsf512(values, lanes)
#else
FUNCTION floats permuted(floats values, ints lanes)
{
    floats chosen;
#pragma unroll
    for (int i = 0; i < RUN; ++i)
        chosen[i] = values[lanes[i]];
    return chosen;
}
#endif
#else
#define LANE(value, lane) (value)
#define TRUNCATED(values) ((int)(values))
#define IN_FLOATS(numbers) ((float)(numbers))
#define taken(from, place) ((from)[place])
#define taken_f16(from, place) ONE_F16(from, place)
#define permuted(value, lane) (value)
#endif

/* Whether any value of a run is greater than 0. */
#if RUN == 8 && defined(__AVX__) && __has_builtin(__builtin_ia32_movmskps256)
#define any_positive(values) (__builtin_ia32_movmskps256(as_float8((values) > 0.0f)) != 0)
#elif RUN == 16 && defined(__AVX512F__) && __has_builtin(__builtin_ia32_cmpps512_mask)
#define IS_GREATER 14
#define any_positive(values)                                                                                           \
    (__builtin_ia32_cmpps512_mask(values, (floats)(0.0f), IS_GREATER, ALL_LANES, CURRENT_ROUNDING) != 0)
#else
#define any_positive(values) (largest(values) > 0.0f)
#endif

/* The largest of a run's values, and their sum. */
#if RUN > 1
FUNCTION float sum_of(floats values)
{
#if RUN == 16
    const float8 a = values.lo + values.hi;
#else
    const float8 a = values;
#endif
    const float4 b = a.lo + a.hi;
    const float2 c = b.lo + b.hi;
    return c.x + c.y;
}
FUNCTION float largest(floats values)
{
#if RUN == 16
    const float8 a = values.lo > values.hi ? values.lo : values.hi;
#else
    const float8 a = values;
#endif
    const float4 b = a.lo > a.hi ? a.lo : a.hi;
    const float2 c = b.lo > b.hi ? b.lo : b.hi;
    return c.x > c.y ? c.x : c.y;
}
#else
#define largest(values) (values)
#define sum_of(values) (values)
#endif
