/* A model as the compiler would make it, by hand: a leaky sum per channel with
 * resets, a hidden step counter, and parallel regions over the batch.
 *
 *   h = flag ? h0 : h; h = w*h + gain*u; n = n + 1; y = h + n
 *
 * And calls of it that a test spoils one field at a time. */
#ifndef MOCK_H
#define MOCK_H

#include "Runtime.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { U, W, H0, FLAG, GAIN, COUNT_IN, Y, LAST, COUNT_OUT, TENSORS };
enum { C = 4, COUNT_START = 100 };

static const seqc_rt_dim u_dims[] = {{-1, 0}, {-1, 1}, {C, -1}};
static const seqc_rt_dim w_dims[] = {{C, -1}};
static const seqc_rt_dim h_dims[] = {{-1, 0}, {C, -1}};
static const seqc_rt_dim t_dims[] = {{-1, 1}};
static const seqc_rt_dim b_dims[] = {{-1, 0}};

enum { S = SEQC_RT_STATE, R = SEQC_RT_RESULT, HID = SEQC_RT_HIDDEN };
static const seqc_rt_tensor mock_tensors[] = {
    {"u", u_dims, 3, 0, kDLFloat, 4, 0, -1},
    {"w", w_dims, 1, 3, kDLFloat, 4, 0, -1},
    {"h0", h_dims, 2, 4, kDLFloat, 4, S, LAST},
    {"flag", t_dims, 1, 6, kDLBool, 1, 0, -1},
    {"gain", 0, 0, 7, kDLFloat, 8, 0, -1},
    {"count", b_dims, 1, 7, kDLInt, 8, S | HID, COUNT_OUT},
    {"y", u_dims, 3, 8, kDLFloat, 4, R, -1},
    {"last", h_dims, 2, 11, kDLFloat, 4, R | S, H0},
    {"count", b_dims, 1, 13, kDLInt, 8, R | S | HID, COUNT_IN},
};

static void mock_range(void *const *p, const int64_t *dims, char *scratch,
                       int64_t begin, int64_t end) {
  int64_t T = dims[1];
  const float *w = p[W];
  double gain = *(const double *)p[GAIN];
  for (int64_t b = begin; b < end; ++b) {
    float *h = (float *)scratch + b * C;
    const float *h0 = (const float *)p[H0] + b * C,
                *u = (const float *)p[U] + b * T * C;
    float *y = (float *)p[Y] + b * T * C;
    int64_t n = ((const int64_t *)p[COUNT_IN])[b];
    float start[C];
    memcpy(start, h0, sizeof(start));
    memcpy(h, h0, sizeof(start));
    for (int64_t t = 0; t < T; ++t) {
      ++n;
      for (int c = 0; c < C; ++c) {
        float before = ((const unsigned char *)p[FLAG])[t] ? start[c] : h[c];
        h[c] = w[c] * before + (float)gain * u[t * C + c];
        y[t * C + c] = h[c] + (float)n;
      }
    }
    memcpy((float *)p[LAST] + b * C, h, sizeof(start));
    ((int64_t *)p[COUNT_OUT])[b] = n;
  }
}

static void mock_body(void *const *p, const int64_t *dims, char *scratch,
                      const void *par) {
  seqc_rt_parallel_for(par, mock_range, p, dims, scratch, dims[0]);
}
static void mock_shapes(const int64_t *constant) {
  int64_t *dims = (int64_t *)constant;
  dims[7] = dims[0];
  memcpy(dims + 8, dims, 3 * sizeof(int64_t));
  memcpy(dims + 11, dims + 4, 2 * sizeof(int64_t));
  dims[13] = dims[0];
}
static int64_t mock_scratch(const int64_t *dims) {
  int64_t bytes;
  return __builtin_mul_overflow(dims[0], (int64_t)(C * sizeof(float)), &bytes)
             ? -1
             : bytes;
}
static void mock_init(void *const *p, const int64_t *dims) {
  for (int64_t b = 0; b < dims[7]; ++b)
    ((int64_t *)p[COUNT_IN])[b] = COUNT_START;
}

static int32_t mock_cpu;
static const seqc_rt_module mock_module = {0, &mock_cpu, 0};
static const char *const mock_symbols[] = {"B", "T"};
static const int32_t mock_states[] = {H0, COUNT_IN};
static const seqc_rt_function mock = {"cell",
                                      &mock_module,
                                      mock_tensors,
                                      mock_symbols,
                                      mock_states,
                                      mock_body,
                                      mock_shapes,
                                      mock_scratch,
                                      mock_init,
                                      0x1234,
                                      6,
                                      TENSORS,
                                      14,
                                      2,
                                      2,
                                      1,
                                      NULL};

/* A valid call with B = 2, T = 3: `whole` is f_call's array, `step` is
 * f_step's. */
enum { B = 2, T = 3, WHOLE = 7, STEP = 5 };
typedef struct {
  float u[B * T * C], w[C], h0[B * C], y[B * T * C], last[B * C];
  unsigned char flag[8];
  double gain;
  int64_t u_shape[3], w_shape[1], h0_shape[2], flag_shape[1], y_shape[3],
      last_shape[2];
  DLTensor t[TENSORS];
  const DLTensor *whole[WHOLE], *step[STEP];
  char error[256];
  char *scratch;
  seqc_context context;
} call_data;

static void fill(call_data *d) {
  memset(d, 0, sizeof(*d));
  for (int i = 0; i < B * T * C; ++i)
    d->u[i] = (float)(i % 7) - 3;
  for (int i = 0; i < C; ++i)
    d->w[i] = 0.5f + (float)i / 8;
  for (int i = 0; i < B * C; ++i)
    d->h0[i] = (float)i;
  d->flag[1] = 1;
  d->gain = 2;
  int64_t u_shape[] = {B, T, C};
  memcpy(d->u_shape, u_shape, sizeof(u_shape));
  memcpy(d->y_shape, u_shape, sizeof(u_shape));
  d->w_shape[0] = C;
  d->h0_shape[0] = d->last_shape[0] = B;
  d->h0_shape[1] = d->last_shape[1] = C;
  d->flag_shape[0] = T;
  d->t[U] = seqc_tensor(d->u, kDLFloat, 32, 3, d->u_shape);
  d->t[W] = seqc_tensor(d->w, kDLFloat, 32, 1, d->w_shape);
  d->t[H0] = seqc_tensor(d->h0, kDLFloat, 32, 2, d->h0_shape);
  d->t[FLAG] = seqc_tensor(d->flag, kDLBool, 8, 1, d->flag_shape);
  d->t[GAIN] = seqc_tensor(&d->gain, kDLFloat, 64, 0, NULL);
  d->t[Y] = seqc_tensor(d->y, kDLFloat, 32, 3, d->y_shape);
  d->t[LAST] = seqc_tensor(d->last, kDLFloat, 32, 2, d->last_shape);
  int order[WHOLE] = {U, W, H0, FLAG, GAIN, Y, LAST},
      steps[STEP] = {U, W, FLAG, GAIN, Y};
  for (int i = 0; i < WHOLE; ++i)
    d->whole[i] = &d->t[order[i]];
  for (int i = 0; i < STEP; ++i)
    d->step[i] = &d->t[steps[i]];
  seqc_context context = SEQC_CONTEXT_INIT;
  d->context = context;
  d->context.error = d->error;
  d->context.error_capacity = sizeof(d->error);
}

static int failures;
#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      printf("%s:%d: expected %s\n", __FILE__, __LINE__, #condition);          \
      ++failures;                                                              \
    }                                                                          \
  } while (0)

/* The code that a call returned, and its exact message. */
static inline void expect_error(int line, int64_t got, int64_t code,
                                const char *message) {
  if (got == code && strcmp(seqc_rt_last_error(), message) == 0)
    return;
  printf("line %d: expected code %d, \"%s\",\n         but got  %d, \"%s\"\n",
         line, (int)code, message, (int)got, seqc_rt_last_error());
  ++failures;
}

#endif /* MOCK_H */
