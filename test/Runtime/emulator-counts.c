// What the emulator counts of one block of two warps, whose lanes read scratch
// or shared memory at some stride: the same at every seed.
//
// RUN: gcc -O1 %s %emulator %runtime -o %t.gcc && %t.gcc 2>&1 | FileCheck %s
// RUN: %cc -g1 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all %s %emulator %runtime -o %t.asan && %t.asan 2>&1 | FileCheck %s

#include "emulate.h"

enum { THREADS = 64, SEEDS = 3 };
enum {
  LOAD,
  STORE,
  SHARED_STORE,
  SHARED_LOAD,
  WIDE,
  STORE_Y,
  MEET,
  UP,
  ADD,
  SITES
};
static const seqc_emu_site sites[SITES] = {
    {"load of x", LOAD, 4, 4, SEQC_EMU_READS, 0},
    {"store of s", STORE, 4, 4, SEQC_EMU_WRITES, 0},
    {"store of a", SHARED_STORE, 4, 4, SEQC_EMU_WRITES, 1},
    {"load of a", SHARED_LOAD, 4, 4, SEQC_EMU_READS, 1},
    {"load of four", WIDE, 16, 16, SEQC_EMU_READS, 1},
    {"store of y", STORE_Y, 4, 4, SEQC_EMU_WRITES, 0},
    {"barrier", MEET, 0, 1, 0, 0},
    {"shuffle", UP, 0, 1, SEQC_EMU_SHUFFLE_UP, 0},
    {"add", ADD, 4, 4, SEQC_EMU_READS | SEQC_EMU_WRITES | SEQC_EMU_ATOMIC, 0}};
static const seqc_emu_array arrays[] = {{"a", 32 * THREADS * 4, 16}};

static void work(const void *given, uint32_t block, uint32_t thread) {
  const arguments *g = given;
  int32_t *a = seqc_emu_shared(1);
  (void)block;
  if (is("unit stride"))
    load(g->x + thread, &sites[LOAD]);
  if (is("stride 8"))
    load(g->x + thread * 8, &sites[LOAD]);
  if (is("one word"))
    load(g->x, &sites[LOAD]);
  if (is("loops that differ"))
    for (uint32_t i = 0; i <= thread % 2; ++i)
      load(g->x + i * 64 + thread, &sites[LOAD]);
  if (is("banks"))
    store(a + thread, 1, &sites[SHARED_STORE]);
  if (is("one bank"))
    store(a + 32 * thread, 1, &sites[SHARED_STORE]);
  if (is("two banks"))
    store(a + 16 * thread, 1, &sites[SHARED_STORE]);
  if (is("wide") || is("one word for all")) {
    for (int i = 0; i < 4; ++i)
      store(a + 64 * i + thread, 1, &sites[SHARED_STORE]);
    seqc_emu_barrier(&sites[MEET]);
    if (is("wide"))
      seqc_emu_access(a + 4 * thread, &sites[WIDE]);
    else
      load(a, &sites[SHARED_LOAD]);
  }
  if (is("together")) {
    seqc_emu_count(5);
    seqc_emu_barrier(&sites[MEET]);
    seqc_emu_meet(0xffffffff, thread, 1, 0, &sites[UP]);
    store(g->scratch + thread, 0, &sites[STORE]);
    add(g->scratch + thread, 1, &sites[ADD]);
  }
  store(g->y + thread, 1, &sites[STORE_Y]);
}

static const seqc_emu_kernel kernel = {"work",  work,  arrays, 1,   THREADS,
                                       THREADS, SITES, 1,      4096};
static void body(void *const *ptrs, const int64_t *dims, char *scratch,
                 const void *par) {
  seqc_emu_launch(par, &kernel, ptrs, dims, scratch, THREADS, 0);
}

/* The stores of y are 2 requests of 4 sectors each. */
// CHECK:      unit stride
// CHECK-COUNT-3: launches 1, instructions 0, accesses 128, bytes 512, requests 4, sectors 16, shared accesses 0, shared requests 0, wavefronts 0, bank conflicts 0, barriers 0, warp barriers 0, shuffles 0, votes 0, atomics 0{{$}}
// CHECK-NEXT: stride 8
// CHECK-COUNT-3: requests 4, sectors 72,
// CHECK-NEXT: one word
// CHECK-COUNT-3: requests 4, sectors 10,
// CHECK-NEXT: loops that differ
// CHECK-COUNT-3: accesses 160, bytes 640, requests 6, sectors 24,
// CHECK-NEXT: banks
// CHECK-COUNT-3: shared accesses 64, shared requests 2, wavefronts 2, bank conflicts 0,
// CHECK-NEXT: one bank
// CHECK-COUNT-3: shared accesses 64, shared requests 2, wavefronts 64, bank conflicts 62,
// CHECK-NEXT: two banks
// CHECK-COUNT-3: shared accesses 64, shared requests 2, wavefronts 32, bank conflicts 30,
// CHECK-NEXT: wide
// CHECK-COUNT-3: shared accesses 320, shared requests 10, wavefronts 16, bank conflicts 0, barriers 1,
// CHECK-NEXT: one word for all
// CHECK-COUNT-3: shared accesses 320, shared requests 10, wavefronts 10, bank conflicts 0, barriers 1,
// CHECK-NEXT: together
// CHECK-COUNT-3: instructions 320, accesses 192, bytes 768, requests 6, sectors 24, {{.*}} barriers 1, warp barriers 0, shuffles 2, votes 0, atomics 64{{$}}
int main(void) {
  static const char *const cases[] = {
      "unit stride", "stride 8",  "one word", "loops that differ", "banks",
      "one bank",    "two banks", "wide",     "one word for all",  "together"};
  setenv("SEQC_EMULATE_REPORT", "1", 1);
  for (unsigned k = 0; k < sizeof(cases) / sizeof(*cases); ++k) {
    fprintf(stderr, "%s\n", cases[k]);
    for (int seed = 1; seed <= SEEDS; ++seed) {
      set_seed(seed);
      CHECK(call(cases[k], 512) == SEQC_OK);
    }
  }
  return 0;
}
