/* Kernels by hand for the emulator of GPUs: x[N] → y[N], through scratch of
 * WORDS words for each element. A test plants faults by name. */
#ifndef EMULATE_H
#define EMULATE_H

#include "Emulator.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *planted = "";
/* Of each value and fault; a sanitizer has time for fewer. */
static int seeds = 20;
static char message[1024];

#define CHECK(c)                                                               \
  do {                                                                         \
    if (!(c)) {                                                                \
      fprintf(stderr, "%s:%d: %s: planted '%s', seed %s: %s\n", __FILE__,      \
              __LINE__, #c, planted, getenv("SEQC_EMULATE_SEED"), message);    \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

#ifndef WORDS
#define WORDS 16
#endif
enum { MOST = 4096 };

/* The argument of a kernel as the compiler lays it out. */
typedef struct {
  int32_t *x, *y;
  int64_t sizes[2];
  int32_t *scratch;
  int64_t items;
} arguments;

static int is(const char *fault) { return strcmp(planted, fault) == 0; }
static inline int32_t load(const int32_t *p, const seqc_emu_site *site) {
  return *(int32_t *)seqc_emu_access((void *)p, site);
}
static inline void store(int32_t *p, int32_t v, const seqc_emu_site *site) {
  *(int32_t *)seqc_emu_access(p, site) = v;
}
static inline int32_t add(int32_t *p, int32_t v, const seqc_emu_site *site) {
  int32_t *at = seqc_emu_access(p, site), old = *at;
  *at += v;
  return old;
}

/* The launches of a call, by the test. */
static void body(void *const *ptrs, const int64_t *dims, char *scratch,
                 const void *par);
static void shapes(const int64_t *constant) {
  ((int64_t *)constant)[1] = constant[0];
}
static int64_t scratch_bytes(const int64_t *dims) {
  return dims[0] * 4 * WORDS;
}

static const seqc_rt_dim dims[] = {{-1, 0}};
static const seqc_rt_tensor tensors[] = {
    {"x", dims, 1, 0, kDLInt, 4, 0, -1},
    {"y", dims, 1, 1, kDLInt, 4, SEQC_RT_RESULT, -1}};
static int32_t cpu;
static const seqc_rt_module module = {0, &cpu, 0};
static const char *const symbols[] = {"N"};
static const seqc_rt_function function = {
    "f", &module, tensors, symbols, 0, body, shapes, scratch_bytes, 0, 1,
    1,   2,       2,       1,       0, -1,   0};

static _Alignas(64) int32_t x[MOST], y[MOST];
static int32_t call(const char *fault, int64_t n) {
  planted = fault;
  for (int i = 0; i < MOST; ++i)
    x[i] = i % 101 - 50, y[i] = -1;
  int64_t shape[] = {n};
  DLTensor in = seqc_tensor(x, kDLInt, 32, 1, shape),
           out = seqc_tensor(y, kDLInt, 32, 1, shape);
  const DLTensor *args[] = {&in, &out};
  seqc_context context = {.size = sizeof(context),
                          .error = message,
                          .error_capacity = sizeof(message)};
  message[0] = 0;
  return seqc_rt_call(&function, &context, args, 2);
}

static inline void set_seed(int seed) {
  char text[16];
  snprintf(text, sizeof(text), "%d", seed);
  setenv("SEQC_EMULATE_SEED", text, 1);
}

/* A fault must be reported at each seed, with both texts. */
static inline void expect_fault(const char *fault, int64_t n,
                                const char *kernel, const char *what) {
  for (int seed = 1; seed <= seeds; ++seed) {
    set_seed(seed);
    CHECK(call(fault, n) == SEQC_ERROR_KERNEL);
    CHECK(strstr(message, kernel) && strstr(message, "emulated kernel '"));
    if (!strstr(message, what))
      fprintf(stderr, "expected '%s'\n", what);
    CHECK(strstr(message, what));
  }
}

#endif
