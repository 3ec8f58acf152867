/* What shaders have and kernels lack: a look that is translated to a kernel (engine/look/kernel_route/) is written in
 * these words. Its error is far below that of a picture of 8 bits.
 */
#include "portable.h"

/* Numbers of the look, the same for all pixels, by their place in its buffer, which holds each once for every lane: a
 * CPU then takes them from memory within an operation, and no instruction spreads them (a sixth of all). So it takes
 * constants, too.
 */
#define NUMBER(place) (((GLOBAL const floats *)numbers)[place])
#define WHOLE(place) (((GLOBAL const ints *)numbers)[place])
#define NATURAL(place) IN_NATURALS(WHOLE(place))
#if RUN > 1
#define CONSTANT(place, number) NUMBER(place)
#else
#define CONSTANT(place, number) (number)
#endif

/* Unsigned integers. A mask has lanes of 0 or -1. */
#if RUN > 1
typedef OF_RUN(uint, RUN) naturals;
#define IN_NATURALS(numbers) OF_RUN(as_uint, RUN)(numbers)
#define IN_INTS(numbers) OF_RUN(as_int, RUN)(numbers)
#define NATURALS_IN_FLOATS(numbers) __builtin_convertvector(numbers, floats)
#else
typedef unsigned int naturals;
#define IN_NATURALS(numbers) ((naturals)(numbers))
#define IN_INTS(numbers) ((ints)(numbers))
#define NATURALS_IN_FLOATS(numbers) ((float)(numbers))
#endif
#define CHOSEN(mask, yes, no) ((mask) ? (yes) : (no))

/* Division and roots. A division is an estimate and one step of Newton's method: an estimate alone is 4e-4 from the
 * quotient, relative, and the gamut mapping makes a dark channel from the difference of two bright ones. A compiler's own
 * step takes an operation more, a tenth of a look's time. With AVX-512 roots are estimated, too, in a quarter of the time
 * of their own instruction; with AVX2 that is as quick.
 */
#if RUN == 16 && defined(__AVX512F__) && __has_builtin(__builtin_ia32_rcp14ps512_mask)
FUNCTION floats quotient(floats a, floats b)
{
    const floats estimate = __builtin_ia32_rcp14ps512_mask(b, b, (ushort)0xffff);
    return a * (estimate * (2.0f - b * estimate));
}
FUNCTION floats inverse_root(floats x)
{
    const floats positive = greater(x, (floats)(1e-30f));
    const floats estimate = __builtin_ia32_rsqrt14ps512_mask(positive, positive, (ushort)0xffff);
    return estimate * (1.5f - 0.5f * positive * estimate * estimate);
}
FUNCTION floats root(floats x) { return greater(x, (floats)(0.0f)) * inverse_root(x); }
#elif RUN == 8 && defined(__AVX__) && __has_builtin(__builtin_ia32_rcpps256)
FUNCTION floats quotient(floats a, floats b)
{
    const floats estimate = __builtin_ia32_rcpps256(b);
    return a * (estimate * (2.0f - b * estimate));
}
#define inverse_root(x) ((floats)(1.0f) / square_root(x))
#define root(x) square_root(x)
#else
#define quotient(a, b) ((a) / (b))
#define inverse_root(x) ((floats)(1.0f) / square_root(x))
#define root(x) square_root(x)
#endif

/* The largest whole number that is not above x, |x| < 2^31. */
FUNCTION floats floor_of(floats x)
{
    const floats whole = IN_FLOATS(TRUNCATED(x));
    return whole > x ? whole - 1.0f : whole;
}

/* 2 to the power of x, -126 to 127, and logarithms to the base of 2 of positive numbers: polynomials on [-1/2, 1/2] and
 * on [sqrt(1/2), sqrt(2)] whose errors are 1e-7, relative, and 3.4e-7, absolute.
 */
FUNCTION floats power_of_two(floats x)
{
    const floats bounded = limited(x, -126.0f, 127.0f);
    const floats whole = floor_of(bounded + 0.5f), part = bounded - whole;
    const floats low = 0.693146856f + part * (0.24022238f + part * 0.0555089295f);
    const floats high = 0.00967169794f + part * 0.00132186725f;
    return (1.0f + part * (low + part * part * part * high)) * OF_BITS((TRUNCATED(whole) + 127) << 23);
}
FUNCTION floats logarithm(floats x)
{
    const ints bits = BITS(greater(x, (floats)(1.1754944e-38f)));
    const ints exponent = (bits - 0x3F3504F3) >> 23; /* bits of sqrt(1/2) */
    const floats part = OF_BITS(bits - (exponent << 23)) - 1.0f;
    const floats low = 1.44270101f + part * (-0.721368393f + part * 0.480402376f);
    const floats high = (-0.359203948f + part * 0.298260398f) + part * part * (-0.270926707f + part * 0.165175346f);
    return IN_FLOATS(exponent) + part * (low + part * part * part * high);
}
#define power(x, exponent) power_of_two((exponent) * logarithm(x))

/* Scene light with the range of a transfer to GL: negative light and NaN are 0, the maximum is 65504. Bits are compared,
 * since relaxed arithmetic assumes that every value is finite (pack_scene.cl).
 */
FUNCTION floats scene_light(floats light)
{
    const ints bits = BITS(light);
    const ints positive = bits > 0 ? bits : (ints)(0);
    const ints number = positive > 0x7F800000 ? (ints)(0) : positive;
    return OF_BITS(number < 0x477FE000 ? number : (ints)(0x477FE000));
}

/* A pixel of four codes of 8 bits, from values that fit an int once multiplied by 255: output.glsl limits them to 0..1.
 * With AVX2 the codes are limited as they are packed, each half of a run by itself.
 */
#define CODE_OF(value) ((value) * 255.0f + 0.5f)
#if RUN == 8 && defined(__AVX2__) && __has_builtin(__builtin_ia32_packusdw256)
typedef char char_lanes __attribute__((ext_vector_type(32)));
FUNCTION floats rgba8(floats red, floats green, floats blue, floats alpha)
{
    const short16 red_green = __builtin_ia32_packusdw256(TRUNCATED(CODE_OF(red)), TRUNCATED(CODE_OF(green)));
    const short16 blue_alpha = __builtin_ia32_packusdw256(TRUNCATED(CODE_OF(blue)), TRUNCATED(CODE_OF(alpha)));
    const char_lanes codes = __builtin_ia32_packuswb256(red_green, blue_alpha);
    const int4 order = (int4)(0x0C080400, 0x0D090501, 0x0E0A0602, 0x0F0B0703); /* codes of one channel lie together */
    return as_float8(__builtin_ia32_pshufb256(codes, __builtin_astype((ints)(order, order), char_lanes)));
}
#else
FUNCTION ints code_of(floats value) { return TRUNCATED(limited(CODE_OF(value), 0.0f, 255.0f)); }
FUNCTION floats rgba8(floats red, floats green, floats blue, floats alpha)
{
    return OF_BITS(code_of(red) | code_of(green) << 8 | code_of(blue) << 16 | code_of(alpha) << 24);
}
#endif

/* The first `count` pixels of a run to `at`; all of them past the caches where every row begins at a run's place. */
FUNCTION void store_pixels(GLOBAL float *RESTRICT picture, int at, floats pixels, int count, int is_aligned)
{
    if (is_aligned)
        STREAM(picture, at, pixels);
    else if (count >= RUN)
        STORE(picture, at, pixels);
    else
        for (int lane = 0; lane < count; ++lane)
            picture[at + lane] = LANE(pixels, lane);
}
