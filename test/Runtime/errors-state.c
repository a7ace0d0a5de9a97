// Every way to misuse a streaming state, each with its code and message, under
// sanitizers.
//
// RUN: gcc -O1 %s %runtime -o %t.gcc && %t.gcc
// RUN: %cc -g1 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all %s %runtime -o %t.asan && %t.asan

#include "mock.h"

static call_data d;
static int64_t sizes[] = {B, 0};
static _Alignas(64) char blob[512];
static int64_t bytes;

static int32_t init(const DLTensor *const *initial, int32_t n) {
  return seqc_rt_state_init(&mock, blob, bytes, sizes, 2, initial, n);
}
static void fresh(void) {
  fill(&d);
  CHECK(init(NULL, 0) == SEQC_OK);
}
static int32_t step(void *state, int64_t state_bytes) {
  return seqc_rt_step(&mock, &d.context, state, state_bytes, d.step, STEP);
}

static void wrong_sizes(void) {
  int64_t negative[] = {-1, 0}, huge[] = {INT64_MAX / 8, 0};
  expect_error(__LINE__, seqc_rt_state_bytes(&mock, sizes, 1),
               -SEQC_ERROR_COUNT, "cell: expected 2 sizes, but got 1");
  expect_error(__LINE__, seqc_rt_state_bytes(&mock, NULL, 2), -SEQC_ERROR_NULL,
               "cell: expected 2 sizes, but got null");
  expect_error(__LINE__, seqc_rt_state_bytes(&mock, negative, 2),
               -SEQC_ERROR_SIZE,
               "cell: expected size B of at least 0, but got -1");
  expect_error(__LINE__, seqc_rt_state_bytes(&mock, huge, 2),
               -SEQC_ERROR_OVERFLOW,
               "cell: argument 'u': expected fewer than 2^63 bytes, but its "
               "sizes exceed them");
}

static void wrong_init(void) {
  fill(&d);
  const DLTensor *initial[] = {&d.t[H0]};
  bytes = seqc_rt_state_bytes(&mock, sizes, 2);
  CHECK(bytes == 192);
  expect_error(
      __LINE__, seqc_rt_state_init(&mock, NULL, bytes, sizes, 2, NULL, 0),
      SEQC_ERROR_NULL, "cell: expected a streaming state, but got null");
  expect_error(__LINE__,
               seqc_rt_state_init(&mock, blob + 8, bytes, sizes, 2, NULL, 0),
               SEQC_ERROR_STATE,
               "cell: expected a streaming state aligned to 16 bytes, but its "
               "address is 8 past a "
               "multiple");
  expect_error(__LINE__,
               seqc_rt_state_init(&mock, blob, 191, sizes, 2, NULL, 0),
               SEQC_ERROR_STATE,
               "cell: expected a streaming state of 192 bytes, but got 191");
  expect_error(__LINE__, init(initial, 3), SEQC_ERROR_COUNT,
               "cell: expected 1 initial states or none, but got 3");
  expect_error(__LINE__, init(NULL, 1), SEQC_ERROR_NULL,
               "cell: expected 1 initial states or none, but got a null array");
  d.h0_shape[0] = 3;
  expect_error(__LINE__, init(initial, 1), SEQC_ERROR_SIZE,
               "cell: state 'h0': expected size B=2 as in 'sizes', but got 3");
  fill(&d);
  d.t[H0].dtype.bits = 64;
  expect_error(__LINE__, init(initial, 1), SEQC_ERROR_DTYPE,
               "cell: state 'h0': expected f32[?,4], but got f64[2,4]");
  fill(&d);
  d.t[H0].data = blob + 64;
  expect_error(__LINE__, init(initial, 1), SEQC_ERROR_OVERLAP,
               "cell: state 'h0': expected memory of its own, but it overlaps "
               "the streaming state");
}

static void wrong_blob(void) {
  fresh();
  expect_error(__LINE__, step(NULL, bytes), SEQC_ERROR_NULL,
               "cell: expected a streaming state, but got null");
  expect_error(__LINE__, step(blob + 4, bytes), SEQC_ERROR_STATE,
               "cell: expected a streaming state aligned to 16 bytes, but its "
               "address is 4 past a "
               "multiple");
  expect_error(__LINE__, step(blob, 0), SEQC_ERROR_STATE,
               "cell: expected a streaming state of 64 bytes, but got 0");
  expect_error(__LINE__, step(blob, 150), SEQC_ERROR_STATE,
               "cell: expected a streaming state of 192 bytes, but got 150");
  CHECK(strcmp(d.error, seqc_rt_last_error()) == 0);
  seqc_rt_function other = mock;
  other.hash = 0x4321;
  expect_error(
      __LINE__, seqc_rt_step(&other, NULL, blob, bytes, d.step, STEP),
      SEQC_ERROR_STATE,
      "cell: expected its own streaming state, but got another function's");
  for (int64_t i = 0; i < 64;
       ++i) { /* the tag is 40 bytes, then come three sizes */
    fresh();
    blob[i] ^= 0x10;
    int32_t code = step(blob, bytes);
    CHECK(code == SEQC_ERROR_STATE);
    if (i == 0)
      expect_error(__LINE__, code, SEQC_ERROR_STATE,
                   "cell: expected a streaming state made by its state_init, "
                   "but got other bytes");
    if (i == 40)
      expect_error(
          __LINE__, code, SEQC_ERROR_STATE,
          "cell: expected an intact streaming state, but its tag is damaged");
  }
}

static void other_sizes(const int64_t *constant) {
  mock_shapes(constant);
  ((int64_t *)constant)[7] = 5;
}

static void wrong_step(void) {
  fresh();
  expect_error(__LINE__, seqc_rt_step(&mock, NULL, blob, bytes, d.step, WHOLE),
               SEQC_ERROR_COUNT,
               "cell: expected 5 tensors (4 arguments, 1 results), but got 7");
  d.u_shape[0] = d.y_shape[0] = 1;
  expect_error(__LINE__, step(blob, bytes), SEQC_ERROR_STATE,
               "cell: state 'h0': expected size B=1 as in 'u', but got 2");
  fresh();
  d.t[U].data = blob + 64;
  expect_error(__LINE__, step(blob, bytes), SEQC_ERROR_OVERLAP,
               "cell: argument 'u': expected memory of its own, but it "
               "overlaps the streaming "
               "state");
  fresh();
  seqc_rt_function f = mock;
  f.shapes = other_sizes;
  expect_error(
      __LINE__, seqc_rt_step(&f, NULL, blob, bytes, d.step, STEP),
      SEQC_ERROR_STATE,
      "cell: state 'count': expected size 5 for these arguments, but got 2");
  d.context.size = 1;
  CHECK(step(blob, bytes) == SEQC_ERROR_CONTEXT);
  expect_error(
      __LINE__, seqc_rt_step_scratch_bytes(&mock, NULL, 0, d.step, STEP),
      -SEQC_ERROR_NULL, "cell: expected a streaming state, but got null");
}

int main(void) {
  wrong_sizes();
  wrong_init();
  wrong_blob();
  wrong_step();
  return failures != 0;
}
