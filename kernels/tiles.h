/* Work on tiles of TILE x TILE pixels. On a CPU a work-item processes a tile. On a GPU a group of TILE x 2 work-items
 * does, which is a warp: with a work-item a tile, one lane of a warp would work. Work-item (x, y) processes column x in
 * every second row from y; then the group combines its results in local memory. engine/compute/tiles.py launches both.
 *
 *     for (int row = FIRST_ROW; row < TILE; row += ROW_STEP)
 *         for (int run = FIRST_RUN; run < TILE; run += RUN_STEP)
 */
#define TILE 16

#ifdef __OPENCL_VERSION__
#define LOCAL __local
#define LOCAL_FLOATS(name, count) __local float name[count]
#define BARRIER barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#define ITEM ((int)(get_local_id(1) * get_local_size(0) + get_local_id(0)))
#define ITEMS ((int)(get_local_size(0) * get_local_size(1)))
#else
#define LOCAL
#define LOCAL_FLOATS(name, count) __shared__ float name[count]
#define BARRIER __syncthreads()
#define ITEM ((int)(threadIdx.y * blockDim.x + threadIdx.x))
#define ITEMS ((int)(blockDim.x * blockDim.y))
#endif

#if RUN > 1

#define TILE_X GROUP_X
#define TILE_Y GLOBAL_Y
#define FIRST_ROW 0
#define ROW_STEP 1
#define FIRST_RUN 0
#define RUN_STEP RUN
#define FIRST_COLUMN 0
#define COLUMN_STEP 1
#define IS_FIRST_ITEM 1

#else

#ifdef __OPENCL_VERSION__
#define TILE_X ((int)get_group_id(0))
#define TILE_Y ((int)get_group_id(1))
#define FIRST_ROW ((int)get_local_id(1))
#define FIRST_COLUMN ((int)get_local_id(0))
#else
#define TILE_X ((int)blockIdx.x)
#define TILE_Y ((int)blockIdx.y)
#define FIRST_ROW ((int)threadIdx.y)
#define FIRST_COLUMN ((int)threadIdx.x)
#endif
#define ROW_STEP 2
#define FIRST_RUN FIRST_COLUMN
#define RUN_STEP TILE
#define COLUMN_STEP TILE
#define IS_FIRST_ITEM (ITEM == 0)

/* Work-items of a tile, and the distance of two parts of `shared`: the items read one part each, from different banks.
 */
#define TILE_ITEMS (TILE * ROW_STEP)
#define PART (TILE_ITEMS + 1)

/* Reduces the first `sums` parts of `shared`, which hold a value of each work-item, to their sum, and the next ones up to
 * `parts` to their largest value. The results are the first values of the parts, for all work-items.
 */
FUNCTION void reduce(LOCAL float *shared, int sums, int parts)
{
    BARRIER;
    if (ITEM < parts) {
        LOCAL float *part = shared + ITEM * PART;
        float result = part[0];
        for (int i = 1; i < TILE_ITEMS; ++i)
            result = ITEM < sums ? result + part[i] : part[i] > result ? part[i] : result;
        part[0] = result;
    }
    BARRIER;
}

#endif
