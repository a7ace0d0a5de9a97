// Threads compile, find in the cache, clear it, call and release side by side;
// every thread has its own message, and all results are the same bits.
#include "seqc-c/seqc.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 3, CALLS = 200, T = 16, C = 4 };

static const char *path;
static seqc_module *shared;
static float expected[T][C];
#ifdef PLANT_RACE // for test/Sanitizers
static int race;
#endif

static int call(const seqc_function *f, float h[T][C]) {
  float x[T][C], a[C] = {.5f, .25f, .125f, 1}, h0[C] = {0}, last[C];
  int64_t sequence[] = {1, T, C}, row[] = {C}, state[] = {1, C};
  for (int i = 0; i < T * C; ++i)
    x[i / C][i % C] = (float)(i % 5);
  DLTensor t[] = {seqc_tensor(x, kDLFloat, 32, 3, sequence), seqc_tensor(a, kDLFloat, 32, 1, row),
                  seqc_tensor(h0, kDLFloat, 32, 2, state),
                  seqc_tensor(h, kDLFloat, 32, 3, sequence),
                  seqc_tensor(last, kDLFloat, 32, 2, state)};
  const DLTensor *all[] = {&t[0], &t[1], &t[2], &t[3], &t[4]};
  return seqc_call(f, NULL, all, 5);
}

// Calls with right and wrong arguments; the message must be this thread's own.
static int use(const seqc_function *f, int wrong) {
  char message[64];
  float h[T][C];
  snprintf(message, sizeof message, "but got %d", wrong);
  for (int i = 0; i < CALLS; ++i) {
    if (call(f, h) != SEQC_OK || memcmp(h, expected, sizeof h))
      return 1;
    if (seqc_call(f, NULL, NULL, wrong) != SEQC_ERROR_COUNT || !strstr(seqc_last_error(), message))
      return 1;
  }
  return 0;
}

static void *work(void *argument) {
  int number = *(int *)argument;
#ifdef PLANT_RACE
  race = number;
#endif
  for (int round = 0; round < ROUNDS; ++round) {
    seqc_options o = {.struct_size = sizeof o, .no_cache = (number + round) % 2};
    seqc_module *own = NULL;
    if (seqc_compile_file(path, &o, &own) != SEQC_OK || use(seqc_find(own, "smooth"), number) ||
        use(seqc_find(shared, "smooth"), number))
      return argument;
    if (round == 1)
      seqc_clear_cache();
    seqc_release(own);
  }
  return NULL;
}

int main(int argc, char **argv) {
  pthread_t threads[THREADS];
  int numbers[THREADS], failures = 0;
  path = argc > 1 ? argv[1] : "";
  if (seqc_compile_file(path, NULL, &shared) != SEQC_OK ||
      call(seqc_find(shared, "smooth"), expected) != SEQC_OK) {
    fprintf(stderr, "%s\n", seqc_last_error());
    return 1;
  }
  for (int i = 0; i < THREADS; ++i) {
    numbers[i] = 10 + i;
    pthread_create(&threads[i], NULL, work, &numbers[i]);
  }
  for (int i = 0; i < THREADS; ++i) {
    void *failed;
    pthread_join(threads[i], &failed);
    failures += failed != NULL;
  }
  seqc_release(shared);
  return failures != 0;
}
