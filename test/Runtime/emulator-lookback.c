// A scan in one launch on the emulator: blocks take tiles by an atomic counter
// and look back at those before them, ordered by release and acquire, fences or
// a lock. Right at every seed and size; each planted fault is an error, also
// where values would come out right.
//
// RUN: gcc -O1 %s %emulator %runtime -o %t.gcc && %t.gcc
// RUN: %cc -g1 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all %s %emulator %runtime -o %t.asan && %t.asan 4

#include "emulate.h"

enum { THREADS = 32, EMPTY = 0, SUM = 1, PREFIX = 2 };
enum {
  LOAD_X,
  STORE_Y,
  STORE_A,
  LOAD_A,
  TICKET,
  STORE_SUM,
  LOAD_SUM,
  RELEASE,
  ACQUIRE,
  MEET,
  PAUSE,
  CLEAR,
  RELAXED_STORE,
  RELAXED_LOAD,
  PLAIN_STORE,
  PLAIN_LOAD,
  OF_BLOCK,
  LOCK,
  SHUFFLE,
  JOIN,
  LAST_MEET,
  SITES
};
#define BOTH (SEQC_EMU_READS | SEQC_EMU_WRITES | SEQC_EMU_ATOMIC)
static const seqc_emu_site sites[SITES] = {
    {"load of x", LOAD_X, 4, 4, SEQC_EMU_READS, 0},
    {"store of y", STORE_Y, 4, 4, SEQC_EMU_WRITES, 0},
    {"store of a", STORE_A, 4, 4, SEQC_EMU_WRITES, 1},
    {"load of a", LOAD_A, 4, 4, SEQC_EMU_READS, 1},
    {"ticket", TICKET, 4, 4, BOTH, 0},
    {"store of a sum", STORE_SUM, 4, 4, SEQC_EMU_WRITES, 0},
    {"load of a sum", LOAD_SUM, 4, 4, SEQC_EMU_READS, 0},
    {"store (release)", RELEASE, 4, 4,
     SEQC_EMU_WRITES | SEQC_EMU_ATOMIC | SEQC_EMU_RELEASE, 0},
    {"load (acquire)", ACQUIRE, 4, 4,
     SEQC_EMU_READS | SEQC_EMU_ATOMIC | SEQC_EMU_ACQUIRE, 0},
    {"barrier", MEET, 0, 1, 0, 0},
    {"pause", PAUSE, 0, 1, 0, 0},
    {"clear", CLEAR, 4, 4, SEQC_EMU_WRITES, 0},
    {"store (relaxed)", RELAXED_STORE, 4, 4, SEQC_EMU_WRITES | SEQC_EMU_ATOMIC,
     0},
    {"load (relaxed)", RELAXED_LOAD, 4, 4, SEQC_EMU_READS | SEQC_EMU_ATOMIC, 0},
    {"plain store", PLAIN_STORE, 4, 4, SEQC_EMU_WRITES, 0},
    {"plain load", PLAIN_LOAD, 4, 4, SEQC_EMU_READS, 0},
    {"store (release) for the block", OF_BLOCK, 4, 4,
     SEQC_EMU_WRITES | SEQC_EMU_ATOMIC | SEQC_EMU_RELEASE | SEQC_EMU_BLOCK, 0},
    {"lock", LOCK, 4, 4, BOTH | SEQC_EMU_EXCHANGE | SEQC_EMU_ACQUIRE, 0},
    {"shuffle", SHUFFLE, 0, 1, SEQC_EMU_SHUFFLE_UP, 0},
    {"barrier of a warp", JOIN, 0, 1, SEQC_EMU_WARP_BARRIER, 0},
    {"last barrier", LAST_MEET, 0, 1, 0, 0}};

/* Words of scratch: a counter, then for each tile a flag, its sum, and the sum
 * up to its end. */
typedef struct {
  int32_t *counter, *flags, *sums, *prefixes;
} places;
static places places_of(const arguments *g) {
  int32_t *s = g->scratch;
  return (places){s, s + 8, s + 8 + g->sizes[0], s + 8 + 2 * g->sizes[0]};
}

static void clear(const void *given, uint32_t block, uint32_t thread) {
  const arguments *g = given;
  int64_t i = (int64_t)block * 128 + thread;
  if (i < g->items)
    store(g->scratch + i, 0, &sites[CLEAR]);
}

static void publish(int32_t *flag, int32_t value) {
  if (is("fences"))
    seqc_emu_fence(SEQC_EMU_RELEASE);
  if (is("fence for the block"))
    seqc_emu_fence(SEQC_EMU_RELEASE | SEQC_EMU_BLOCK);
  int how = is("fences") || is("no release") || is("fence for the block")
                ? RELAXED_STORE
            : is("plain flag")                           ? PLAIN_STORE
            : is("for the block")                        ? OF_BLOCK
            : is("no second release") && value == PREFIX ? RELAXED_STORE
                                                         : RELEASE;
  store(flag, value, &sites[how]);
}

static int32_t look(const int32_t *flag) {
  int how = is("fences") || is("no acquire") ? RELAXED_LOAD
            : is("plain look")               ? PLAIN_LOAD
                                             : ACQUIRE;
  int32_t value = load(flag, &sites[how]);
  if (is("fences"))
    seqc_emu_fence(SEQC_EMU_ACQUIRE);
  return value;
}

/* The sum of all tiles before `tile`. */
static int32_t look_back(places p, int32_t tile) {
  int32_t before = 0;
  for (int32_t k = tile - 1; k >= 0;) {
    int32_t flag = look(p.flags + k);
    if (flag == EMPTY) {
      seqc_emu_pause(&sites[PAUSE]);
      continue;
    }
    before += load(flag == SUM ? p.sums + k : p.prefixes + k, &sites[LOAD_SUM]);
    if (is("published early"))
      load(p.sums + k, &sites[LOAD_SUM]);
    k = flag == PREFIX ? -1 : k - 1;
  }
  return before;
}

static void scan(const void *given, uint32_t block, uint32_t thread) {
  const arguments *g = given;
  places p = places_of(g);
  int32_t *a = seqc_emu_shared(1);
  if (thread == 0)
    store(a,
          is("static tiles") ? (int32_t)block
                             : add(p.counter, 1, &sites[TICKET]),
          &sites[STORE_A]);
  if (is("waits for ever") && thread == 3)
    seqc_emu_meet(0x18, 0, 0, 0, &sites[JOIN]);
  seqc_emu_barrier(&sites[MEET]);
  int32_t tile = load(a, &sites[LOAD_A]);
  int64_t i = (int64_t)tile * THREADS + thread;
  int32_t sum = i < g->sizes[0] ? load(g->x + i, &sites[LOAD_X]) : 0;
  for (uint32_t step = 1; step < 32; step *= 2) {
    int32_t before = (int32_t)seqc_emu_meet(0xffffffff, (uint32_t)sum, step, 0,
                                            &sites[SHUFFLE]);
    sum += thread >= step ? before : 0;
  }
  /* The last thread has the tile's sum; the first one looks back. */
  if (thread == 31) {
    store(p.sums + tile, sum, &sites[STORE_SUM]);
    store(a + 1, sum, &sites[STORE_A]);
    if (is("published twice"))
      publish(p.flags + tile, SUM);
  }
  if (!is("published early"))
    seqc_emu_barrier(&sites[MEET]);
  /* Nobody else can go on meanwhile, but this is no poll. */
  for (int64_t k = 0; is("slow") && tile == 0 && thread == 0 && k < 100000; ++k)
    load(g->x + k % 32, &sites[LOAD_X]);
  /* Only one of them polls. */
  for (int32_t found = 0; is("polls by barriers") && !found;) {
    if (thread == 0)
      store(a + 3, load(p.flags + tile, &sites[ACQUIRE]), &sites[STORE_A]);
    seqc_emu_barrier(&sites[MEET]);
    found = load(a + 3, &sites[LOAD_A]);
    seqc_emu_barrier(&sites[LAST_MEET]);
  }
  if (thread == 0) {
    publish(p.flags + tile, SUM);
    int32_t before = look_back(p, tile);
    int32_t own = is("published early") ? 0 : load(a + 1, &sites[LOAD_A]);
    if (is("order of stores"))
      publish(p.flags + tile, PREFIX);
    store(p.prefixes + tile, before + own, &sites[STORE_SUM]);
    if (!is("order of stores"))
      publish(p.flags + tile, PREFIX);
    store(a + 2, before, &sites[STORE_A]);
  }
  seqc_emu_barrier(&sites[LAST_MEET]);
  if (i < g->sizes[0])
    store(g->y + i, sum + load(a + 2, &sites[LOAD_A]), &sites[STORE_Y]);
}

/* y[0] = the sum of x, by blocks that add under a lock. */
static void locked(const void *given, uint32_t block, uint32_t thread) {
  const arguments *g = given;
  places p = places_of(g);
  int64_t i = (int64_t)block * THREADS + thread;
  if (i >= g->sizes[0])
    return;
  int32_t v = load(g->x + i, &sites[LOAD_X]);
  for (;;) {
    int32_t *at = seqc_emu_access(p.flags, &sites[LOCK]);
    int taken = *at == 0;
    if (taken)
      *at = 1;
    seqc_emu_exchanged(at, &sites[LOCK], taken);
    if (taken || is("no lock"))
      break;
  }
  store(g->scratch, load(g->scratch, &sites[LOAD_SUM]) + v, &sites[STORE_SUM]);
  if (!is("never unlocked"))
    store(p.flags, 0, &sites[is("no release") ? RELAXED_STORE : RELEASE]);
}

static void copy(const void *given, uint32_t block, uint32_t thread) {
  const arguments *g = given;
  (void)block;
  if (thread == 0)
    store(g->y, load(g->scratch, &sites[LOAD_SUM]), &sites[STORE_Y]);
}

static const seqc_emu_array arrays[] = {{"a", 16, 16}};
static const seqc_emu_kernel kernels[] = {
    {"clear", clear, NULL, 0, 128, 128, SITES, 0, 0},
    {"scan", scan, arrays, 1, THREADS, 1, SITES, 1, 4096},
    {"locked", locked, NULL, 0, THREADS, THREADS, SITES, 1, 4096},
    {"copy", copy, NULL, 0, 128, 128, SITES, 0, 0}};
static int which = 1;
static void body(void *const *ptrs, const int64_t *dims, char *scratch,
                 const void *par) {
  int64_t n = dims[0], tiles = (n + THREADS - 1) / THREADS;
  if (!is("not cleared"))
    seqc_emu_launch(par, &kernels[0], ptrs, dims, scratch, n ? 8 + n : 0, 0);
  seqc_emu_launch(par, &kernels[which], ptrs, dims, scratch,
                  which == 1 ? tiles : n, 0);
  if (which == 2)
    seqc_emu_launch(par, &kernels[3], ptrs, dims, scratch, n > 0, 0);
}

static void check_values(const char *way) {
  static const int64_t sizes[] = {0, 1, 32, 33, 100, 1000};
  for (int seed = 1; seed <= seeds; ++seed)
    for (unsigned k = 0; k < sizeof(sizes) / sizeof(*sizes); ++k) {
      int64_t n = sizes[k];
      set_seed(seed);
      which = 1;
      CHECK(call(way, n) == SEQC_OK);
      int32_t sum = 0;
      for (int64_t i = 0; i < n; ++i)
        CHECK(y[i] == (sum += x[i]));
      which = 2;
      CHECK(n > 100 || call(way, n) == SEQC_OK);
      CHECK(n > 100 || y[0] == (n ? sum : -1));
    }
}

int main(int argc, char **argv) {
  seeds = argc > 1 ? atoi(argv[1]) : seeds;
  check_values("");
  check_values("fences");
  for (int seed = 1; seed < 5; ++seed) {
    set_seed(seed);
    which = 1;
    CHECK(call("slow", 1000) == SEQC_OK);
  }
  static const struct {
    const char *fault, *what;
    int kernel;
  } faults[] = {
      {"no acquire",
       "no two threads of a launch at bytes that one of them writes, but got a "
       "load of a sum",
       1},
      {"no release",
       "no two threads of a launch at bytes that one of them writes, but got a "
       "load of a sum",
       1},
      {"no second release", "but got a load of a sum", 1},
      {"for the block",
       "no two threads of a launch at bytes that one of them writes, but got a",
       1},
      {"fence for the block",
       "no two threads of a launch at bytes that one of them writes, but got a "
       "load of a sum",
       1},
      {"plain flag", "but got a ", 1},
      {"plain look", "but got a ", 1},
      {"static tiles", "expected progress, but got a ", 1},
      {"waits for ever", "expected a thread that can go on, but got a ", 1},
      {"published early", "but got a load of a sum", 1},
      {"order of stores", "but got a ", 1},
      {"not cleared",
       "bytes that were written before they are read, but got a ticket", 1},
      {"no release",
       "no two threads of a launch at bytes that one of them writes, but got a "
       "load of a sum",
       2},
      {"no lock", "no two threads of a launch", 2},
      {"polls by barriers", "expected progress, but got a ", 1},
      {"never unlocked", "expected progress, but got a lock", 2},
  };
  for (unsigned k = 0; k < sizeof(faults) / sizeof(*faults); ++k) {
    which = faults[k].kernel;
    int64_t n = which == 2                                     ? 200
                : strcmp(faults[k].fault, "polls by barriers") ? 1600
                                                               : 64;
    expect_fault(faults[k].fault, n, kernels[which].name, faults[k].what);
    if (getenv("SHOW"))
      printf("%s: %s\n", planted, message);
  }
  return 0;
}
