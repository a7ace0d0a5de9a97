// Each call of the CUDA driver fails in turn, and calls come from many threads:
// every failure is an error that names it, leaves nothing behind, and the next
// call is right. ThreadSanitizer.
//
// RUN: rm -rf %t && mkdir -p %t
// RUN: %fake-cuda -o %t/libcuda.so.1
// RUN: gcc -O1 %s %cuda %runtime -o %t/gcc
// RUN: %cc -g1 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all %s %cuda %runtime -o %t/asan
// RUN: %cc -g1 -O1 -fsanitize=thread %s %cuda %runtime -o %t/tsan
// RUN: env LD_LIBRARY_PATH=%t %t/gcc failures
// RUN: env LD_LIBRARY_PATH=%t %t/asan failures
// RUN: env LD_LIBRARY_PATH=%t %t/gcc threads
// RUN: env LD_LIBRARY_PATH=%t %t/tsan threads

#include "mock-gpu.h"
#include <pthread.h>

/* Every call of the driver fails once, in a first call and in a later one, with
 * a caller's context and without. Each failure is an error that names it, and
 * leaves nothing. Runs in a process of its own for each, because only one call
 * of a process is the first. */
static int fail_at(int k, int later, int own, int error) {
  static gpu_data g;
  static char context[64];
  open_fake();
  to_gpu(&g, 0);
  fake_begin_context(context, 0);
  if (own)
    fake_make_current(context);
  if (later)
    CHECK(call_gpu(&g) == SEQC_OK);
  int modules = fake_live_modules();
  fake_fail(k, error);
  fake_log();
  int32_t code = call_gpu(&g);
  const char *log = fake_log();
  if (fake_calls() < k) {
    CHECK(code == SEQC_OK && is_right(&g));
    return 0;
  }
  /* The k-th line is the call that failed. */
  for (int i = 1; i < k; ++i)
    log = strchr(log, '\n') + 1;
  char function[64] = "";
  sscanf(log, "%63[A-Za-z0-9_]", function);
  /* Without a cubin there is PTX. */
  if (strncmp(log, "cuModuleLoadDataEx(cubin", 24) == 0 && error != 2) {
    CHECK(code == SEQC_OK && is_right(&g));
    CHECK(count(log, "cuModuleLoadDataEx(ptx") == 1);
    return 1;
  }
  const char *text =
      error == 2 ? "CUDA_ERROR_OUT_OF_MEMORY (out of memory)" : "error 12345";
  CHECK(code == (error == 2 ? SEQC_ERROR_MEMORY : SEQC_ERROR_CUDA));
  CHECK(strstr(g.d.error, function) && strstr(g.d.error, text));
  if (strcmp(function, "cuLaunchKernel") == 0)
    CHECK(strstr(g.d.error, "cuLaunchKernel of 'cell_") &&
          count(log, "cuLaunchKernel") == 1); /* the last one */
  CHECK(fake_live_memories() == 0);
  CHECK(fake_depth() == own);
  CHECK(fake_live_modules() - modules <= 1);
  if (strcmp(function, "cuFuncSetAttribute") == 0)
    CHECK(strstr(g.d.error, "cuFuncSetAttribute of 'cell_1'"));
  if (strcmp(function, "cuModuleGetFunction") == 0 ||
      strcmp(function, "cuFuncSetAttribute") == 0)
    CHECK(fake_live_modules() == modules);
  /* The next call is as if nothing had happened. */
  fake_fail(0, 0);
  CHECK(call_gpu(&g) == SEQC_OK && is_right(&g));
  CHECK(fake_live_modules() == 1 && fake_live_memories() == 0);
  CHECK(fake_depth() == own && fake_retained() == !own);
  return 1;
}

/* From many threads at once: each context gets its kernels once. */
enum { WORKERS = 8 };
static char thread_contexts[2][64];
static gpu_data data[WORKERS];
static pthread_barrier_t start;
static void *work(void *p) {
  gpu_data *g = p;
  int i = (int)(g - data);
  if (i % 3)
    fake_make_current(thread_contexts[i % 3 - 1]);
  pthread_barrier_wait(&start);
  for (int n = 0; n < 20; ++n)
    if (call_gpu(g) != SEQC_OK || !is_right(g))
      return g;
  return fake_depth() == (i % 3 != 0) ? NULL : g;
}
static void test_threads(void) {
  open_fake();
  fake_begin_context(thread_contexts[0], 0);
  fake_begin_context(thread_contexts[1], 0);
  for (int i = 0; i < WORKERS; ++i)
    to_gpu(&data[i], 0);
  pthread_barrier_init(&start, NULL, WORKERS);
  pthread_t ids[WORKERS];
  for (int i = 0; i < WORKERS; ++i)
    pthread_create(&ids[i], NULL, work, &data[i]);
  for (int i = 0; i < WORKERS; ++i) {
    void *wrong;
    pthread_join(ids[i], &wrong);
    CHECK(!wrong);
  }
  const char *log = fake_log();
  CHECK(count(log, "cuInit") == 1 && count(log, "cuModuleLoadDataEx") == 3);
  CHECK(fake_retained() == 1 && fake_live_memories() == 0);
}

/* Failures in a first call and in a later one (bit 0), in the caller's context
 * (bit 1), of memory (bit 2). Each needs a process of its own. */
static void test_failures(const char *self) {
  enum { FAILED = 3 << 8 };
  for (int i = 0; i < 8; ++i) {
    int status = FAILED, k = 0;
    while (status == FAILED && k < 40) {
      char command[4096];
      snprintf(command, sizeof(command), "%s at %d %d %d %d", self, ++k, i & 1,
               i >> 1 & 1, i >> 2 & 1 ? 2 : 12345);
      status = system(command);
    }
    CHECK(status == 0);
    CHECK(k > 12);
  }
}

int main(int argc, char **argv) {
  make_gpu_mock();
  if (argc == 6) {
    int failed =
        fail_at(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
    return failures ? 1 : failed ? 3 : 0;
  }
  if (strcmp(argv[1], "threads") == 0)
    test_threads();
  else
    test_failures(argv[0]);
  return failures != 0;
}
