/* Compiles a model, runs it as a whole and as a stream, and saves it as a
 * library.
 *
 *   gcc -std=c99 main.c -I<seqc>/include -L<build>/lib -lseqc -o smooth
 *   ./smooth smooth.mlir smooth.so
 */
#include <seqc-c/seqc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { B = 2, T = 6, C = 4 };

static float x[B][T][C], a[C], h0[B][C], h[B][T][C], last[B][C];

/* Ends the program with the library's message if `code` is an error. */
static void check(int32_t code) {
  if (code == SEQC_OK)
    return;
  fprintf(stderr, "%s\n", seqc_last_error());
  exit(1);
}

static DLTensor tensor(void *data, int32_t rank, int64_t *shape) {
  return seqc_tensor(data, kDLFloat, 32, rank, shape);
}

static void print_signature(const seqc_function *f) {
  int32_t arguments = seqc_argument_count(f), n = arguments + seqc_result_count(f);
  printf("%s\n", seqc_function_name(f));
  for (int32_t i = 0; i < n; ++i) {
    printf("  %s %s:", i < arguments ? "argument" : "result", seqc_tensor_name(f, i));
    for (int32_t d = 0; d < seqc_tensor_rank(f, i); ++d)
      if (seqc_tensor_size(f, i, d) < 0)
        printf(" %s", seqc_tensor_size_name(f, i, d));
      else
        printf(" %d", (int)seqc_tensor_size(f, i, d));
    printf("\n");
  }
}

/* The whole sequence in one call. */
static void run_whole(const seqc_function *f) {
  int64_t sequence[] = {B, T, C}, row[] = {C}, state[] = {B, C};
  DLTensor t[] = {tensor(x, 3, sequence), tensor(a, 1, row), tensor(h0, 2, state),
                  tensor(h, 3, sequence), tensor(last, 2, state)};
  const DLTensor *all[] = {&t[0], &t[1], &t[2], &t[3], &t[4]};
  check(seqc_call(f, NULL, all, 5));
}

/* Step by step: the state lives in our memory, and inputs and results are one
 * step long. Returns how many values differ from the whole run's. */
static int run_stream(const seqc_function *f) {
  int64_t sizes[] = {B, T}, chunk[] = {B, 1, C}, row[] = {C};
  int64_t bytes = seqc_state_bytes(f, sizes, 2);
  int different = 0;
  void *state = bytes < 0 ? NULL : malloc((size_t)bytes);
  if (!state)
    check(bytes < 0 ? (int32_t)-bytes : SEQC_ERROR_MEMORY);
  check(seqc_state_init(f, state, bytes, sizes, 2, NULL, 0));
  for (int t = 0; t < T; ++t) {
    float in[B][1][C], out[B][1][C];
    DLTensor step[] = {tensor(in, 3, chunk), tensor(a, 1, row), tensor(out, 3, chunk)};
    const DLTensor *all[] = {&step[0], &step[1], &step[2]};
    for (int b = 0; b < B; ++b)
      memcpy(in[b][0], x[b][t], sizeof x[b][t]);
    check(seqc_step(f, NULL, state, bytes, all, 3));
    for (int b = 0; b < B; ++b)
      different += memcmp(out[b][0], h[b][t], sizeof h[b][t]) != 0;
  }
  free(state);
  return different;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: smooth MODEL.mlir LIBRARY.so\n");
    return 2;
  }
  for (int i = 0; i < B * T * C; ++i)
    ((float *)x)[i] = (float)(i % 7);
  for (int c = 0; c < C; ++c)
    a[c] = 0.25f * (float)(c + 1);

  seqc_module *module = NULL;
  check(seqc_compile_file(argv[1], NULL, &module));
  const seqc_function *f = seqc_find(module, "smooth");
  print_signature(f);
  run_whole(f);
  printf("last %g %g %g %g\n", last[0][0], last[0][1], last[0][2], last[0][3]);
  printf("steps that differ: %d\n", run_stream(f));
  check(seqc_save(module, argv[2], NULL));
  seqc_release(module);

  /* The library needs no compiler; with this API it is called in the same way.
   */
  check(seqc_load(argv[2], &module));
  memset(last, 0, sizeof last);
  run_whole(seqc_find(module, "smooth"));
  printf("last %g %g %g %g\n", last[0][0], last[0][1], last[0][2], last[0][3]);
  seqc_release(module);
  return 0;
}
