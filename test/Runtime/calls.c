// What right calls do: numbers, strides that do not matter, empty tensors,
// scratch from the context, shared memory of a state, streams in pieces, blobs
// that move, fork, reentrancy.
//
// RUN: gcc -O1 %s %runtime -o %t.gcc && %t.gcc
// RUN: %cc -g1 -O1 -fsanitize=address,undefined -fno-sanitize-recover=all %s %runtime -o %t.asan && %t.asan

#include "mock.h"
#include <sys/wait.h>
#include <unistd.h>

static call_data d, reference;
static int32_t call(void) {
  return seqc_rt_call(&mock, &d.context, d.whole, WHOLE);
}
static int same(void) {
  return memcmp(d.y, reference.y, sizeof(d.y)) == 0 &&
         memcmp(d.last, reference.last, sizeof(d.last)) == 0;
}

static void numbers(void) {
  fill(&reference);
  CHECK(seqc_rt_call(&mock, NULL, reference.whole, WHOLE) == SEQC_OK);
  /* b = 0, c = 1: h = 1, w = 0.625, u = -2, 2, -1, reset before step 1. */
  CHECK(reference.y[1] == 0.625f * 1 + 2 * -2.f + COUNT_START + 1);
  CHECK(reference.y[C + 1] == 0.625f * 1 + 2 * 2.f + COUNT_START + 2);
  CHECK(reference.last[1] == 0.625f * 4.625f + 2 * -1.f);
}

static void layouts(void) {
  int64_t strides[] = {T * C, C, 1}, odd[] = {999, 1};
  fill(&d);
  d.t[U].strides = strides;
  d.t[Y].data = (char *)d.y - 4;
  d.t[Y].byte_offset = 4;
  CHECK(call() == SEQC_OK && same());
  fill(&d);
  d.u_shape[0] = d.h0_shape[0] = d.y_shape[0] = d.last_shape[0] = 1;
  d.t[H0].strides = odd; /* of a size that is 1 */
  CHECK(call() == SEQC_OK &&
        memcmp(d.y, reference.y, sizeof(float) * T * C) == 0);
  fill(&d);
  d.u_shape[0] = d.h0_shape[0] = d.y_shape[0] = d.last_shape[0] = 0;
  d.t[U].strides = odd; /* of an empty tensor */
  d.t[U].data = d.t[Y].data = (char *)d.u + 1;
  d.t[H0].data = d.t[LAST].data = NULL;
  CHECK(call() == SEQC_OK);
  fill(&d);
  d.u_shape[1] = d.y_shape[1] = d.flag_shape[0] = 0;
  CHECK(call() == SEQC_OK && memcmp(d.last, d.h0, sizeof(d.h0)) == 0);
  fill(&d);
  d.t[LAST].data = d.h0;
  CHECK(call() == SEQC_OK && memcmp(d.y, reference.y, sizeof(d.y)) == 0 &&
        memcmp(d.h0, reference.last, sizeof(d.h0)) == 0);
}

/* Any alignment of scratch, and nothing past its end (under AddressSanitizer).
 */
static void scratch(void) {
  fill(&d);
  int64_t bytes = seqc_rt_scratch_bytes(&mock, d.whole, WHOLE);
  CHECK(bytes == seqc_rt_scratch_bytes(&mock, d.whole, 5) && bytes > 0);
  for (int offset = 0; offset < 64; offset += 7) {
    char *memory = malloc((size_t)(bytes + offset));
    fill(&d);
    d.context.scratch = memory + offset;
    d.context.scratch_bytes = bytes;
    CHECK(call() == SEQC_OK && same());
    free(memory);
  }
}

/* The stream in pieces `first` and T - first; its blob is moved in between. */
static void stream(int first) {
  int64_t sizes[] = {B, -7};
  int64_t bytes = seqc_rt_state_bytes(&mock, sizes, 2);
  char *blob = aligned_alloc(16, (size_t)(bytes + 15) / 16 * 16);
  fill(&d);
  const DLTensor *initial[] = {&d.t[H0]};
  CHECK(seqc_rt_state_init(&mock, blob, bytes, sizes, 2, initial, 1) ==
        SEQC_OK);
  float u[B * T * C], y[B * T * C];
  unsigned char flag[T];
  for (int piece = 0; piece < 2; ++piece) {
    int from = piece ? first : 0, steps = piece ? T - first : first;
    for (int b = 0; b < B; ++b)
      memcpy(u + b * steps * C, d.u + (b * T + from) * C,
             sizeof(float) * (size_t)(steps * C));
    memcpy(flag, d.flag + from, (size_t)steps);
    d.u_shape[1] = d.y_shape[1] = d.flag_shape[0] = steps;
    d.t[U].data = u;
    d.t[Y].data = y;
    d.t[FLAG].data = flag;
    int64_t need = seqc_rt_step_scratch_bytes(&mock, blob, bytes, d.step, STEP);
    char *memory = malloc((size_t)need);
    d.context.scratch = memory;
    d.context.scratch_bytes = need;
    CHECK(seqc_rt_step(&mock, &d.context, blob, bytes, d.step, STEP) ==
          SEQC_OK);
    free(memory);
    for (int b = 0; b < B; ++b)
      memcpy(d.y + (b * T + from) * C, y + b * steps * C,
             sizeof(float) * (size_t)(steps * C));
    char *moved = aligned_alloc(16, (size_t)(bytes + 15) / 16 * 16);
    memcpy(moved, blob, (size_t)bytes);
    free(blob);
    blob = moved;
  }
  free(blob);
  /* A reset restores the stream's own state of the piece: only before step 1
   * here. */
  if (first != 1 && first != 2)
    CHECK(memcmp(d.y, reference.y, sizeof(d.y)) == 0);
}

/* Without initial states: zero, and the hidden state's own start. */
static void zero_start(void) {
  int64_t sizes[] = {B, 0};
  char *blob = aligned_alloc(64, 1024);
  const DLTensor *none[] = {NULL};
  call_data whole;
  fill(&whole);
  memset(whole.h0, 0, sizeof(whole.h0));
  CHECK(seqc_rt_call(&mock, NULL, whole.whole, WHOLE) == SEQC_OK);
  for (int n = 0; n < 2; ++n) {
    fill(&d);
    memset(blob, 0xff, 1024);
    CHECK(seqc_rt_state_init(&mock, blob, 1024, sizes, 2, none, n) == SEQC_OK);
    CHECK(seqc_rt_step(&mock, NULL, blob, 1024, d.step, STEP) == SEQC_OK);
    CHECK(memcmp(d.y, whole.y, sizeof(d.y)) == 0);
  }
  free(blob);
}

static void forked(void) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    fill(&d);
    _exit(call() == SEQC_OK && same() ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  CHECK(status == 0);
}

int main(void) {
  numbers();
  layouts();
  scratch();
  for (int first = 0; first <= T; ++first)
    stream(first);
  zero_start();
  forked();
  return failures != 0;
}
