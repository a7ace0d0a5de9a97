// Two models in one process: with the same names loaded at run time (also
// globally, also again after unloading), and with prefixes linked together.
// REQUIRES: x86-host
// RUN: rm -rf %t && mkdir %t
// RUN: clang -O1 -S -emit-llvm -ffreestanding --target=x86_64-unknown-linux-gnu %S/Inputs/bodies.c -o %t/one.ll
// RUN: clang -O1 -S -emit-llvm -ffreestanding --target=x86_64-unknown-linux-gnu -DSCALE=2 %S/Inputs/bodies.c -o %t/two.ll
// RUN: seqc-test-abi %S/Inputs/model.json %t/one.ll -o %t/one.so
// RUN: seqc-test-abi %S/Inputs/model.json %t/two.ll -o %t/two.so
// RUN: gcc -std=c11 -Wall -Wextra -Werror -I%source/include %s -ldl -pthread -o %t/load && %t/load %t/one.so %t/two.so
// RUN: seqc-test-abi %S/Inputs/model.json %t/one.ll --prefix=p_ --module=a -o %t/p.so --header=%t/p.h
// RUN: seqc-test-abi %S/Inputs/model.json %t/two.ll --prefix=q_ --module=b -o %t/q.so --header=%t/q.h
// RUN: gcc -std=c99 -pedantic -Wall -Wextra -Werror -DLINKED -I%t %s %t/p.so %t/q.so -Wl,-rpath,%t -o %t/linked && %t/linked
#ifdef LINKED
#include "p.h"
#include "q.h"
#include <string.h>

int main(void) {
  float u[4] = {1, 1, 1, 1}, h[4] = {0}, y[4], z[4], last[4];
  if (p_cell(1, 1, u, u, h, 1.0f, y, last) ||
      q_cell(1, 1, u, u, h, 1.0f, z, last))
    return 1;
  if (p_cell(1, 1, u, u, h, 1.0f, NULL, last) != SEQC_ERROR_NULL ||
      *q_b_last_error())
    return 2;
  return y[0] == 102 && z[0] == 204 &&
                 strstr(p_a_info(), "\"symbol\":\"p_cell\"")
             ? 0
             : 3;
}
#else
#include "seqc-c/seqc_abi.h"
#include <dlfcn.h>
#include <pthread.h>

typedef int32_t (*call_fn)(const seqc_context *, const DLTensor *const *,
                           int32_t);

/* y of one step with u = w = 1 and h0 = 0: scale * (1 + 101). */
static float run(call_fn call) {
  float u[4] = {1, 1, 1, 1}, h[4] = {0}, gain = 1, y[4] = {0}, last[4];
  int64_t u_shape[] = {1, 1, 4}, h_shape[] = {1, 4}, w_shape[] = {4};
  DLTensor t[] = {seqc_tensor(u, kDLFloat, 32, 3, u_shape),
                  seqc_tensor(u, kDLFloat, 32, 1, w_shape),
                  seqc_tensor(h, kDLFloat, 32, 2, h_shape),
                  seqc_tensor(&gain, kDLFloat, 32, 0, NULL),
                  seqc_tensor(y, kDLFloat, 32, 3, u_shape),
                  seqc_tensor(last, kDLFloat, 32, 2, h_shape)};
  const DLTensor *args[] = {t, t + 1, t + 2, t + 3, t + 4, t + 5};
  return call(NULL, args, 6) == SEQC_OK ? y[0] : -1;
}

static void *fail_in_thread(void *call) {
  return (void *)(intptr_t)((call_fn)(intptr_t)call)(NULL, NULL, 6);
}

/* Errors in another thread, which ends after the library is gone, leave nothing
 * behind. */
static int load_both(const char *one, const char *two, int flags) {
  void *a = dlopen(one, RTLD_NOW | flags), *b = dlopen(two, RTLD_NOW | flags);
  if (!a || !b)
    return 1;
  call_fn first = (call_fn)(intptr_t)dlsym(a, "cell_call");
  call_fn second = (call_fn)(intptr_t)dlsym(b, "cell_call");
  pthread_t thread;
  void *code;
  pthread_create(&thread, NULL, fail_in_thread, (void *)(intptr_t)first);
  pthread_join(thread, &code);
  int wrong = run(first) != 102 || run(second) != 204 ||
              (intptr_t)code != SEQC_ERROR_NULL;
  return wrong || dlclose(a) || dlclose(b);
}

int main(int argc, char **argv) {
  (void)argc;
  for (int i = 0; i < 20; ++i)
    if (load_both(argv[1], argv[2], i % 2 ? RTLD_GLOBAL : RTLD_LOCAL))
      return 1;
  return 0;
}
#endif
