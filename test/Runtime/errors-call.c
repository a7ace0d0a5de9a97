// Every way to call a function wrongly, each with its code and message, under
// sanitizers.
//
// RUN: gcc -O1 %s %runtime -o %t.gcc && %t.gcc
// RUN: %cc -g1 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all %s %runtime -o %t.asan && %t.asan

#include "mock.h"

static call_data d;
static int32_t call(void) {
  return seqc_rt_call(&mock, &d.context, d.whole, WHOLE);
}

/* Spoils a fresh call, then expects this of it. The context has the message
 * too. */
#define WRONG(spoil, code, message)                                            \
  do {                                                                         \
    fill(&d);                                                                  \
    spoil;                                                                     \
    expect_error(__LINE__, call(), code, message);                             \
    CHECK(strcmp(d.error, message) == 0);                                      \
  } while (0)

static void nulls(void) {
  fill(&d);
  expect_error(__LINE__, seqc_rt_call(&mock, &d.context, NULL, WHOLE),
               SEQC_ERROR_NULL,
               "cell: expected an array of tensors, but got null");
  WRONG(d.whole[2] = NULL, SEQC_ERROR_NULL,
        "cell: argument 'h0': expected a tensor, but got null");
  WRONG(d.whole[6] = NULL, SEQC_ERROR_NULL,
        "cell: result 'last': expected a tensor, but got null");
  WRONG(d.t[U].shape = NULL, SEQC_ERROR_NULL,
        "cell: argument 'u': expected a tensor's shape, but got null");
  WRONG(d.t[U].data = NULL, SEQC_ERROR_NULL,
        "cell: argument 'u': expected data, but got null");
  WRONG(d.t[GAIN].data = NULL, SEQC_ERROR_NULL,
        "cell: argument 'gain': expected data, but got null");
  WRONG(d.t[Y].data = NULL, SEQC_ERROR_NULL,
        "cell: result 'y': expected data, but got null");
}

static void counts(void) {
  fill(&d);
  const char *message =
      "cell: expected 7 tensors (5 arguments, 2 results), but got %d";
  for (int n = -1; n < 10; ++n) {
    char text[100];
    snprintf(text, sizeof(text), message, n);
    if (n != WHOLE)
      expect_error(__LINE__, seqc_rt_call(&mock, NULL, d.whole, n),
                   SEQC_ERROR_COUNT, text);
  }
}

static void context(void) {
  fill(&d);
  d.context.size = 8;
  expect_error(__LINE__, call(), SEQC_ERROR_CONTEXT,
               "cell: expected a context of at least 56 bytes in its field "
               "'size', but got 8");
  CHECK(d.error[0] == 0); /* whose fields are unknown is not written to */
  fill(&d);
  d.context.error_capacity = 10;
  d.whole[0] = NULL;
  CHECK(call() == SEQC_ERROR_NULL && strcmp(d.error, "cell: arg") == 0);
}

static void types(void) {
  WRONG(d.t[U].dtype.bits = 64, SEQC_ERROR_DTYPE,
        "cell: argument 'u': expected f32[?,?,4], but got f64[2,3,4]");
  WRONG(d.t[U].dtype.code = kDLBfloat, SEQC_ERROR_DTYPE,
        "cell: argument 'u': expected f32[?,?,4], but got bf32[2,3,4]");
  WRONG(d.t[U].dtype.lanes = 4, SEQC_ERROR_DTYPE,
        "cell: argument 'u': expected f32[?,?,4], but got f32x4[2,3,4]");
  WRONG(d.t[U].dtype.code = 99, SEQC_ERROR_DTYPE,
        "cell: argument 'u': expected f32[?,?,4], but got type99:32[2,3,4]");
  WRONG(d.t[FLAG].dtype.code = kDLUInt, SEQC_ERROR_DTYPE,
        "cell: argument 'flag': expected bool[?], but got u8[3]");
  WRONG(d.t[GAIN].dtype.bits = 32, SEQC_ERROR_DTYPE,
        "cell: argument 'gain': expected f64[], but got f32[]");
  WRONG(d.t[U].ndim = 2, SEQC_ERROR_RANK,
        "cell: argument 'u': expected f32[?,?,4], but got f32[2,3]");
  WRONG(d.t[U].ndim = -1, SEQC_ERROR_RANK,
        "cell: argument 'u': expected f32[?,?,4], but got f32[rank -1]");
  WRONG(
      d.t[U].ndim = 2000000000, SEQC_ERROR_RANK,
      "cell: argument 'u': expected f32[?,?,4], but got f32[rank 2000000000]");
  WRONG(d.u_shape[2] = 5, SEQC_ERROR_SIZE,
        "cell: argument 'u': expected f32[?,?,4], but got f32[2,3,5]");
  WRONG(d.t[Y].dtype.bits = 16, SEQC_ERROR_DTYPE,
        "cell: result 'y': expected f32[?,?,4], but got f16[2,3,4]");
}

static void sizes(void) {
  WRONG(d.h0_shape[0] = 4, SEQC_ERROR_SIZE,
        "cell: argument 'h0': expected size B=2 as in 'u', but got 4");
  WRONG(d.flag_shape[0] = 4, SEQC_ERROR_SIZE,
        "cell: argument 'flag': expected size T=3 as in 'u', but got 4");
  WRONG(d.y_shape[1] = 2, SEQC_ERROR_SIZE,
        "cell: result 'y': expected size T=3 as in 'u', but got 2");
  WRONG(d.u_shape[1] = -3, SEQC_ERROR_SIZE,
        "cell: argument 'u': expected sizes of at least 0, but got -3 in "
        "dimension 1");
  WRONG(d.u_shape[2] = -3, SEQC_ERROR_SIZE,
        "cell: argument 'u': expected sizes of at least 0, but got -3 in "
        "dimension 2");
  WRONG((d.u_shape[0] = INT64_MAX, d.u_shape[1] = 3), SEQC_ERROR_OVERFLOW,
        "cell: argument 'u': expected fewer than 2^63 bytes, but its sizes "
        "exceed them");
  WRONG((d.u_shape[0] = 0, d.u_shape[1] = INT64_MAX / 2), SEQC_ERROR_OVERFLOW,
        "cell: argument 'u': expected fewer than 2^63 bytes, but its sizes "
        "exceed them");
}

static void memory(void) {
  int64_t transposed[] = {12, 1, 3};
  WRONG(d.t[U].strides = transposed, SEQC_ERROR_STRIDE,
        "cell: argument 'u': expected dense row-major strides, but got "
        "[12,1,3] for f32[2,3,4]");
  WRONG(d.t[W].device.device_type = (DLDeviceType)2, SEQC_ERROR_DEVICE,
        "cell: argument 'w': expected a tensor in CPU memory (DLPack device "
        "1), but got device 2");
  WRONG(d.t[U].data = (char *)d.u + 1, SEQC_ERROR_ALIGNMENT,
        "cell: argument 'u': expected data aligned to 4 bytes, but its address "
        "is 1 past a "
        "multiple");
  WRONG(d.t[GAIN].byte_offset = 4, SEQC_ERROR_ALIGNMENT,
        "cell: argument 'gain': expected data aligned to 8 bytes, but its "
        "address is 4 past a "
        "multiple");
  WRONG(d.flag[2] = 7, SEQC_ERROR_VALUE,
        "cell: argument 'flag': expected bools 0 or 1, but got 7 at element 2");
  WRONG(d.t[Y].data = d.u, SEQC_ERROR_OVERLAP,
        "cell: result 'y': expected memory of its own, but it overlaps "
        "argument 'u'");
  WRONG(d.t[Y].data = d.w + 1, SEQC_ERROR_OVERLAP,
        "cell: result 'y': expected memory of its own, but it overlaps "
        "argument 'w'");
  WRONG(d.t[LAST].data = d.y + 8, SEQC_ERROR_OVERLAP,
        "cell: result 'last': expected memory of its own, but it overlaps "
        "result 'y'");
  WRONG(d.t[LAST].data = d.h0 + 1, SEQC_ERROR_OVERLAP,
        "cell: result 'last': expected memory of its own, but it overlaps "
        "argument 'h0'");
  char small[100];
  WRONG((d.context.scratch = small, d.context.scratch_bytes = 100),
        SEQC_ERROR_SCRATCH,
        "cell: expected 159 bytes of scratch in the context, but got 100");
}

/* A feature that no CPU has: a leaf past the last. */
static void features(void) {
  static const seqc_rt_feature imaginary[] = {
      {"sse2", 1, 0, 3, 26, 0}, {"imaginary", 0x7fffffff, 0, 0, 0, 0}};
  int32_t cpu = 0;
  seqc_rt_module module = {imaginary, &cpu, 2};
  seqc_rt_function f = mock;
  f.module = &module;
  fill(&d);
#if defined(__x86_64__)
  for (int again = 0; again < 2; ++again)
    expect_error(
        __LINE__, seqc_rt_call(&f, NULL, d.whole, WHOLE), SEQC_ERROR_FEATURE,
        "cell: expected a CPU with 'imaginary', but this one lacks it");
#endif
  module.n_features = 1;
  cpu = 0;
  CHECK(seqc_rt_call(&f, NULL, d.whole, WHOLE) == SEQC_OK && cpu == 1);
}

static int64_t no_scratch(const int64_t *dims) {
  return dims[0] == B ? INT64_MAX - 10 : -1;
}
static void huge_scratch(void) {
  seqc_rt_function f = mock;
  f.scratch = no_scratch;
  fill(&d);
  expect_error(__LINE__, seqc_rt_call(&f, NULL, d.whole, WHOLE),
               SEQC_ERROR_OVERFLOW,
               "cell: expected fewer than 2^63 bytes of scratch, but these "
               "sizes need more");
}

static void shapes(void) {
  fill(&d);
  memset(d.y_shape, 0, sizeof(d.y_shape));
  d.t[U].data = d.t[Y].data = NULL;
  CHECK(seqc_rt_shapes(&mock, d.whole, WHOLE) == SEQC_OK);
  CHECK(d.y_shape[0] == B && d.y_shape[1] == T && d.y_shape[2] == C);
  d.t[Y].ndim = 1;
  expect_error(__LINE__, seqc_rt_shapes(&mock, d.whole, WHOLE), SEQC_ERROR_RANK,
               "cell: result 'y': expected rank 3, but got 1");
  d.t[Y].ndim = 3;
  d.t[Y].shape = NULL;
  expect_error(__LINE__, seqc_rt_shapes(&mock, d.whole, WHOLE), SEQC_ERROR_NULL,
               "cell: result 'y': expected a tensor's shape, but got null");
  d.whole[5] = NULL;
  expect_error(__LINE__, seqc_rt_shapes(&mock, d.whole, WHOLE), SEQC_ERROR_NULL,
               "cell: result 'y': expected a tensor, but got null");
  d.h0_shape[0] = 3;
  expect_error(__LINE__, seqc_rt_scratch_bytes(&mock, d.whole, 5),
               -SEQC_ERROR_SIZE,
               "cell: argument 'h0': expected size B=2 as in 'u', but got 3");
}

int main(void) {
  nulls();
  counts();
  context();
  types();
  sizes();
  memory();
  features();
  huge_scratch();
  shapes();
  return failures != 0;
}
