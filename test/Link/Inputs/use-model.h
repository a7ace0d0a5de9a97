/* Calls the model through its header's inlines: whole, in pieces, with a wrong
 * size. */
#ifndef USE_MODEL_H
#define USE_MODEL_H
#include <stdio.h>
#include <string.h>

enum { B = 2, T = 5, C = 4 };

static int use_whole(float scale) {
  float u[B * T * C], w[C] = {1, 1, 1, 1}, h0[B * C] = {0}, y[B * T * C],
                      last[B * C];
  int i;
  for (i = 0; i < B * T * C; ++i)
    u[i] = 1;
  if (cell(B, T, u, w, h0, 2.0f, y, last) != SEQC_OK)
    return 1;
  /* Sums of 2, and a counter that starts at 100. */
  for (i = 0; i < B * T * C; ++i)
    if (y[i] != scale * (float)(2 * (i / C % T + 1) + 100 + i / C % T + 1))
      return 2;
  return last[0] == 2 * T && last[B * C - 1] == 2 * T ? 0 : 3;
}

static int use_stream(float scale) {
  float u[T * C], w[C] = {1, 1, 1, 1}, y[T * C];
  char state[512];
  char *aligned = state + (16 - (size_t)state % 16) % 16;
  int i, t;
  int64_t bytes = cell_stream_bytes(1);
  if (bytes <= 0 || bytes > 496 ||
      cell_stream_init(aligned, bytes, 1, NULL) != SEQC_OK)
    return 4;
  for (i = 0; i < T * C; ++i)
    u[i] = 1;
  for (t = 0; t < T; ++t)
    if (cell_stream_step(NULL, aligned, bytes, 1, 1, u + t * C, w, 2.0f,
                         y + t * C) != SEQC_OK)
      return 5;
  for (i = 0; i < T * C; ++i)
    if (y[i] != scale * (float)(2 * (i / C + 1) + 100 + i / C + 1))
      return 6;
  return 0;
}

static int use_trim(void) {
  float x[5] = {1, 2, 3, -4, -2}, y[3];
  double tail = 1;
  if (trim(5, x, y, &tail) != SEQC_OK || y[0] != 2 || y[2] != -4 || tail != 0)
    return 7;
  /* Its result would have -1 elements. */
  return trim(1, x, y, &tail) == SEQC_ERROR_SIZE ? 0 : 8;
}

static int use_error(const char *(*last_error)(void)) {
  float x[1] = {0};
  char text[200] = "";
  seqc_context context = SEQC_CONTEXT_INIT;
  const char *message =
      "cell: result 'y': expected memory of its own, but it overlaps argument "
      "'u'";
  context.error = text;
  context.error_capacity = sizeof(text);
  if (cell_ex(&context, 0, 1, x, NULL, NULL, 1.0f, NULL, NULL) !=
      SEQC_ERROR_NULL)
    return 9;
  if (strcmp(text, "cell: argument 'w': expected data, but got null") != 0)
    return 10;
  {
    float u[C], w[C], h[C];
    if (cell(1, 1, u, w, h, 1.0f, u, h) != SEQC_ERROR_OVERLAP ||
        strcmp(last_error(), message) != 0)
      return 11;
  }
  return 0;
}

#endif /* USE_MODEL_H */
