/* Whole calls: check everything, find scratch, run the body. */
#include "Runtime.h"

int64_t seqc_rt_add(int64_t a, int64_t b) {
  int64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

int64_t seqc_rt_align(int64_t bytes) {
  return bytes > INT64_MAX - 63 ? INT64_MAX : (bytes + 63) / 64 * 64;
}

/* Whether seqc_rt_run must find memory for tensor i: on the host of a GPU, or hidden, and no blob
 * has it. The final value of a hidden state goes where the initial one was. */
static int needs_memory(const seqc_rt_frame *frame, int32_t i) {
  const seqc_rt_tensor *t = &frame->f->tensors[i];
  if (frame->on_host[i])
    return 1;
  if (frame->blob || !(t->flags & SEQC_RT_HIDDEN))
    return 0;
  return i < frame->f->n_arguments || !(frame->f->tensors[t->partner].flags & SEQC_RT_HIDDEN);
}

int64_t seqc_rt_run_bytes(seqc_rt_frame *frame) {
  const seqc_rt_function *f = frame->f;
  int64_t total = 63; /* to align whatever memory the caller has */
  for (int32_t i = 0; i < f->n_tensors; ++i)
    if (needs_memory(frame, i))
      total = seqc_rt_add(total, seqc_rt_align(frame->bytes[i]));
  int64_t body = seqc_rt_on_gpu(frame) ? f->device->scratch(frame->dims) : f->scratch(frame->dims);
  if (body < 0 || seqc_rt_add(total, body) == INT64_MAX) {
    seqc_rt_put(seqc_rt_begin(frame), "expected fewer than 2^63 bytes of scratch, but these sizes "
                                      "need more");
    return -seqc_rt_fail(frame, SEQC_ERROR_OVERFLOW);
  }
  return total + body;
}

char *seqc_rt_place_hidden(seqc_rt_frame *frame, char *memory) {
  const seqc_rt_function *f = frame->f;
  char *next = memory + (63 & (0 - (uintptr_t)memory));
  for (int32_t i = 0; i < f->n_tensors; ++i) {
    if (needs_memory(frame, i)) {
      frame->ptrs[i] = next;
      next += seqc_rt_align(frame->bytes[i]);
    } else if (!frame->blob && f->tensors[i].flags & SEQC_RT_HIDDEN) {
      frame->ptrs[i] = frame->ptrs[f->tensors[i].partner];
    }
  }
  return next;
}

static int32_t fail_missed(seqc_rt_frame *frame, int64_t missed) {
  seqc_rt_text *text = seqc_rt_begin(frame);
  seqc_rt_put(text, "expected the parallel_for hook to run each item once, but "
                    "it ran ");
  seqc_rt_put_int(text, missed < 0 ? -missed : missed);
  seqc_rt_put(text, missed < 0 ? " too many" : " too few");
  return seqc_rt_fail(frame, SEQC_ERROR_PARALLEL);
}

seqc_stats *seqc_rt_stats(const seqc_context *context) {
  return SEQC_RT_HAS(context, stats) ? context->stats : (seqc_stats *)0;
}

void seqc_rt_report(const void *par, const int64_t *counts, int64_t n) {
  const seqc_rt_parallel *p = (const seqc_rt_parallel *)par;
  seqc_stats *stats = seqc_rt_stats(p ? p->context : (const seqc_context *)0);
  enum { FIELDS = sizeof(seqc_stats) / sizeof(int64_t) };
  if (!stats)
    return;
  int64_t sums[FIELDS];
  memcpy(sums, stats, sizeof sums);
  for (int64_t i = 0; i < n * FIELDS; ++i)
    sums[i % FIELDS] = seqc_rt_add(sums[i % FIELDS], counts[i]);
  memcpy(stats, sums, sizeof sums);
}

static int32_t run_in(seqc_rt_frame *frame, char *memory) {
  const seqc_rt_function *f = frame->f;
  char *scratch = seqc_rt_place_hidden(frame, memory);
  if (!frame->blob && f->init)
    f->init(frame->ptrs, frame->dims);
  int64_t missed = 0;
  seqc_stats *stats = seqc_rt_stats(frame->context);
  if (stats)
    memset(stats, 0, sizeof *stats);
  seqc_rt_parallel par = {frame->context, &missed, frame, (void *)0, 0, 0};
  f->body(frame->ptrs, frame->dims, scratch, &par);
  if (par.end_device)
    par.end_device(par.device);
  if (par.fault)
    return seqc_rt_fail(frame, par.fault);
  return missed ? fail_missed(frame, missed) : SEQC_OK;
}

int32_t seqc_rt_check_scratch(seqc_rt_frame *frame, int64_t bytes) {
  if (frame->context->scratch_bytes >= bytes)
    return SEQC_OK;
  seqc_rt_text *text = seqc_rt_begin(frame);
  seqc_rt_put(text, "expected ");
  seqc_rt_put_int(text, bytes);
  seqc_rt_put(text, " bytes of scratch in the context, but got ");
  seqc_rt_put_int(text, frame->context->scratch_bytes);
  return seqc_rt_fail(frame, SEQC_ERROR_SCRATCH);
}

int32_t seqc_rt_run(seqc_rt_frame *frame) {
  if (seqc_rt_on_gpu(frame))
    return frame->f->device->run(frame);
  int64_t bytes = seqc_rt_run_bytes(frame);
  if (bytes < 0)
    return (int32_t)-bytes;
  if (frame->context && frame->context->scratch) {
    int32_t code = seqc_rt_check_scratch(frame, bytes);
    return code ? code : run_in(frame, (char *)frame->context->scratch);
  }
  char *memory = (char *)malloc((size_t)bytes);
  if (!memory) {
    seqc_rt_text *text = seqc_rt_begin(frame);
    seqc_rt_put(text, "out of memory: ");
    seqc_rt_put_int(text, bytes);
    seqc_rt_put(text, " bytes of scratch");
    return seqc_rt_fail(frame, SEQC_ERROR_MEMORY);
  }
  int32_t code = run_in(frame, memory);
  free(memory);
  return code;
}

int32_t seqc_rt_call(const seqc_rt_function *f, const seqc_context *context,
                     const DLTensor *const *args, int32_t n) {
  SEQC_RT_FRAME(frame, f, context);
  int32_t code = seqc_rt_check_context(&frame);
  if (!code)
    code = seqc_rt_check_arguments(&frame, args, n, SEQC_RT_HIDDEN, SEQC_RT_ALL);
  if (!code)
    code = seqc_rt_infer(&frame);
  if (!code)
    code = seqc_rt_check_results(&frame, args, SEQC_RT_HIDDEN);
  if (!code)
    seqc_rt_choose_device(&frame, args, n);
  if (!code)
    code = seqc_rt_check_memory(&frame, args, SEQC_RT_HIDDEN);
  if (!code)
    code = seqc_rt_check_offsets(&frame);
  if (!code)
    code = seqc_rt_check_cpu(&frame);
  return code ? code : seqc_rt_run(&frame);
}

/* Room for result i's sizes in the caller's tensor. */
static int32_t fill_shape(seqc_rt_frame *frame, int32_t i, const DLTensor *given) {
  const seqc_rt_tensor *t = &frame->f->tensors[i];
  if (!given || (t->rank > 0 && !given->shape)) {
    seqc_rt_put(seqc_rt_begin_at(frame, i), given ? "expected a tensor's shape, but got null"
                                                  : "expected a tensor, but got null");
    return seqc_rt_fail(frame, SEQC_ERROR_NULL);
  }
  if (given->ndim != t->rank) {
    seqc_rt_text *text = seqc_rt_begin_at(frame, i);
    seqc_rt_put(text, "expected rank ");
    seqc_rt_put_int(text, t->rank);
    seqc_rt_put(text, ", but got ");
    seqc_rt_put_int(text, given->ndim);
    return seqc_rt_fail(frame, SEQC_ERROR_RANK);
  }
  for (int32_t d = 0; d < t->rank; ++d)
    given->shape[d] = frame->dims[t->first_dim + d];
  return SEQC_OK;
}

int32_t seqc_rt_shapes(const seqc_rt_function *f, const DLTensor *const *args, int32_t n) {
  SEQC_RT_FRAME(frame, f, (const seqc_context *)0);
  int32_t code = seqc_rt_check_arguments(&frame, args, n, SEQC_RT_HIDDEN, SEQC_RT_ALL);
  if (!code)
    code = seqc_rt_infer(&frame);
  int32_t k = n;
  for (int32_t i = f->n_tensors - 1; i >= f->n_arguments && !code; --i)
    if (seqc_rt_passed(f, i, SEQC_RT_HIDDEN))
      code = fill_shape(&frame, i, args[--k]);
  return code;
}

int64_t seqc_rt_scratch_bytes(const seqc_rt_function *f, const DLTensor *const *args, int32_t n) {
  SEQC_RT_FRAME(frame, f, (const seqc_context *)0);
  int32_t code = seqc_rt_check_arguments(&frame, args, n, SEQC_RT_HIDDEN, SEQC_RT_EITHER);
  if (!code)
    code = seqc_rt_infer(&frame);
  if (code)
    return -code;
  seqc_rt_choose_device(&frame, args, n);
  return seqc_rt_run_bytes(&frame);
}
