/* The values of `cu_seqlens`: sequence n of a packed batch is the steps offset[n] to offset[n+1]-1.
 * Generated code uses them as bounds, so they are checked, all of them, before it runs. */
#include "Runtime.h"

/* 4 or 8 bytes: i32, i64 or index. */
static int64_t read_offset(const seqc_rt_tensor *t, const void *data, int64_t n) {
  if (t->bytes == 4)
    return ((const int32_t *)data)[n];
  return ((const int64_t *)data)[n];
}

/* "N=4 as in 'h0'", or the number alone. */
static void put_size(seqc_rt_frame *frame, seqc_rt_text *text, const seqc_rt_dim *dim,
                     int64_t value) {
  int bound = dim->size < 0 && dim->symbol >= 0;
  if (bound) {
    seqc_rt_put(text, frame->f->symbols[dim->symbol]);
    seqc_rt_put(text, "=");
  }
  seqc_rt_put_int(text, value);
  if (bound) {
    seqc_rt_put(text, " as in '");
    seqc_rt_put(text, frame->binders[dim->symbol]);
    seqc_rt_put(text, "'");
  }
}

static int64_t size_value(const seqc_rt_frame *frame, const seqc_rt_dim *dim) {
  return dim->size >= 0 ? dim->size : frame->symbols[dim->symbol];
}

static int32_t fail_offset_count(seqc_rt_frame *frame, int32_t i, int64_t count) {
  const seqc_rt_tensor *t = &frame->f->tensors[i];
  seqc_rt_text *text = seqc_rt_begin_at(frame, i);
  seqc_rt_put(text, "expected one offset more than there are sequences (");
  put_size(frame, text, &t->dims[2], size_value(frame, &t->dims[2]));
  seqc_rt_put(text, "), but got ");
  seqc_rt_put_int(text, count);
  return seqc_rt_fail(frame, SEQC_ERROR_SIZE);
}

/* Offset n is wrong: it had to be `expected`, or at least that. */
static int32_t fail_offset(seqc_rt_frame *frame, int32_t i, const char *what, int64_t n,
                           const seqc_rt_dim *dim, int64_t expected, int64_t value) {
  seqc_rt_text *text = seqc_rt_begin_at(frame, i);
  seqc_rt_put(text, what);
  put_size(frame, text, dim, expected);
  seqc_rt_put(text, ", but got ");
  seqc_rt_put_int(text, value);
  seqc_rt_put(text, " at element ");
  seqc_rt_put_int(text, n);
  return seqc_rt_fail(frame, SEQC_ERROR_VALUE);
}

static int32_t check_values(seqc_rt_frame *frame, int32_t i) {
  static const seqc_rt_dim number = {0, -1};
  const seqc_rt_tensor *t = &frame->f->tensors[i];
  const void *data = frame->ptrs[i];
  int64_t count = frame->dims[t->first_dim], total = size_value(frame, &t->dims[1]);
  int counted = t->dims[2].size >= 0 || t->dims[2].symbol >= 0;
  if (counted && count - 1 != size_value(frame, &t->dims[2]))
    return fail_offset_count(frame, i, count);
  if (seqc_rt_on_gpu(frame) && !frame->on_host[i])
    return SEQC_OK;
  int64_t before = 0, value = read_offset(t, data, 0);
  if (value)
    return fail_offset(frame, i, "expected offsets that start at ", 0, &number, 0, value);
  for (int64_t n = 1; n < count; ++n, before = value) {
    value = read_offset(t, data, n);
    if (value < before)
      return fail_offset(frame, i, "expected offsets that never fall, here at least ", n, &number,
                         before, value);
  }
  if (value != total)
    return fail_offset(frame, i, "expected offsets that end at the number of steps, ", count - 1,
                       &t->dims[1], total, value);
  return SEQC_OK;
}

int32_t seqc_rt_check_offsets(seqc_rt_frame *frame) {
  const seqc_rt_function *f = frame->f;
  for (int32_t i = 0; i < f->n_arguments; ++i) {
    int32_t code = f->tensors[i].flags & SEQC_RT_OFFSETS ? check_values(frame, i) : SEQC_OK;
    if (code)
      return code;
  }
  return SEQC_OK;
}
