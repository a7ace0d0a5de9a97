/* Text of error messages: no printf, so that a model needs little of libc and
 * no locale changes a message. */
#include "Runtime.h"

void seqc_rt_put(seqc_rt_text *text, const char *string) {
  while (*string && text->used < SEQC_RT_MESSAGE_BYTES - 1)
    text->text[text->used++] = *string++;
  text->text[text->used] = 0;
}

void seqc_rt_put_int(seqc_rt_text *text, int64_t value) {
  char digits[24];
  int i = sizeof(digits);
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  digits[--i] = 0;
  do
    digits[--i] = (char)('0' + rest % 10);
  while (rest /= 10);
  if (value < 0)
    digits[--i] = '-';
  seqc_rt_put(text, digits + i);
}

static void put_dtype(seqc_rt_text *text, int code, int bits, int lanes) {
  static const char *const names[] = {"i", "u", "f", "handle", "bf", "complex"};
  if (code == kDLBool && bits == 8) {
    seqc_rt_put(text, "bool");
  } else if (code <= 5) {
    seqc_rt_put(text, names[code]);
    seqc_rt_put_int(text, bits);
  } else {
    seqc_rt_put(text, "type");
    seqc_rt_put_int(text, code);
    seqc_rt_put(text, ":");
    seqc_rt_put_int(text, bits);
  }
  if (lanes != 1) {
    seqc_rt_put(text, "x");
    seqc_rt_put_int(text, lanes);
  }
}

void seqc_rt_put_declared(seqc_rt_text *text, const seqc_rt_tensor *tensor) {
  put_dtype(text, tensor->code, tensor->bytes * 8, 1);
  seqc_rt_put(text, "[");
  for (int32_t d = 0; d < tensor->rank; ++d) {
    if (d)
      seqc_rt_put(text, ",");
    if (tensor->dims[d].size < 0)
      seqc_rt_put(text, "?");
    else
      seqc_rt_put_int(text, tensor->dims[d].size);
  }
  seqc_rt_put(text, "]");
}

void seqc_rt_put_given(seqc_rt_text *text, const DLTensor *tensor) {
  put_dtype(text, tensor->dtype.code, tensor->dtype.bits, tensor->dtype.lanes);
  seqc_rt_put(text, "[");
  /* A rank past any sense comes from uninitialised memory: do not follow it. */
  int32_t shown = tensor->shape && tensor->ndim <= 32 ? tensor->ndim : 0;
  for (int32_t d = 0; d < shown; ++d) {
    if (d)
      seqc_rt_put(text, ",");
    seqc_rt_put_int(text, tensor->shape[d]);
  }
  if (tensor->ndim > 32 || tensor->ndim < 0) {
    seqc_rt_put(text, "rank ");
    seqc_rt_put_int(text, tensor->ndim);
  }
  seqc_rt_put(text, "]");
}

seqc_rt_text *seqc_rt_begin(seqc_rt_frame *frame) {
  frame->message.text = seqc_rt_error_buffer();
  frame->message.used = 0;
  seqc_rt_put(&frame->message, frame->f->name);
  seqc_rt_put(&frame->message, ": ");
  return &frame->message;
}

seqc_rt_text *seqc_rt_begin_at(seqc_rt_frame *frame, int32_t tensor) {
  const seqc_rt_tensor *t = &frame->f->tensors[tensor];
  seqc_rt_text *text = seqc_rt_begin(frame);
  seqc_rt_put(text, frame->blob && t->flags & SEQC_RT_STATE ? "state '"
                    : t->flags & SEQC_RT_RESULT             ? "result '"
                                                            : "argument '");
  seqc_rt_put(text, t->name);
  seqc_rt_put(text, "': ");
  return text;
}

int32_t seqc_rt_fail(seqc_rt_frame *frame, int32_t code) {
  const seqc_context *context = frame->context;
  /* A context of unknown layout has no buffer that we can find. */
  if (!context || context->size < SEQC_RT_CONTEXT_BYTES || !context->error ||
      context->error_capacity <= 0)
    return code;
  int64_t bytes = frame->message.used;
  if (bytes > context->error_capacity - 1)
    bytes = context->error_capacity - 1;
  memcpy(context->error, frame->message.text, (size_t)bytes);
  context->error[bytes] = 0;
  return code;
}
