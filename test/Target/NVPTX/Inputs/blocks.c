/* Tasks whose threads work together, as clang for NVIDIA compiles them: y is
 * the sums of x up to each element, by blocks of 64 threads. They take tiles by
 * a counter, add in warps by shuffles, in the block by shared memory, and look
 * back at earlier tiles. -DFAULT=… plants one; FENCES, VOTES and COPIES are right, too. */
typedef int i32;
typedef long long i64;

#define NONE 0
#define NO_BARRIER 1
#define NO_ACQUIRE 2
#define NO_RELEASE 3
#define STATIC_TILES 4
#define PLAIN_LOOK 5
#define NOT_WRITTEN 6
#define PAST_THE_END 7
#define DIVERGENT 8
#define SMALL_MASK 9
#define FENCES 10
#define VOTES 11
#define COPIES 12
#define NO_WAIT 13
#define EARLY_WAIT 14
#define NO_MEETING 15
#ifndef FAULT
#define FAULT NONE
#endif

enum { THREADS = 64, SUM = 1, PREFIX = 2 };
#define SHARED __attribute__((address_space(3), aligned(16), loader_uninitialized))
static SHARED i32 sums[THREADS / 32], tile_of, before_of;

#define TID __nvvm_read_ptx_sreg_tid_x()
void seqc_rt_parallel_for(const void *par, void (*fn)(void *const *, const i64 *, char *, i64, i64),
                          void *const *ptrs, const i64 *dims, char *scratch, i64 items);

static void clear(void *const *ptrs, const i64 *dims, char *scratch, i64 begin, i64 end) {
  for (i64 i = begin; i < end; ++i)
    __builtin_memset((i32 *)scratch + 8 * i, 0, 32);
}

static i32 look_back(i32 *flags, i32 *totals, i32 tile) {
  i32 before = 0;
  for (i32 k = tile - 1; k >= 0;) {
#if FAULT == PLAIN_LOOK
    i32 flag = flags[k];
#else
    i32 flag = __atomic_load_n(
        flags + k, FAULT == NO_ACQUIRE || FAULT == FENCES ? __ATOMIC_RELAXED : __ATOMIC_ACQUIRE);
#endif
    if (FAULT == FENCES)
      __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (!flag) {
      __nvvm_nanosleep(20);
      continue;
    }
    before += totals[2 * k + (flag == PREFIX)];
    k = flag == PREFIX ? -1 : k - 1;
  }
  return before;
}

static void publish(i32 *flag, i32 value) {
  if (FAULT == FENCES)
    __atomic_thread_fence(__ATOMIC_RELEASE);
  __atomic_store_n(flag, value,
                   FAULT == NO_RELEASE || FAULT == FENCES ? __ATOMIC_RELAXED : __ATOMIC_RELEASE);
}

/* The element of x of each thread's neighbour in the block, by way of shared memory. */
static SHARED i32 copied[2 * THREADS];
static i32 copy(const i32 *from, i32 thread) {
  __attribute__((address_space(1))) const void *x =
      (__attribute__((address_space(1))) const void *)from;
  __nvvm_cp_async_ca_shared_global_4(copied + thread, x);
  __nvvm_cp_async_commit_group();
  /* A second group, for which nobody waits before the end. */
  __nvvm_cp_async_ca_shared_global_4(copied + THREADS + thread, x);
  __nvvm_cp_async_commit_group();
  if (FAULT != NO_WAIT)
    __nvvm_cp_async_wait_group(FAULT == EARLY_WAIT ? 2 : 1);
  if (FAULT != NO_MEETING)
    __nvvm_bar_sync(0);
  i32 found = copied[thread ^ 1];
  __nvvm_cp_async_wait_all();
  return found;
}

/* Whether what lanes do together gives what it should. */
static i32 agrees(i32 *once, i32 lane, i32 own, i32 sum) {
  i32 all = __nvvm_redux_sync_add(own, -1), found = 0;
  i32 last = __nvvm_shfl_sync_idx_i32(-1, sum, 31, 31);
  i32 next = __nvvm_shfl_sync_down_i32(-1, own, 1, 31);
  i32 other = __nvvm_shfl_sync_bfly_i32(-1, own, 1, 31);
  float real = __nvvm_shfl_sync_bfly_f32(-1, own, 1, 31);
  __nvvm_bar_warp_sync(-1);
  /* One thread of all changes the word. */
  i32 changed = __atomic_compare_exchange_n(once, &found, 7, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
  return all == last && real == other && (lane & 1 || next == other) &&
         found == (changed ? 0 : 7) && __nvvm_vote_ballot_sync(-1, lane < 4) == 15 &&
         __nvvm_vote_all_sync(-1, lane < 32) && !__nvvm_vote_uni_sync(-1, lane < 4) &&
         __nvvm_vote_any_sync(-1, lane == 4) && __nvvm_redux_sync_umax(lane, -1) == 31;
}

static void scan_block(void *const *ptrs, const i64 *dims, char *scratch, i64 begin, i64 end) {
  const i32 *x = ptrs[0];
  i32 *y = ptrs[1], *flags = (i32 *)scratch + 1, *totals = flags + dims[0];
  for (i64 block = begin; block < end; ++block) {
    i32 thread = TID, lane = thread % 32;
    if (thread == 0)
      tile_of = FAULT == STATIC_TILES ? (i32)block
                                      : __atomic_fetch_add((i32 *)scratch, 1, __ATOMIC_RELAXED);
    __nvvm_bar_sync(0);
    i32 tile = tile_of;
    i64 i = (i64)tile * THREADS + thread;
    i32 own = i < dims[0] ? x[i] : 0;
    if (FAULT >= COPIES && (tile + 1) * THREADS <= dims[0]) {
      i32 other = copy(x + i, thread);
      own += other - x[i ^ 1];
    }
    i32 sum = own;
    for (i32 step = 1; step < 32; step *= 2) {
      i32 mask = FAULT == SMALL_MASK && tile % 2 ? 0x7fffffff : -1;
      i32 other = __nvvm_shfl_sync_up_i32(mask, sum, step, 0);
      sum += lane >= step ? other : 0;
    }
    if (FAULT == VOTES && !agrees(flags + dims[0] / THREADS + 2, lane, own, sum))
      sum += 1000000;
    if (lane == 31 && (FAULT != NOT_WRITTEN || thread > 32))
      sums[thread / 32] = sum;
    if (FAULT != NO_BARRIER)
      __nvvm_bar_sync(0);
    i32 first = sums[0];
    if (FAULT == PAST_THE_END && tile == 0)
      first += sums[2 + lane % 2];
    if (thread == 0) {
      i32 all = first + sums[1];
      totals[2 * tile] = all;
      publish(flags + tile, SUM);
      i32 before = look_back(flags, totals, tile);
      totals[2 * tile + 1] = before + all;
      publish(flags + tile, PREFIX);
      before_of = before;
    }
    __nvvm_bar_sync(0);
    if (FAULT == DIVERGENT && thread < 50)
      __nvvm_bar_sync(0);
    if (i < dims[0])
      y[i] = before_of + sum + (thread >= 32 ? first : 0);
  }
}

void seqc_body_f(void *const *ptrs, const i64 *dims, char *scratch, const void *par) {
  seqc_rt_parallel_for(par, clear, ptrs, dims, scratch, dims[0] ? 1 + dims[0] / 8 : 0);
  seqc_rt_parallel_for(par, scan_block, ptrs, dims, scratch, (dims[0] + THREADS - 1) / THREADS);
}
void seqc_shapes_f(i64 *dims) { dims[1] = dims[0]; }
i64 seqc_scratch_f(const i64 *dims) { return 64 + dims[0] * 12; }
void seqc_init_f(void *const *ptrs, const i64 *dims) {}
