// Threads of a block that meet, on the emulator: a sum by barriers and shared
// memory and a scan by shuffles give the right values at every seed and size;
// each planted fault is an error that names kernel and access.
//
// RUN: gcc -O1 %s %emulator %runtime -o %t.gcc && %t.gcc
// RUN: %cc -g1 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all %s %emulator %runtime -o %t.asan && %t.asan 4

#include "emulate.h"

enum { THREADS = 64 };
enum { LOAD_X, STORE_A, LOAD_A, STORE_Y, MEET, MEET_AGAIN, PAIR, LOAD_B };
static const seqc_emu_site sites[] = {
    {"load of x", 0, 4, 4, SEQC_EMU_READS, 0},
    {"store of a", 1, 4, 4, SEQC_EMU_WRITES, 1},
    {"load of a", 2, 4, 4, SEQC_EMU_READS, 1},
    {"store of y", 3, 4, 4, SEQC_EMU_WRITES, 0},
    {"barrier", 4, 0, 1, 0, 0},
    {"barrier, the other one", 5, 0, 1, 0, 0},
    {"pair of a", 6, 8, 8, SEQC_EMU_READS, 1},
    {"load of b", 7, 4, 4, SEQC_EMU_READS, 2}};
enum { UP, DOWN, XOR, FROM, ALL, ANY, EQUAL, BALLOT, JOIN, UP_AGAIN };
static const seqc_emu_site warp_sites[] = {
    {"shuffle up", 8, 0, 1, SEQC_EMU_SHUFFLE_UP, 0},
    {"shuffle down", 9, 0, 1, SEQC_EMU_SHUFFLE_DOWN, 0},
    {"shuffle xor", 10, 0, 1, SEQC_EMU_SHUFFLE_XOR, 0},
    {"shuffle from", 11, 0, 1, SEQC_EMU_SHUFFLE_FROM, 0},
    {"vote all", 12, 0, 1, SEQC_EMU_VOTE_ALL, 0},
    {"vote any", 13, 0, 1, SEQC_EMU_VOTE_ANY, 0},
    {"vote equal", 14, 0, 1, SEQC_EMU_VOTE_EQUAL, 0},
    {"ballot", 15, 0, 1, SEQC_EMU_BALLOT, 0},
    {"barrier of a warp", 16, 0, 1, SEQC_EMU_WARP_BARRIER, 0},
    {"shuffle up, the other one", 17, 0, 1, SEQC_EMU_SHUFFLE_UP, 0}};
enum { SITES = 18 };
static const seqc_emu_array arrays[] = {{"a", THREADS * 4, 4}, {"b", 64, 16}};

/* y[block] = the sum of its part of x. */
static void sum(const void *given, uint32_t block, uint32_t thread) {
  const arguments *g = given;
  int64_t i = (int64_t)block * THREADS + thread;
  int32_t *a = seqc_emu_shared(1);
  seqc_emu_count(10);
  if (is("leaves early") && thread == 40)
    return;
  if (!is("not written") || thread != 17)
    store(a + thread, i < g->sizes[0] ? load(g->x + i, &sites[LOAD_X]) : 0,
          &sites[STORE_A]);
  if (is("past the end") && thread == 3)
    load(a + THREADS, &sites[LOAD_A]);
  if (is("far past the end") && thread == 3)
    load((int32_t *)seqc_emu_shared(2), &sites[LOAD_A]);
  if (is("array of nobody") && thread == 3)
    load(seqc_emu_shared(2), &sites[LOAD_B]);
  for (uint32_t half = THREADS / 2; half; half /= 2) {
    int skips = is("no barrier") || (is("no last barrier") && half == 1) ||
                (is("some only") && thread >= half) ||
                (is("one does not come") && thread == 5 && half == 4);
    if (!skips)
      seqc_emu_barrier(
          &sites[is("two places") && thread & 1 ? MEET_AGAIN : MEET]);
    if (is("wide") && thread == 2 && half == 32)
      seqc_emu_access(a, &sites[PAIR]);
    if (thread < half)
      store(a + thread,
            load(a + thread, &sites[LOAD_A]) +
                load(a + thread + half, &sites[LOAD_A]),
            &sites[STORE_A]);
  }
  if (thread == (is("by another") ? 1 : 0))
    store(g->y + (is("one word") ? 0 : block), load(a, &sites[LOAD_A]),
          &sites[STORE_Y]);
}

static uint32_t meet(int site, uint32_t mask, int32_t value, uint32_t b,
                     uint32_t c) {
  return seqc_emu_meet(mask, (uint32_t)value, b, c, &warp_sites[site]);
}

/* y = the sums of x up to each element, in each warp. */
static void scan(const void *given, uint32_t block, uint32_t thread) {
  const arguments *g = given;
  int64_t i = (int64_t)block * THREADS + thread;
  int32_t lane = (int32_t)thread % 32, full = -1;
  uint32_t mask = (uint32_t)full;
  if (is("exited") && lane == 9)
    return;
  int32_t sum = i < g->sizes[0] ? load(g->x + i, &sites[LOAD_X]) : 0;
  int32_t own = sum;
  if (is("smaller mask"))
    mask = 0xffff;
  if (is("two masks") && lane != 31)
    mask = 0x7fffffff;
  for (int32_t step = 1; step < 32; step *= 2) {
    int site = is("two shuffles") && lane < 16 ? UP_AGAIN : UP;
    int32_t before = (int32_t)meet(site, mask, sum, (uint32_t)step, 0);
    CHECK(seqc_emu_had_source() == (lane >= step));
    if (lane >= step)
      sum += before;
  }
  mask = (uint32_t)full;
  if (is("outside of the mask"))
    mask = lane < 16 ? 0xffff : 0xffff0000;
  /* The last one's sum for all; then what is after each lane, and pairs. */
  int32_t all = (int32_t)meet(FROM, mask, sum, 31, 31);
  CHECK(all == (int32_t)meet(FROM, mask, sum, 31, 31));
  int32_t next = (int32_t)meet(DOWN, mask, own, 1, 31);
  int32_t other = (int32_t)meet(XOR, mask, own, 1, 31);
  if (lane % 2 == 0)
    CHECK(next == other && seqc_emu_had_source());
  /* Segments of 8 lanes: c has 24 above. */
  int32_t first = (int32_t)meet(FROM, mask, lane, 0, 31 | 24 << 8);
  CHECK(first == lane / 8 * 8);
  if (meet(ANY, mask, lane == 7, 0, 0) != 1 ||
      meet(ALL, mask, lane < 32, 0, 0) != 1 ||
      meet(ALL, mask, lane < 31, 0, 0) != 0 ||
      meet(EQUAL, mask, lane == 7, 0, 0) != 0 ||
      meet(EQUAL, mask, lane > 31, 0, 0) != 1 ||
      meet(BALLOT, mask, lane % 4 == 1, 0, 0) != 0x22222222)
    sum = -12345;
  /* Neighbours by shared memory and a barrier of the warp. */
  int32_t *a = seqc_emu_shared(1);
  store(a + thread, sum, &sites[STORE_A]);
  if (is("part of a warp"))
    meet(JOIN, lane < 16 ? 0xffff : 0xffff0000, 0, 0, 0);
  else if (!is("no barrier of the warp"))
    meet(JOIN, mask, 0, 0, 0);
  int32_t back = load(a + (thread ^ 31), &sites[LOAD_A]);
  if (lane == 0)
    CHECK(back == all || *planted);
  if (!is("no second barrier"))
    meet(JOIN, mask, 0, 0, 0);
  store(a + thread, 0, &sites[STORE_A]);
  if (i < g->sizes[0])
    store(g->y + i, sum, &sites[STORE_Y]);
}

static const seqc_emu_kernel kernels[] = {
    {"sum", sum, arrays, 2, THREADS, 1, SITES, 1, 4096},
    {"scan", scan, arrays, 1, THREADS, THREADS, SITES, 1, 4096}};
static int which;
static void body(void *const *ptrs, const int64_t *dims, char *scratch,
                 const void *par) {
  int64_t n = dims[0];
  seqc_emu_launch(par, &kernels[which], ptrs, dims, scratch,
                  which ? n : (n + THREADS - 1) / THREADS, 0);
}

static void check_values(void) {
  static const int64_t sizes[] = {0, 1, 31, 32, 33, 64, 65, 1000, 2048};
  for (int seed = 1; seed <= seeds; ++seed)
    for (unsigned k = 0; k < sizeof(sizes) / sizeof(*sizes); ++k) {
      int64_t n = sizes[k];
      set_seed(seed);
      which = 1;
      CHECK(call("", n) == SEQC_OK);
      for (int64_t i = 0, sum = 0; i < n; ++i) {
        sum = (i % 32 ? sum : 0) + x[i];
        CHECK(y[i] == sum);
      }
      which = 0;
      CHECK(call("", n) == SEQC_OK);
      for (int64_t b = 0; b * THREADS < n; ++b) {
        int32_t sum = 0;
        for (int64_t i = b * THREADS; i < n && i < (b + 1) * THREADS; ++i)
          sum += x[i];
        CHECK(y[b] == sum);
      }
    }
}

int main(int argc, char **argv) {
  seeds = argc > 1 ? atoi(argv[1]) : seeds;
  check_values();
  static const struct {
    const char *fault, *what;
    int kernel;
  } faults[] = {
      {"leaves early", "a barrier that all threads of the block come to", 0},
      {"not written",
       "bytes that were written before they are read, but got a load of a", 0},
      {"past the end",
       "an address inside of its array in shared memory, but got a load of a",
       0},
      {"far past the end", "an address inside of its array in shared memory",
       0},
      {"array of nobody",
       "bytes that were written before they are read, but got a load of b", 0},
      {"no last barrier", "no two threads of a launch", 0},
      {"some only", "barrier", 0},
      {"two places", "one barrier for all threads of the block", 0},
      {"wide", "an aligned address, but got a pair of a", 0},
      {"by another", "no two threads of a launch", 0},
      {"one word",
       "no two threads of a launch at bytes that one of them writes, but got a "
       "store of y",
       0},
      {"exited", "lanes in the mask that are in the kernel still", 1},
      {"smaller mask", "a lane in its own mask", 1},
      {"two masks", "mask", 1},
      {"two shuffles", "lanes of a warp that meet at one place with one mask",
       1},
      {"outside of the mask", "a shuffle from lanes of its mask", 1},
      {"no barrier of the warp", "a load of a at", 1},
      {"part of a warp", "a load of a at", 1},
      {"no second barrier", "no two threads of a launch", 1},
      {"no barrier", "a", 0},
      {"one does not come", "a", 0},
  };
  for (unsigned k = 0; k < sizeof(faults) / sizeof(*faults); ++k) {
    which = faults[k].kernel;
    expect_fault(faults[k].fault, 300, kernels[which].name, faults[k].what);
    if (getenv("SHOW"))
      printf("%s: %s\n", planted, message);
  }
  return 0;
}
