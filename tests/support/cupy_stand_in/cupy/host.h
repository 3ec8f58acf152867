/* CUDA's words for the host: the text of a kernel file after this header is C++. Work-items run one after another; those
 * of a group that meet at a barrier are fibres of one thread.
 */
#include <cmath>
#include <cstring>
#include <cstdlib>
#include <ucontext.h>

#undef __has_builtin
#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __shared__ static thread_local

struct Index { int x, y, z; };
struct float2 { float x, y; };
static thread_local Index blockIdx, threadIdx, blockDim, gridDim;

static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline int __float_as_int(float number) { int bits; std::memcpy(&bits, &number, 4); return bits; }
static inline float __int_as_float(int bits) { float number; std::memcpy(&number, &bits, 4); return number; }
/* Half floats, which kernels/portable.h converts by instructions of the GPU. */
static inline float widened(unsigned short bits)
{
    const float size = __int_as_float((bits & 0x7fff) << 13) * 5.192296858534828e33f; /* 2^112 */
    return bits & 0x8000 ? -size : size;
}
static inline unsigned short narrowed(float value)
{
    const int sign = __float_as_int(value) >> 16 & 0x8000;
    const float size = std::fabs(value);
    if (size < 6.103515625e-5f) /* 2^-14: a multiple of 2^-24 */
        return sign | (int)std::nearbyint(size * 16777216.0f);
    const int bits = __float_as_int(size * 1.925929944387236e-34f); /* 2^-112 */
    return sign | (bits + 0xfff + (bits >> 13 & 1)) >> 13;
}
static inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
static inline int min(int a, int b) { return a < b ? a : b; }
static inline int max(int a, int b) { return a > b ? a : b; }
static inline float min(float a, float b) { return a < b ? a : b; }
static inline float max(float a, float b) { return a > b ? a : b; }
static inline int atomicMin(int *place, int number)
{
    const int before = *place;
    *place = number < before ? number : before;
    return before;
}

namespace host {

constexpr int MAX_GROUP = 1024, STACK_BYTES = 64 * 1024;

struct Fibre { ucontext_t context; bool is_done; Index index; char *stack; };

static thread_local Fibre fibres[MAX_GROUP];
static thread_local ucontext_t scheduler;
static thread_local Fibre *current;
static thread_local void (*work)(void *);
static thread_local void *arguments;

static void begin()
{
    work(arguments);
    current->is_done = true;
    swapcontext(&current->context, &scheduler);
}

/* Runs a group: each work-item up to its next barrier, in turn, until all are done. */
static void run_group(void (*kernel)(void *), void *values)
{
    work = kernel;
    arguments = values;
    const int items = blockDim.x * blockDim.y * blockDim.z;
    for (int item = 0; item < items; ++item) {
        Fibre &fibre = fibres[item];
        if (!fibre.stack)
            fibre.stack = (char *)std::malloc(STACK_BYTES);
        getcontext(&fibre.context);
        fibre.context.uc_stack.ss_sp = fibre.stack;
        fibre.context.uc_stack.ss_size = STACK_BYTES;
        fibre.context.uc_link = nullptr;
        fibre.is_done = false;
        fibre.index = {item % blockDim.x, item / blockDim.x % blockDim.y, item / (blockDim.x * blockDim.y)};
        makecontext(&fibre.context, begin, 0);
    }
    for (int left = items; left > 0;)
        for (int item = 0; item < items; ++item)
            if (!fibres[item].is_done) {
                current = &fibres[item];
                threadIdx = current->index;
                swapcontext(&scheduler, &current->context);
                left -= fibres[item].is_done;
            }
}

/* Runs a group whose work-items meet at no barrier. */
static void run_items(void (*kernel)(void *), void *values)
{
    for (threadIdx.z = 0; threadIdx.z < blockDim.z; ++threadIdx.z)
        for (threadIdx.y = 0; threadIdx.y < blockDim.y; ++threadIdx.y)
            for (threadIdx.x = 0; threadIdx.x < blockDim.x; ++threadIdx.x)
                kernel(values);
}

/* Runs all groups of a launch; `group` is one of the two functions above. */
static void run_grid(const int *grid, const int *block, void (*group)(void (*)(void *), void *),
                     void (*kernel)(void *), void *values)
{
    gridDim = {grid[0], grid[1], grid[2]};
    blockDim = {block[0], block[1], block[2]};
    for (blockIdx.z = 0; blockIdx.z < gridDim.z; ++blockIdx.z)
        for (blockIdx.y = 0; blockIdx.y < gridDim.y; ++blockIdx.y)
            for (blockIdx.x = 0; blockIdx.x < gridDim.x; ++blockIdx.x)
                group(kernel, values);
}

} // namespace host

#define __syncthreads() swapcontext(&host::current->context, &host::scheduler)
