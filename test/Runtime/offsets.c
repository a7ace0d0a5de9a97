// Offsets of packed sequences (`cu_seqlens`): what is read of them, every wrong
// one with its message, and that nothing runs or is written before all of them
// are right, under sanitizers.
//
// RUN: gcc -O1 %s %runtime -o %t.gcc && %t.gcc
// RUN: %cc -g1 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all %s %runtime -o %t.asan && %t.asan

#include "mock.h"

/* packed(u: f32[T], h0: f32[N], cu: i32[?], own: i64[?]) -> f32[T]. The
 * sequences of `own` are as many as it says. */
enum { PU, PH, CU, OWN, PY, PACKED };
static const seqc_rt_dim t_dim[] = {{-1, 0}}, n_dim[] = {{-1, 1}};
static const seqc_rt_dim cu_dims[] = {{-1, 2}, {-1, 0}, {-1, 1}};
static const seqc_rt_dim own_dims[] = {{-1, 3}, {6, -1}, {-1, -1}};
static const seqc_rt_tensor packed_tensors[] = {
    {"u", t_dim, 1, 0, kDLFloat, 4, 0, -1},
    {"h0", n_dim, 1, 1, kDLFloat, 4, 0, -1},
    {"cu", cu_dims, 1, 2, kDLInt, 4, SEQC_RT_OFFSETS, -1},
    {"own", own_dims, 1, 3, kDLInt, 8, SEQC_RT_OFFSETS, -1},
    {"y", t_dim, 1, 4, kDLFloat, 4, R, -1},
};
static int ran;
static void packed_body(void *const *p, const int64_t *dims, char *scratch,
                        const void *par) {
  (void)scratch, (void)par;
  ++ran;
  for (int64_t t = 0; t < dims[0]; ++t)
    ((float *)p[PY])[t] = 1;
}
static void packed_shapes(const int64_t *constant) {
  ((int64_t *)constant)[4] = constant[0];
}
static int64_t packed_scratch(const int64_t *dims) {
  (void)dims;
  return 0;
}
static const char *const packed_symbols[] = {"T", "N", "M", "K"};
static const seqc_rt_function packed = {"packed",
                                        &mock_module,
                                        packed_tensors,
                                        packed_symbols,
                                        0,
                                        packed_body,
                                        packed_shapes,
                                        packed_scratch,
                                        0,
                                        1,
                                        4,
                                        PACKED,
                                        5,
                                        4,
                                        0,
                                        -1,
                                        NULL};

static float u[6], h0[2], y[6];
static const int32_t good[] = {0, 4, 6};
static const int64_t good_own[] = {0, 0, 6};

/* A call with T = 6 and N = `n`; offsets are copied to memory of their own, so
 * that ASan sees reads behind them. */
static int32_t call(const int32_t *cu, int64_t count, const int64_t *own,
                    int64_t own_count, int64_t n) {
  int64_t t_shape = 6, n_shape = n, cu_shape = count, own_shape = own_count;
  int32_t *cu_copy = malloc((size_t)count * 4 + 1);
  int64_t *own_copy = malloc((size_t)own_count * 8 + 1);
  memcpy(cu_copy, cu, (size_t)count * 4);
  memcpy(own_copy, own, (size_t)own_count * 8);
  DLTensor t[] = {seqc_tensor(u, kDLFloat, 32, 1, &t_shape),
                  seqc_tensor(h0, kDLFloat, 32, 1, &n_shape),
                  seqc_tensor(cu_copy, kDLInt, 32, 1, &cu_shape),
                  seqc_tensor(own_copy, kDLInt, 64, 1, &own_shape),
                  seqc_tensor(y, kDLFloat, 32, 1, &t_shape)};
  const DLTensor *args[] = {&t[0], &t[1], &t[2], &t[3], &t[4]};
  int32_t code = seqc_rt_call(&packed, NULL, args, PACKED);
  free(cu_copy);
  free(own_copy);
  return code;
}

#define COUNT(array) (int64_t)(sizeof(array) / sizeof((array)[0]))
#define WRONG(code, message, ...)                                              \
  do {                                                                         \
    const int32_t cu[] = {__VA_ARGS__};                                        \
    expect_error(__LINE__, call(cu, COUNT(cu), good_own, 3, 2), code,          \
                 "packed: argument 'cu': expected " message);                  \
  } while (0)
#define WRONG_OWN(code, message, ...)                                          \
  do {                                                                         \
    const int64_t own[] = {__VA_ARGS__};                                       \
    expect_error(__LINE__, call(good, 3, own, COUNT(own), 2), code,            \
                 "packed: argument 'own': expected " message);                 \
  } while (0)

static void values(void) {
  const int32_t value = SEQC_ERROR_VALUE;
  WRONG(value, "offsets that start at 0, but got 1 at element 0", 1, 4, 6);
  WRONG(value, "offsets that start at 0, but got -1 at element 0", -1, 4, 6);
  WRONG(value,
        "offsets that never fall, here at least 4, but got 3 at element 2", 0,
        4, 3);
  WRONG(value,
        "offsets that never fall, here at least 0, but got -2147483648 at "
        "element 1",
        0, INT32_MIN, 6);
  WRONG(value,
        "offsets that never fall, here at least 7, but got 6 at element 2", 0,
        7, 6);
  WRONG(value,
        "offsets that end at the number of steps, T=6 as in 'u', but got 5 at "
        "element 2",
        0, 4, 5);
  WRONG(value,
        "offsets that end at the number of steps, T=6 as in 'u', but got "
        "2147483647 at element 2",
        0, 4, INT32_MAX);
  WRONG_OWN(
      value,
      "offsets that end at the number of steps, 6, but got 0 at element 0", 0);
  WRONG_OWN(value,
            "offsets that never fall, here at least 5, but got 4 at element 3",
            0, 5, 5, 4, 6);
  WRONG_OWN(value,
            "offsets that end at the number of steps, 6, but got 4294967302 at "
            "element 1",
            0, 6 + (INT64_C(1) << 32));
}

static void counts(void) {
  const int32_t size = SEQC_ERROR_SIZE;
  WRONG(size,
        "one offset more than there are sequences (N=2 as in 'h0'), but got 2",
        0, 6);
  WRONG(size,
        "one offset more than there are sequences (N=2 as in 'h0'), but got 4",
        0, 1, 4, 6);
  expect_error(
      __LINE__, call(good, 0, good_own, 3, 2), size,
      "packed: argument 'cu': expected at least one offset, but got none");
  expect_error(
      __LINE__, call(good, 3, good_own, 0, 2), size,
      "packed: argument 'own': expected at least one offset, but got none");
}

/* A function without offsets, whose arguments have no more `dims` than sizes.
 */
static void without(void) {
  static call_data d;
  fill(&d);
  CHECK(seqc_rt_call(&mock, NULL, d.whole, WHOLE) == SEQC_OK);
}

int main(void) {
  values();
  without();
  counts();
  CHECK(ran == 0);
  for (int t = 0; t < 6; ++t)
    CHECK(y[t] == 0);
  const int64_t one[] = {0, 6};
  CHECK(call(good, 3, one, 2, 2) == SEQC_OK && ran == 1 && y[5] == 1);
  return failures != 0;
}
