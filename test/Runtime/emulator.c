// The emulator of GPUs: kernels by hand, one of which is right. Each planted
// fault is an error that names the kernel, the access and the tensor, at every
// seed, and nothing outside of the tensors is touched.
//
// RUN: gcc -O1 %s %emulator %runtime -o %t.gcc && %t.gcc
// RUN: %cc -g1 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all %s %emulator %runtime -o %t.asan && %t.asan

#define WORDS 1
#include "emulate.h"

/* Through scratch s[N]: y = x + 1. */
enum { N = 300, THREADS = 128 };

static const seqc_emu_site sites[] = {
    {"load of x", 0, 4, 4, SEQC_EMU_READS, 0},
    {"store of s", 1, 4, 4, SEQC_EMU_WRITES, 0},
    {"load of s", 2, 4, 4, SEQC_EMU_READS, 0},
    {"store of y", 3, 4, 4, SEQC_EMU_WRITES, 0},
    {"wide load", 4, 8, 8, SEQC_EMU_READS, 0}};
enum { LOAD_X, STORE_S, LOAD_S, STORE_Y, WIDE };

/* s = x */
static void first(const void *given, uint32_t block, uint32_t thread) {
  const arguments *a = given;
  int64_t i = (int64_t)block * THREADS + thread, at = i;
  if (is("no guard") ? i >= a->items + 1 : i >= a->items)
    return;
  seqc_emu_count(7);
  if (is("below"))
    at = i - 1;
  if (is("far away"))
    at = i + 1000000;
  if (is("off by one") && i == a->items - 1)
    at = i + 1;
  if (is("same place"))
    at = 0;
  uint32_t v = load(is("between elements")
                        ? (int32_t *)((char *)(a->x + i) - 2 * (i > 0))
                        : a->x + at % (is("same place") ? 1 : N + 1000000),
                    &sites[LOAD_X]);
  if (is("wide"))
    seqc_emu_access(a->x + i % 2 + 1 - i % 2, &sites[WIDE]);
  if (is("not written") && i == 17)
    return;
  if (is("neighbour, too") && i + 1 < a->items)
    store(a->scratch + i + 1, 0, &sites[STORE_S]);
  store(a->scratch + (is("same place") ? 0 : i), v, &sites[STORE_S]);
  if (is("an argument"))
    store(a->x + i, v, &sites[STORE_S]);
  if (is("no barrier"))
    load(a->scratch + (i + 1) % a->items, &sites[LOAD_S]);
}

/* y = s + 1 */
static void second(const void *given, uint32_t block, uint32_t thread) {
  const arguments *a = given;
  int64_t i = (int64_t)block * THREADS + thread;
  if (i >= a->items)
    return;
  uint32_t v =
      load(is("beyond scratch") ? a->scratch + a->items : a->scratch + i,
           &sites[LOAD_S]);
  if (is("reads y"))
    v += (uint32_t)load(a->y + i, &sites[LOAD_S]);
  store(a->y + i, v + 1, &sites[STORE_Y]);
  if (is("summed up"))
    store(a->y, (uint32_t)load(a->y, &sites[LOAD_S]) + v, &sites[STORE_Y]);
}

static const seqc_emu_kernel kernels[] = {
    {"first", first, NULL, 0, THREADS, THREADS, 5, 0, 0},
    {"second", second, NULL, 0, THREADS, THREADS, 5, 0, 0}};
static void body(void *const *ptrs, const int64_t *dims, char *scratch,
                 const void *par) {
  if (!is("never"))
    seqc_emu_launch(par, &kernels[0], ptrs, dims, scratch, dims[0], 0);
  seqc_emu_launch(par, &kernels[1], ptrs, dims, scratch, dims[0], 0);
}
int main(void) {
  static const char *const faults[][2] = {
      {"no guard", "an address inside of a tensor or of scratch"},
      {"below", "an address inside of a tensor or of scratch"},
      {"far away", "an address inside of a tensor or of scratch"},
      {"off by one", "an address inside of a tensor or of scratch"},
      {"between elements", "an aligned address"},
      {"wide", "an aligned address"},
      {"not written", "bytes that were written before they are read"},
      {"never", "bytes that were written before they are read"},
      {"reads y", "bytes that were written before they are read"},
      {"neighbour, too",
       "no two threads of a launch at bytes that one of them writes"},
      {"same place",
       "no two threads of a launch at bytes that one of them writes"},
      {"an argument", "no write to an argument"},
      {"no barrier",
       NULL}, /* not written yet, or by another thread: the order decides */
      {"beyond scratch", "an address inside of a tensor or of scratch"},
      {"summed up", NULL},
  };
  for (int seed = 1; seed <= seeds; ++seed) {
    set_seed(seed);
    for (int64_t n = 0; n <= N; n += n < 3 ? 1 : 99) {
      CHECK(call("", n) == SEQC_OK);
      for (int i = 0; i < N; ++i)
        CHECK(y[i] == (i < n ? x[i] + 1 : -1));
    }
    for (unsigned k = 0; k < sizeof(faults) / sizeof(*faults); ++k) {
      CHECK(call(faults[k][0], N) == SEQC_ERROR_KERNEL);
      CHECK(strstr(message, "emulated kernel '"));
      CHECK(!faults[k][1] || strstr(message, faults[k][1]));
    }
  }
  return 0;
}
