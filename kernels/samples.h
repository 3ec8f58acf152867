/* Unpacks the samples of a run from bytes, in the layouts of engine/packing.py: PACKING is one of the names below.
 * `row` is the start of the row, `x` the run's first column.
 *
 * A run on a CPU is one or two groups of eight samples, gathered from a few bytes by shuffles: no loop over samples.
 */
#define U16 0
#define U16_SWAPPED 1
#define U8 2
#define RAW10 3
#define RAW12 4
#define P10 5
#define P12 6
#define U16_ROWS 7
#define RAW14 8
#define GEV10 9
#define GEV12 10
#ifndef PACKING
#define PACKING U16
#endif

#if RUN > 1

typedef uchar16 bytes_anywhere __attribute__((aligned(1)));
typedef uchar8 eight_anywhere __attribute__((aligned(1)));
typedef ushort8 words_anywhere __attribute__((aligned(1)));

#define SHIFTED_10 ((ushort8)(1 << 14, 1 << 12, 1 << 10, 1 << 8, 1 << 14, 1 << 12, 1 << 10, 1 << 8))
#define SHIFTED_14 ((ushort8)(1 << 10, 1 << 4, 1 << 6, 1, 1 << 10, 1 << 4, 1 << 6, 1))
#define SHIFTED_GEV10 ((ushort8)(1 << 14, 1 << 10, 1 << 14, 1 << 10, 1 << 14, 1 << 10, 1 << 14, 1 << 10))
#define SHIFTED_12 ((ushort8)(1 << 12, 1 << 8, 1 << 12, 1 << 8, 1 << 12, 1 << 8, 1 << 12, 1 << 8))

/* Eight samples; `from` is the offset of the first. Each is gathered into a word with the two bytes that hold its bits.
 * A multiplication shifts each word left by its own count, which removes the bits of other samples at the top.
 */
FUNCTION ushort8 eight_samples(GLOBAL const u8 *from)
{
#if PACKING == U16 || PACKING == U16_ROWS
    return *(GLOBAL const words_anywhere *)from;
#elif PACKING == U8
    return __builtin_convertvector(*(GLOBAL const eight_anywhere *)from, ushort8);
#else
    const uchar16 b = *(GLOBAL const bytes_anywhere *)from;
#if PACKING == U16_SWAPPED
    return as_ushort8(b.s1032547698badcfe);
#elif PACKING == RAW10
    const ushort8 words = as_ushort8(b.s4041424395969798); /* low bits below, high bits above */
    return (words >> (ushort8)(6) & (ushort8)(0x3fc)) | words * SHIFTED_10 >> (ushort8)(14);
#elif PACKING == RAW12
    const ushort8 words = as_ushort8(b.s202153548687b9ba);
    return (words >> (ushort8)(4) & (ushort8)(0xff0)) | words * SHIFTED_12 >> (ushort8)(12);
#elif PACKING == RAW14
    const ushort8 high = __builtin_convertvector(b.s0123789a, ushort8);
    return high << (ushort8)(6) | as_ushort8(b.s45455656bcbccdcd) * SHIFTED_14 >> (ushort8)(10);
#elif PACKING == GEV10
    const ushort8 words = as_ushort8(b.s101243457678a9ab);
    return (words >> (ushort8)(6) & (ushort8)(0x3fc)) | words * SHIFTED_GEV10 >> (ushort8)(14);
#elif PACKING == GEV12
    const ushort8 words = as_ushort8(b.s101243457678a9ab);
    return (words >> (ushort8)(4) & (ushort8)(0xff0)) | words * SHIFTED_12 >> (ushort8)(12);
#elif PACKING == P10
    return as_ushort8(b.s0112233456677889) * (ushort8)(64, 16, 4, 1, 64, 16, 4, 1) >> (ushort8)(6);
#else
    return as_ushort8(b.s0112344567789aab) * (ushort8)(16, 1, 16, 1, 16, 1, 16, 1) >> (ushort8)(4);
#endif
#endif
}

#define BYTES_OF_EIGHT                                                                                                 \
    (PACKING <= U16_SWAPPED || PACKING == U16_ROWS ? 16 : PACKING == U8 ? 8 : PACKING == RAW14 ? 14                    \
     : PACKING == RAW10 || PACKING == P10 ? 10 : 12)

FUNCTION floats samples(GLOBAL const u8 *row, int x)
{
    GLOBAL const u8 *from = row + (x >> 3) * BYTES_OF_EIGHT;
#if RUN == 16
    return __builtin_convertvector((ushort16)(eight_samples(from), eight_samples(from + BYTES_OF_EIGHT)), floats);
#else
    return __builtin_convertvector(eight_samples(from), floats);
#endif
}

#else

FUNCTION float samples(GLOBAL const u8 *row, int x)
{
#if PACKING == U16 || PACKING == U16_ROWS
    return (float)((GLOBAL const u16 *)row)[x];
#elif PACKING == U16_SWAPPED
    return (float)(row[2 * x] << 8 | row[2 * x + 1]);
#elif PACKING == U8
    return (float)row[x];
#elif PACKING == RAW10
    return (float)(row[x / 4 * 5 + x % 4] << 2 | (row[x / 4 * 5 + 4] >> 2 * (x % 4) & 3));
#elif PACKING == RAW12
    return (float)(row[x / 2 * 3 + x % 2] << 4 | (row[x / 2 * 3 + 2] >> 4 * (x % 2) & 15));
#elif PACKING == RAW14
    GLOBAL const u8 *group = row + x / 4 * 7;
    return (float)(group[x % 4] << 6 | ((group[4] | group[5] << 8 | group[6] << 16) >> 6 * (x % 4) & 63));
#elif PACKING == GEV10
    return (float)(row[x / 2 * 3 + x % 2 * 2] << 2 | (row[x / 2 * 3 + 1] >> 4 * (x % 2) & 3));
#elif PACKING == GEV12
    return (float)(row[x / 2 * 3 + x % 2 * 2] << 4 | (row[x / 2 * 3 + 1] >> 4 * (x % 2) & 15));
#else
    const int bits = PACKING == P10 ? 10 : 12;
    GLOBAL const u8 *from = row + x * bits / 8;
    return (float)((from[0] | from[1] << 8) >> x * bits % 8 & ((1 << bits) - 1));
#endif
}

#endif
