/* What the compiler makes of a module's functions, by hand: compiled to LLVM IR
 * by the tests.
 *
 *   cell: h = w*h + gain*u; n = n + 1; y = SCALE * (h + n), a step at a time,
 * over the batch in parallel; n starts at 100 and is hidden trim: y = x[1 ..
 * T-1] (two fewer), and the sum of x */
#include <stdint.h>

#ifndef SCALE
#define SCALE 1
#endif
enum { C = 4 };
enum { U, W, H0, GAIN, COUNT_IN, Y, LAST, COUNT_OUT };

void seqc_rt_parallel_for(const void *par,
                          void (*fn)(void *const *, const int64_t *, char *,
                                     int64_t, int64_t),
                          void *const *ptrs, const int64_t *dims, char *scratch,
                          int64_t n);
double tanh(double x);

static void range(void *const *p, const int64_t *dims, char *scratch,
                  int64_t begin, int64_t end) {
  const float *w = p[W];
  int64_t T = dims[1];
  for (int64_t b = begin; b < end; ++b) {
    const float *u = (const float *)p[U] + b * T * C,
                *h0 = (const float *)p[H0] + b * C;
    float *h = (float *)scratch + b * C, *y = (float *)p[Y] + b * T * C;
    int64_t n = ((const int64_t *)p[COUNT_IN])[b];
    for (int c = 0; c < C; ++c)
      h[c] = h0[c];
    for (int64_t t = 0; t < T; ++t) {
      ++n;
      for (int c = 0; c < C; ++c) {
        h[c] = w[c] * h[c] + *(const float *)p[GAIN] * u[t * C + c];
        y[t * C + c] = SCALE * (h[c] + (float)n);
      }
    }
    for (int c = 0; c < C; ++c)
      ((float *)p[LAST])[b * C + c] = h[c];
    ((int64_t *)p[COUNT_OUT])[b] = n;
  }
}
void seqc_body_cell(void *const *p, const int64_t *dims, char *scratch,
                    const void *par) {
  seqc_rt_parallel_for(par, range, p, dims, scratch, dims[0]);
}
void seqc_shapes_cell(const int64_t *constant) {
  int64_t *dims =
      (int64_t *)constant; /* u 0, w 3, h0 4, count 6, y 7, last 10, count 12 */
  dims[6] = dims[7] = dims[10] = dims[12] = dims[0];
  dims[8] = dims[1];
  dims[9] = dims[11] = C;
}
int64_t seqc_scratch_cell(const int64_t *dims) { return dims[0] * C * 4; }
void seqc_init_cell(void *const *p, const int64_t *dims) {
  for (int64_t b = 0; b < dims[6]; ++b)
    ((int64_t *)p[COUNT_IN])[b] = 100;
}

void seqc_body_trim(void *const *p, const int64_t *dims, char *scratch,
                    const void *par) {
  const float *x = p[0];
  double sum = 0;
  for (int64_t t = 0; t < dims[0]; ++t) {
#ifdef NARROW
    sum += (float)(_Float16)x[t] + (float)(__bf16)x[t];
#else
    sum += x[t];
#endif
    if (t > 0 && t < dims[0] - 1)
      ((float *)p[1])[t - 1] = x[t];
  }
  *(double *)p[2] = tanh(sum);
  (void)scratch, (void)par;
}
void seqc_shapes_trim(const int64_t *constant) {
  ((int64_t *)constant)[1] = constant[0] - 2;
}
int64_t seqc_scratch_trim(const int64_t *dims) {
  (void)dims;
  return 0;
}

/* A helper that the host has by the same name: it must not be called or
 * replaced. */
int helper(void) { return 1; }
