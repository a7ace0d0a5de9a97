/* The memory of tensors: row-major, in reach of the CPU, aligned to an element,
 * and no output on top of another tensor. */
#include "Runtime.h"

static int32_t fail_strides(seqc_rt_frame *frame, int32_t i, const DLTensor *given) {
  seqc_rt_text *text = seqc_rt_begin_at(frame, i);
  seqc_rt_put(text, "expected dense row-major strides, but got [");
  for (int32_t d = 0; d < given->ndim; ++d) {
    if (d)
      seqc_rt_put(text, ",");
    seqc_rt_put_int(text, given->strides[d]);
  }
  seqc_rt_put(text, "] for ");
  seqc_rt_put_given(text, given);
  return seqc_rt_fail(frame, SEQC_ERROR_STRIDE);
}

/* Strides of a dimension of size 1, and all those of an empty tensor, are never
 * used, so they may hold anything. */
static int32_t check_strides(seqc_rt_frame *frame, int32_t i, const DLTensor *given) {
  if (!given->strides || frame->bytes[i] == 0)
    return SEQC_OK;
  int64_t dense = 1;
  for (int32_t d = given->ndim - 1; d >= 0; --d) {
    if (given->shape[d] != 1 && given->strides[d] != dense)
      return fail_strides(frame, i, given);
    dense *= given->shape[d];
  }
  return SEQC_OK;
}

static int32_t check_address(seqc_rt_frame *frame, int32_t i, const void *data) {
  const seqc_rt_tensor *t = &frame->f->tensors[i];
  if (frame->bytes[i] == 0)
    return SEQC_OK;
  if (!data) {
    seqc_rt_put(seqc_rt_begin_at(frame, i), "expected data, but got null");
    return seqc_rt_fail(frame, SEQC_ERROR_NULL);
  }
  uint64_t address = (uint64_t)(uintptr_t)data;
  if (address % (uint64_t)t->bytes) {
    seqc_rt_text *text = seqc_rt_begin_at(frame, i);
    seqc_rt_put(text, "expected data aligned to ");
    seqc_rt_put_int(text, t->bytes);
    seqc_rt_put(text, " bytes, but its address is ");
    seqc_rt_put_int(text, (int64_t)(address % (uint64_t)t->bytes));
    seqc_rt_put(text, " past a multiple");
    return seqc_rt_fail(frame, SEQC_ERROR_ALIGNMENT);
  }
  return SEQC_OK;
}

/* Another byte than 0 or 1 in a bool is undefined behaviour in generated code.
 */
static int32_t check_bools(seqc_rt_frame *frame, int32_t i, const unsigned char *data) {
  const seqc_rt_tensor *t = &frame->f->tensors[i];
  if (t->code != kDLBool || t->flags & SEQC_RT_RESULT ||
      (seqc_rt_on_gpu(frame) && !frame->on_host[i]))
    return SEQC_OK;
  uint64_t all = 0, word;
  int64_t bytes = frame->bytes[i], done = 0;
  for (; done + 8 <= bytes; done += 8) {
    __builtin_memcpy(&word, data + done, 8);
    all |= word;
  }
  for (; done < bytes; ++done)
    all |= data[done];
  if ((all & 0xfefefefefefefefeu) == 0)
    return SEQC_OK;
  int64_t k = 0;
  while (data[k] <= 1)
    ++k;
  seqc_rt_text *text = seqc_rt_begin_at(frame, i);
  seqc_rt_put(text, "expected bools 0 or 1, but got ");
  seqc_rt_put_int(text, data[k]);
  seqc_rt_put(text, " at element ");
  seqc_rt_put_int(text, k);
  return seqc_rt_fail(frame, SEQC_ERROR_VALUE);
}

/* The first tensor of the caller's array that is no scalar, whose device is that of the call, or
 * n_tensors; its place among `args` is `*place`. */
static int32_t find_first(const seqc_rt_function *f, int32_t hidden, int32_t *place) {
  int32_t i = 0;
  *place = 0;
  for (; i < f->n_tensors; ++i)
    if (seqc_rt_passed(f, i, hidden)) {
      if (!(f->tensors[i].flags & SEQC_RT_SCALAR))
        break;
      ++*place;
    }
  return i;
}

void seqc_rt_choose_device(seqc_rt_frame *frame, const DLTensor *const *args, int32_t n) {
  const seqc_rt_function *f = frame->f;
  int32_t first;
  find_first(f, SEQC_RT_HIDDEN, &first);
  if (!f->device || first >= n || !args[first] || args[first]->device.device_type != kDLCUDA)
    return;
  frame->device = args[first]->device;
  for (int32_t i = 0, k = 0; i < f->n_arguments; ++i) {
    if (!seqc_rt_passed(f, i, SEQC_RT_HIDDEN))
      continue;
    const DLTensor *given = args[k++];
    if (f->tensors[i].flags & (SEQC_RT_OFFSETS | SEQC_RT_SCALAR) &&
        given->device.device_type == kDLCPU)
      frame->on_host[i] = given->data;
  }
}

static void put_place(seqc_rt_text *text, DLDevice device) {
  int cpu = device.device_type == kDLCPU, cuda = device.device_type == kDLCUDA;
  seqc_rt_put(text, cpu ? "in CPU memory" : cuda ? "on CUDA device " : "on DLPack device ");
  if (!cpu)
    seqc_rt_put_int(text, cuda ? (int64_t)device.device_id : (int64_t)device.device_type);
}

static int32_t fail_device(seqc_rt_frame *frame, int32_t i, DLDevice given) {
  const seqc_rt_function *f = frame->f;
  seqc_rt_text *text = seqc_rt_begin_at(frame, i);
  if (!f->device) {
    seqc_rt_put(text, "expected a tensor in CPU memory (DLPack device 1), but got device ");
    seqc_rt_put_int(text, (int64_t)given.device_type);
    return seqc_rt_fail(frame, SEQC_ERROR_DEVICE);
  }
  int32_t place, first = find_first(f, SEQC_RT_HIDDEN, &place);
  seqc_rt_put(text, "expected a tensor ");
  put_place(text, frame->device);
  if (frame->blob) {
    seqc_rt_put(text, " for a stream");
  } else if (i == first) {
    seqc_rt_put(text, " or on a CUDA device");
  } else {
    seqc_rt_put(text, " like '");
    seqc_rt_put(text, f->tensors[first].name);
    seqc_rt_put(text, "'");
  }
  seqc_rt_put(text, ", but got one ");
  put_place(text, given);
  return seqc_rt_fail(frame, SEQC_ERROR_DEVICE);
}

int32_t seqc_rt_check_layout(seqc_rt_frame *frame, int32_t i, const DLTensor *given) {
  if (!frame->on_host[i] &&
      (given->device.device_type != frame->device.device_type ||
       (seqc_rt_on_gpu(frame) && given->device.device_id != frame->device.device_id)))
    return fail_device(frame, i, given->device);
  int32_t code = check_strides(frame, i, given);
  if (code)
    return code;
  char *data = (char *)given->data;
  if (data)
    data += given->byte_offset;
  code = check_address(frame, i, data);
  if (code)
    return code;
  frame->ptrs[i] = data;
  if (frame->on_host[i])
    frame->on_host[i] = data;
  return check_bools(frame, i, (const unsigned char *)data);
}

static int overlap(const void *a, int64_t a_bytes, const void *b, int64_t b_bytes) {
  uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;
  return a && b && a_bytes > 0 && b_bytes > 0 && x < y + (uintptr_t)b_bytes &&
         y < x + (uintptr_t)a_bytes;
}

static int32_t fail_overlap(seqc_rt_frame *frame, int32_t i, const char *what, const char *name) {
  seqc_rt_text *text = seqc_rt_begin_at(frame, i);
  seqc_rt_put(text, "expected memory of its own, but it overlaps ");
  seqc_rt_put(text, what);
  seqc_rt_put(text, name);
  seqc_rt_put(text, *name ? "'" : "");
  return seqc_rt_fail(frame, SEQC_ERROR_OVERLAP);
}

/* Output i against argument or earlier output k. Exactly the same memory is
 * allowed to the two ends of one state. */
static int32_t check_pair(seqc_rt_frame *frame, int32_t i, int32_t k) {
  const seqc_rt_tensor *tensors = frame->f->tensors;
  if (!overlap(frame->ptrs[i], frame->bytes[i], frame->ptrs[k], frame->bytes[k]))
    return SEQC_OK;
  if (tensors[i].partner == k && frame->ptrs[i] == frame->ptrs[k])
    return SEQC_OK;
  return fail_overlap(frame, i, tensors[k].flags & SEQC_RT_RESULT ? "result '" : "argument '",
                      tensors[k].name);
}

int32_t seqc_rt_check_overlap(seqc_rt_frame *frame, int32_t hidden) {
  const seqc_rt_function *f = frame->f;
  for (int32_t i = 0; i < f->n_tensors; ++i) {
    if (!seqc_rt_passed(f, i, hidden))
      continue;
    if (overlap(frame->ptrs[i], frame->bytes[i], frame->blob, frame->blob_bytes))
      return fail_overlap(frame, i, "the streaming state", "");
    for (int32_t k = 0; i >= f->n_arguments && k < i; ++k) {
      int32_t code = seqc_rt_passed(f, k, hidden) ? check_pair(frame, i, k) : SEQC_OK;
      if (code)
        return code;
    }
  }
  return SEQC_OK;
}

int32_t seqc_rt_check_memory(seqc_rt_frame *frame, const DLTensor *const *args, int32_t hidden) {
  const seqc_rt_function *f = frame->f;
  for (int32_t i = 0, k = 0; i < f->n_tensors; ++i) {
    if (!seqc_rt_passed(f, i, hidden))
      continue;
    int32_t code = seqc_rt_check_layout(frame, i, args[k++]);
    if (code)
      return code;
  }
  return seqc_rt_check_overlap(frame, hidden);
}
