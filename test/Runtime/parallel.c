// Calls from many threads at once, and through a parallel_for hook: the same
// bits for every partition, in the caller's floating-point mode; a hook that
// misbehaves is an error. ThreadSanitizer.
//
// RUN: gcc -O1 %s %runtime -o %t.gcc && %t.gcc
// RUN: %cc -g1 -O1 -fsanitize=thread %s %runtime -o %t.tsan && %t.tsan

#include "mock.h"
#include <fenv.h>
#include <pthread.h>

typedef struct {
  void (*body)(void *, int64_t, int64_t);
  void *env;
  int64_t begin, end;
} part;

static void *run_part(void *p) {
  part *q = p;
  fesetround(FE_TONEAREST);
  q->body(q->env, q->begin, q->end);
  return fegetround() == FE_TONEAREST ? NULL : q;
}

/* A thread for every part; `pool` is the number of parts. */
static void threads(void *pool, int64_t n,
                    void (*body)(void *, int64_t, int64_t), void *env) {
  int64_t parts = *(int64_t *)pool;
  pthread_t ids[16];
  part each[16];
  for (int64_t i = 0; i < parts; ++i) {
    each[i] = (part){body, env, n * i / parts, n * (i + 1) / parts};
    pthread_create(&ids[i], NULL, run_part, &each[i]);
  }
  for (int64_t i = 0; i < parts; ++i) {
    void *changed;
    pthread_join(ids[i], &changed);
    CHECK(!changed); /* the worker has its own mode back */
  }
}

static void half(void *pool, int64_t n, void (*body)(void *, int64_t, int64_t),
                 void *env) {
  (void)pool;
  body(env, 0, n / 2);
}
static void twice(void *pool, int64_t n, void (*body)(void *, int64_t, int64_t),
                  void *env) {
  (void)pool;
  body(env, 0, n);
  body(env, 0, n);
}
static void outside(void *pool, int64_t n,
                    void (*body)(void *, int64_t, int64_t), void *env) {
  (void)pool;
  body(env, -5, 0);
  body(env, 0, n + 1);
}

static void partitions(void) {
  for (int mode = 0; mode < 2; ++mode) {
    fesetround(mode ? FE_UPWARD : FE_TONEAREST);
    call_data alone, d;
    fill(&alone);
    alone.gain = 0.1;
    CHECK(seqc_rt_call(&mock, NULL, alone.whole, WHOLE) == SEQC_OK);
    for (int64_t parts = 1; parts <= 5; ++parts) {
      fill(&d);
      d.gain = 0.1;
      d.context.parallel_for = threads;
      d.context.pool = &parts;
      CHECK(seqc_rt_call(&mock, &d.context, d.whole, WHOLE) == SEQC_OK);
      CHECK(memcmp(alone.y, d.y, sizeof(d.y)) == 0);
    }
  }
  fesetround(FE_TONEAREST);
}

static void bad_hooks(void) {
  call_data d;
  fill(&d);
  d.context.parallel_for = half;
  expect_error(__LINE__, seqc_rt_call(&mock, &d.context, d.whole, WHOLE),
               SEQC_ERROR_PARALLEL,
               "cell: expected the parallel_for hook to run each item once, "
               "but it ran 1 too few");
  d.context.parallel_for = twice;
  expect_error(__LINE__, seqc_rt_call(&mock, &d.context, d.whole, WHOLE),
               SEQC_ERROR_PARALLEL,
               "cell: expected the parallel_for hook to run each item once, "
               "but it ran 2 too "
               "many");
  d.context.parallel_for = outside;
  expect_error(__LINE__, seqc_rt_call(&mock, &d.context, d.whole, WHOLE),
               SEQC_ERROR_PARALLEL,
               "cell: expected the parallel_for hook to run each item once, "
               "but it ran 2 too few");
}

/* Every thread has its own last message. */
static void *caller(void *p) {
  int64_t id = (int64_t)(intptr_t)p;
  call_data d;
  long wrong = 0;
  for (int i = 0; i < 200; ++i) {
    fill(&d);
    if (seqc_rt_call(&mock, NULL, d.whole, WHOLE) != SEQC_OK)
      ++wrong;
    d.u_shape[2] = 10 + id;
    char text[100];
    snprintf(text, sizeof(text),
             "cell: argument 'u': expected f32[?,?,4], but got f32[2,3,%d]",
             (int)(10 + id));
    if (seqc_rt_call(&mock, NULL, d.whole, WHOLE) != SEQC_ERROR_SIZE ||
        strcmp(seqc_rt_last_error(), text) != 0)
      ++wrong;
  }
  return (void *)(intptr_t)wrong;
}

static void callers(void) {
  pthread_t ids[8];
  for (intptr_t i = 0; i < 8; ++i)
    pthread_create(&ids[i], NULL, caller, (void *)i);
  for (int i = 0; i < 8; ++i) {
    void *wrong;
    pthread_join(ids[i], &wrong);
    CHECK(!wrong);
  }
}

int main(void) {
  partitions();
  bad_hooks();
  callers();
  return failures != 0;
}
