/* Arguments against the descriptor: number, dtype, rank, sizes. Of the data only index arguments
 * are read, which may be sizes, so that f_shapes can use it. */
#include "Runtime.h"

void seqc_rt_frame_clear(seqc_rt_frame *frame) {
  const seqc_rt_function *f = frame->f;
  for (int32_t s = 0; s < f->n_symbols; ++s)
    frame->binders[s] = (const char *)0;
  for (int32_t i = 0; i < f->n_tensors; ++i) {
    const seqc_rt_tensor *t = &f->tensors[i];
    frame->ptrs[i] = (void *)0;
    frame->bytes[i] = 0;
    frame->on_host[i] = (const void *)0;
    if (t->flags & SEQC_RT_COUNT)
      frame->dims[t->first_dim] = 0;
    for (int32_t d = 0; d < t->rank; ++d)
      frame->dims[t->first_dim + d] = t->dims[d].size < 0 ? 0 : t->dims[d].size;
  }
}

int32_t seqc_rt_check_context(seqc_rt_frame *frame) {
  const seqc_context *context = frame->context;
  if (!context || context->size >= SEQC_RT_CONTEXT_BYTES)
    return SEQC_OK;
  seqc_rt_text *text = seqc_rt_begin(frame);
  seqc_rt_put(text, "expected a context of at least ");
  seqc_rt_put_int(text, (int64_t)SEQC_RT_CONTEXT_BYTES);
  seqc_rt_put(text, " bytes in its field 'size', but got ");
  seqc_rt_put_int(text, (int64_t)context->size);
  return seqc_rt_fail(frame, SEQC_ERROR_CONTEXT);
}

static int32_t fail_null(seqc_rt_frame *frame, int32_t i, const char *what) {
  seqc_rt_text *text = seqc_rt_begin_at(frame, i);
  seqc_rt_put(text, "expected ");
  seqc_rt_put(text, what);
  seqc_rt_put(text, ", but got null");
  return seqc_rt_fail(frame, SEQC_ERROR_NULL);
}

/* "expected f32[?,?,256], but got f64[2,10,256]" */
static int32_t fail_type(seqc_rt_frame *frame, int32_t i, const DLTensor *given, int32_t code) {
  seqc_rt_text *text = seqc_rt_begin_at(frame, i);
  seqc_rt_put(text, "expected ");
  seqc_rt_put_declared(text, &frame->f->tensors[i]);
  seqc_rt_put(text, ", but got ");
  seqc_rt_put_given(text, given);
  return seqc_rt_fail(frame, code);
}

/* "expected size B=8 as in 'u', but got 4" */
static int32_t fail_symbol(seqc_rt_frame *frame, int32_t i, int64_t symbol, int64_t given) {
  seqc_rt_text *text = seqc_rt_begin_at(frame, i);
  seqc_rt_put(text, "expected size ");
  seqc_rt_put(text, frame->f->symbols[symbol]);
  seqc_rt_put(text, "=");
  seqc_rt_put_int(text, frame->symbols[symbol]);
  seqc_rt_put(text, " as in '");
  seqc_rt_put(text, frame->binders[symbol]);
  seqc_rt_put(text, "', but got ");
  seqc_rt_put_int(text, given);
  return seqc_rt_fail(frame, SEQC_ERROR_SIZE);
}

static int32_t fail_negative(seqc_rt_frame *frame, int32_t i, int32_t d, int64_t given) {
  seqc_rt_text *text = seqc_rt_begin_at(frame, i);
  seqc_rt_put(text, "expected sizes of at least 0, but got ");
  seqc_rt_put_int(text, given);
  seqc_rt_put(text, " in dimension ");
  seqc_rt_put_int(text, d);
  return seqc_rt_fail(frame, SEQC_ERROR_SIZE);
}

/* Bytes of tensor i by the frame's dims. The product of the sizes that are not
 * 0 must fit too: generated code computes strides from them. */
static int32_t count_bytes(seqc_rt_frame *frame, int32_t i) {
  const seqc_rt_tensor *t = &frame->f->tensors[i];
  int64_t bytes = t->bytes;
  int empty = 0;
  for (int32_t d = 0; d < t->rank; ++d) {
    int64_t size = frame->dims[t->first_dim + d];
    if (size < 0)
      return fail_negative(frame, i, d, size);
    empty |= size == 0;
    if (size && __builtin_mul_overflow(bytes, size, &bytes)) {
      seqc_rt_text *text = seqc_rt_begin_at(frame, i);
      seqc_rt_put(text, "expected fewer than 2^63 bytes, but its sizes exceed "
                        "them");
      return seqc_rt_fail(frame, SEQC_ERROR_OVERFLOW);
    }
  }
  frame->bytes[i] = empty ? 0 : bytes;
  return SEQC_OK;
}

/* dtype, rank and fixed sizes. */
static int32_t check_type(seqc_rt_frame *frame, int32_t i, const DLTensor *given) {
  const seqc_rt_tensor *t = &frame->f->tensors[i];
  if (!given)
    return fail_null(frame, i, "a tensor");
  if (given->ndim > 0 && !given->shape)
    return fail_null(frame, i, "a tensor's shape");
  if (given->dtype.code != t->code || given->dtype.bits != t->bytes * 8 || given->dtype.lanes != 1)
    return fail_type(frame, i, given, SEQC_ERROR_DTYPE);
  if (given->ndim != t->rank)
    return fail_type(frame, i, given, SEQC_ERROR_RANK);
  for (int32_t d = 0; d < t->rank; ++d) {
    if (given->shape[d] < 0)
      return fail_negative(frame, i, d, given->shape[d]);
    if (t->dims[d].size >= 0 && given->shape[d] != t->dims[d].size)
      return fail_type(frame, i, given, SEQC_ERROR_SIZE);
  }
  return SEQC_OK;
}

/* Size `d` of tensor i is `size`: binds its symbol, or agrees with what bound it. */
static int32_t bind_size(seqc_rt_frame *frame, int32_t i, int32_t d, int64_t size) {
  const seqc_rt_tensor *t = &frame->f->tensors[i];
  int64_t symbol = t->dims[d].symbol;
  frame->dims[t->first_dim + d] = size;
  if (t->dims[d].size >= 0 || symbol < 0)
    return SEQC_OK;
  if (frame->binders[symbol])
    return frame->symbols[symbol] == size ? SEQC_OK : fail_symbol(frame, i, symbol, size);
  frame->binders[symbol] = t->name;
  frame->symbols[symbol] = size;
  return SEQC_OK;
}

/* N+1 offsets for N sequences: even none need one. */
static int32_t fail_no_offsets(seqc_rt_frame *frame, int32_t i) {
  seqc_rt_put(seqc_rt_begin_at(frame, i), "expected at least one offset, but got none");
  return seqc_rt_fail(frame, SEQC_ERROR_SIZE);
}

/* The value of an index argument, a tensor of rank 0. */
static int32_t read_count(seqc_rt_frame *frame, int32_t i, const DLTensor *given) {
  int32_t code = seqc_rt_check_layout(frame, i, given);
  if (code)
    return code;
  int64_t value;
  memcpy(&value, frame->ptrs[i], sizeof(value));
  if (value >= 0)
    return bind_size(frame, i, 0, value);
  seqc_rt_text *text = seqc_rt_begin_at(frame, i);
  seqc_rt_put(text, "expected an index of at least 0, but got ");
  seqc_rt_put_int(text, value);
  return seqc_rt_fail(frame, SEQC_ERROR_VALUE);
}

int32_t seqc_rt_check_shape(seqc_rt_frame *frame, int32_t i, const DLTensor *given) {
  const seqc_rt_tensor *t = &frame->f->tensors[i];
  int32_t code = check_type(frame, i, given);
  for (int32_t d = 0; d < t->rank && !code; ++d)
    code = bind_size(frame, i, d, given->shape[d]);
  if (!code)
    code = count_bytes(frame, i);
  if (!code && t->flags & SEQC_RT_OFFSETS && given->shape[0] == 0)
    code = fail_no_offsets(frame, i);
  return code || !(t->flags & SEQC_RT_COUNT) ? code : read_count(frame, i, given);
}

static int32_t count_passed(const seqc_rt_function *f, int32_t hidden, int32_t end) {
  int32_t count = 0;
  for (int32_t i = 0; i < end; ++i)
    count += seqc_rt_passed(f, i, hidden);
  return count;
}

int32_t seqc_rt_check_arguments(seqc_rt_frame *frame, const DLTensor *const *args, int32_t n,
                                int32_t hidden, int results) {
  const seqc_rt_function *f = frame->f;
  int32_t arguments = count_passed(f, hidden, f->n_arguments);
  int32_t all = count_passed(f, hidden, f->n_tensors);
  if (n != all && !(results == SEQC_RT_EITHER && n == arguments)) {
    seqc_rt_text *text = seqc_rt_begin(frame);
    seqc_rt_put(text, "expected ");
    seqc_rt_put_int(text, all);
    seqc_rt_put(text, " tensors (");
    seqc_rt_put_int(text, arguments);
    seqc_rt_put(text, " arguments, ");
    seqc_rt_put_int(text, all - arguments);
    seqc_rt_put(text, " results), but got ");
    seqc_rt_put_int(text, n);
    return seqc_rt_fail(frame, SEQC_ERROR_COUNT);
  }
  if (n && !args) {
    seqc_rt_put(seqc_rt_begin(frame), "expected an array of tensors, but got null");
    return seqc_rt_fail(frame, SEQC_ERROR_NULL);
  }
  for (int32_t i = 0, k = 0; i < f->n_arguments; ++i) {
    int32_t code =
        seqc_rt_passed(f, i, hidden) ? seqc_rt_check_shape(frame, i, args[k++]) : SEQC_OK;
    if (code)
      return code;
  }
  return SEQC_OK;
}

int32_t seqc_rt_infer(seqc_rt_frame *frame) {
  const seqc_rt_function *f = frame->f;
  f->shapes(frame->dims);
  for (int32_t i = 0; i < f->n_tensors; ++i) {
    int32_t code = count_bytes(frame, i);
    if (code)
      return code;
  }
  return SEQC_OK;
}

/* A result's sizes against those that the function computes. */
static int32_t check_result(seqc_rt_frame *frame, int32_t i, const DLTensor *given) {
  const seqc_rt_tensor *t = &frame->f->tensors[i];
  int32_t code = check_type(frame, i, given);
  if (code)
    return code;
  for (int32_t d = 0; d < t->rank; ++d) {
    int64_t symbol = t->dims[d].symbol, size = given->shape[d];
    int64_t expected = frame->dims[t->first_dim + d];
    if (size == expected)
      continue;
    if (t->dims[d].size < 0 && symbol >= 0 && frame->binders[symbol] &&
        frame->symbols[symbol] == expected)
      return fail_symbol(frame, i, symbol, size);
    seqc_rt_text *text = seqc_rt_begin_at(frame, i);
    seqc_rt_put(text, "expected size ");
    seqc_rt_put_int(text, expected);
    seqc_rt_put(text, " in dimension ");
    seqc_rt_put_int(text, d);
    seqc_rt_put(text, ", but got ");
    seqc_rt_put_int(text, size);
    return seqc_rt_fail(frame, SEQC_ERROR_SIZE);
  }
  return SEQC_OK;
}

int32_t seqc_rt_check_results(seqc_rt_frame *frame, const DLTensor *const *args, int32_t hidden) {
  const seqc_rt_function *f = frame->f;
  int32_t k = count_passed(f, hidden, f->n_arguments);
  for (int32_t i = f->n_arguments; i < f->n_tensors; ++i) {
    int32_t code = seqc_rt_passed(f, i, hidden) ? check_result(frame, i, args[k++]) : SEQC_OK;
    if (code)
      return code;
  }
  return SEQC_OK;
}
