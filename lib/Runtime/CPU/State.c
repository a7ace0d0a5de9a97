/* Streaming. The caller owns the state: a blob that starts with a tag, so that
 * a truncated, foreign or damaged one is refused.
 *
 *   tag | sizes of each state | padding to 64 | state 0 | padding | state 1 | …
 *
 * It holds no address: it may be copied, stored and moved between processes. */
#include "Runtime.h"

enum {
  BLOB_ALIGNMENT = 16,
  STEP_HIDDEN = SEQC_RT_HIDDEN | SEQC_RT_STATE /* what f_step's array lacks */
};

typedef struct {
  char magic[8];
  uint64_t abi;
  uint64_t hash; /* of the function's signature */
  int64_t bytes;
  uint64_t check; /* over the fields above and the sizes */
} blob_tag;

static const char blob_magic[8] = {'s', 'e', 'q', 'c', 'b', 'l', 'o', 'b'};

static const seqc_rt_tensor *state_of(const seqc_rt_function *f, int32_t k) {
  return &f->tensors[f->states[k]];
}

static int64_t header_bytes(const seqc_rt_function *f) {
  int64_t sizes = 0;
  for (int32_t k = 0; k < f->n_states; ++k)
    sizes += state_of(f, k)->rank;
  return seqc_rt_align((int64_t)sizeof(blob_tag) + sizes * 8);
}

/* FNV-1a over the tag's fields before `check`, then the sizes. */
static uint64_t checksum(const char *blob, int64_t sizes) {
  uint64_t hash = 0xcbf29ce484222325u;
  int64_t fields = (int64_t)sizeof(blob_tag) - 8;
  for (int64_t i = 0; i < fields + 8 + sizes * 8; ++i)
    if (i < fields || i >= fields + 8)
      hash = (hash ^ (unsigned char)blob[i]) * 0x100000001b3u;
  return hash;
}

static int64_t count_sizes(const seqc_rt_function *f) {
  int64_t sizes = 0;
  for (int32_t k = 0; k < f->n_states; ++k)
    sizes += state_of(f, k)->rank;
  return sizes;
}

static int64_t blob_bytes(const seqc_rt_frame *frame) {
  const seqc_rt_function *f = frame->f;
  int64_t total = header_bytes(f);
  for (int32_t k = 0; k < f->n_states; ++k)
    total = seqc_rt_add(total, seqc_rt_align(frame->bytes[f->states[k]]));
  return total;
}

/* Points both ends of each state into the blob. */
static void place_states(seqc_rt_frame *frame, char *blob) {
  const seqc_rt_function *f = frame->f;
  char *next = blob + header_bytes(f);
  for (int32_t k = 0; k < f->n_states; ++k) {
    int32_t i = f->states[k];
    frame->ptrs[i] = next;
    frame->ptrs[f->tensors[i].partner] = next;
    next += seqc_rt_align(frame->bytes[i]);
  }
}

/* Binds each symbol to its given size and derives all others. The number of
 * steps never matters for a state. */
static int32_t bind_sizes(seqc_rt_frame *frame, const int64_t *sizes, int32_t n) {
  const seqc_rt_function *f = frame->f;
  if (n != f->n_symbols || (n && !sizes)) {
    seqc_rt_text *text = seqc_rt_begin(frame);
    seqc_rt_put(text, "expected ");
    seqc_rt_put_int(text, f->n_symbols);
    seqc_rt_put(text, " sizes, but got ");
    if (n != f->n_symbols)
      seqc_rt_put_int(text, n);
    else
      seqc_rt_put(text, "null");
    return seqc_rt_fail(frame, n != f->n_symbols ? SEQC_ERROR_COUNT : SEQC_ERROR_NULL);
  }
  for (int32_t s = 0; s < n; ++s) {
    frame->symbols[s] = s == f->time_symbol ? 1 : sizes[s];
    frame->binders[s] = "sizes";
    if (frame->symbols[s] >= 0)
      continue;
    seqc_rt_text *text = seqc_rt_begin(frame);
    seqc_rt_put(text, "expected size ");
    seqc_rt_put(text, f->symbols[s]);
    seqc_rt_put(text, " of at least 0, but got ");
    seqc_rt_put_int(text, sizes[s]);
    return seqc_rt_fail(frame, SEQC_ERROR_SIZE);
  }
  for (int32_t i = 0; i < f->n_arguments; ++i) {
    const seqc_rt_tensor *t = &f->tensors[i];
    int32_t rank = t->flags & SEQC_RT_COUNT ? 1 : t->rank;
    for (int32_t d = 0; d < rank; ++d)
      if (t->dims[d].size < 0 && t->dims[d].symbol >= 0)
        frame->dims[t->first_dim + d] = frame->symbols[t->dims[d].symbol];
  }
  return seqc_rt_infer(frame);
}

static int64_t sized_bytes(seqc_rt_frame *frame, const int64_t *sizes, int32_t n) {
  int32_t code = bind_sizes(frame, sizes, n);
  if (code)
    return -code;
  int64_t bytes = blob_bytes(frame);
  if (bytes < INT64_MAX)
    return bytes;
  seqc_rt_put(seqc_rt_begin(frame), "expected fewer than 2^63 bytes of streaming state, but these "
                                    "sizes need more");
  return -seqc_rt_fail(frame, SEQC_ERROR_OVERFLOW);
}

int64_t seqc_rt_state_bytes(const seqc_rt_function *f, const int64_t *sizes, int32_t n) {
  SEQC_RT_FRAME(frame, f, (const seqc_context *)0);
  return sized_bytes(&frame, sizes, n);
}

/* The caller's memory: there, aligned, large enough. */
static int32_t check_blob(seqc_rt_frame *frame, const void *state, int64_t given, int64_t bytes) {
  int32_t code = !state ? SEQC_ERROR_NULL : SEQC_ERROR_STATE;
  int64_t past = (int64_t)((uintptr_t)state % BLOB_ALIGNMENT);
  if (state && !past && given >= bytes)
    return SEQC_OK;
  seqc_rt_text *text = seqc_rt_begin(frame);
  if (!state) {
    seqc_rt_put(text, "expected a streaming state, but got null");
  } else if (past) {
    seqc_rt_put(text, "expected a streaming state aligned to 16 bytes, but its "
                      "address is ");
    seqc_rt_put_int(text, past);
    seqc_rt_put(text, " past a multiple");
  } else {
    seqc_rt_put(text, "expected a streaming state of ");
    seqc_rt_put_int(text, bytes);
    seqc_rt_put(text, " bytes, but got ");
    seqc_rt_put_int(text, given);
  }
  return seqc_rt_fail(frame, code);
}

static void write_tag(const seqc_rt_frame *frame, char *blob, int64_t bytes) {
  const seqc_rt_function *f = frame->f;
  memset(blob, 0, (size_t)header_bytes(f));
  int64_t *sizes = (int64_t *)(blob + sizeof(blob_tag));
  for (int32_t k = 0; k < f->n_states; ++k)
    for (int32_t d = 0; d < state_of(f, k)->rank; ++d)
      *sizes++ = frame->dims[state_of(f, k)->first_dim + d];
  blob_tag *tag = (blob_tag *)blob;
  memcpy(tag->magic, blob_magic, sizeof(blob_magic));
  tag->abi = SEQC_ABI_VERSION;
  tag->hash = f->hash;
  tag->bytes = bytes;
  tag->check = checksum(blob, count_sizes(f));
}

/* Initial values that the caller gives, each to its place in the blob. */
static int32_t check_initial(seqc_rt_frame *frame, const DLTensor *const *initial) {
  const seqc_rt_function *f = frame->f;
  int32_t p = 0;
  for (int32_t k = 0; k < f->n_states; ++k) {
    int32_t i = f->states[k];
    const DLTensor *given =
        f->tensors[i].flags & SEQC_RT_HIDDEN ? (const DLTensor *)0 : initial[p++];
    if (!given)
      continue;
    int32_t code = seqc_rt_check_shape(frame, i, given);
    if (!code)
      code = seqc_rt_check_layout(frame, i, given);
    if (code)
      return code;
  }
  return seqc_rt_check_overlap(frame, SEQC_RT_HIDDEN);
}

/* Zeroes, the caller's values, then the hidden ones, which may follow from the caller's. */
static void fill_states(seqc_rt_frame *frame, char *blob, int64_t bytes) {
  const seqc_rt_function *f = frame->f;
  const void *given[f->n_states + 1];
  for (int32_t k = 0; k < f->n_states; ++k)
    given[k] = frame->ptrs[f->states[k]];
  place_states(frame, blob);
  memset(blob, 0, (size_t)bytes);
  for (int32_t k = 0; k < f->n_states; ++k)
    if (given[k])
      memcpy(frame->ptrs[f->states[k]], given[k], (size_t)frame->bytes[f->states[k]]);
  if (f->init)
    f->init(frame->ptrs, frame->dims);
}

static int32_t check_initial_count(seqc_rt_frame *frame, const DLTensor *const *initial,
                                   int32_t n) {
  const seqc_rt_function *f = frame->f;
  int32_t expected = 0;
  for (int32_t k = 0; k < f->n_states; ++k)
    expected += !(state_of(f, k)->flags & SEQC_RT_HIDDEN);
  if (n == 0 || (n == expected && initial))
    return SEQC_OK;
  seqc_rt_text *text = seqc_rt_begin(frame);
  seqc_rt_put(text, "expected ");
  seqc_rt_put_int(text, expected);
  seqc_rt_put(text, " initial states or none, but got ");
  if (n != expected)
    seqc_rt_put_int(text, n);
  else
    seqc_rt_put(text, "a null array");
  return seqc_rt_fail(frame, n != expected ? SEQC_ERROR_COUNT : SEQC_ERROR_NULL);
}

int32_t seqc_rt_state_init(const seqc_rt_function *f, void *state, int64_t state_bytes,
                           const int64_t *sizes, int32_t n_sizes, const DLTensor *const *initial,
                           int32_t n_initial) {
  SEQC_RT_FRAME(frame, f, (const seqc_context *)0);
  int64_t bytes = sized_bytes(&frame, sizes, n_sizes);
  if (bytes < 0)
    return (int32_t)-bytes;
  int32_t code = check_blob(&frame, state, state_bytes, bytes);
  if (!code)
    code = check_initial_count(&frame, initial, n_initial);
  if (code)
    return code;
  frame.blob = state;
  frame.blob_bytes = bytes;
  code = n_initial ? check_initial(&frame, initial) : SEQC_OK;
  if (code)
    return code;
  fill_states(&frame, (char *)state, bytes);
  write_tag(&frame, (char *)state, bytes);
  return SEQC_OK;
}

/* The tag: made by f_state_init of this very function, and whole. */
static int32_t check_tag(seqc_rt_frame *frame, const char *blob, int64_t state_bytes) {
  const seqc_rt_function *f = frame->f;
  const blob_tag *tag = (const blob_tag *)blob;
  int32_t code = check_blob(frame, blob, state_bytes, header_bytes(f));
  if (code)
    return code;
  uint64_t differ = tag->abi ^ SEQC_ABI_VERSION;
  for (int i = 0; i < 8; ++i)
    differ |= (uint64_t)(tag->magic[i] ^ blob_magic[i]);
  const char *problem = differ ? "expected a streaming state made by its state_init, but got "
                                 "other bytes"
                        : tag->hash != f->hash
                            ? "expected its own streaming state, but got another function's"
                        : tag->check != checksum(blob, count_sizes(f))
                            ? "expected an intact streaming state, but its tag is damaged"
                            : (const char *)0;
  if (!problem)
    return check_blob(frame, blob, state_bytes, tag->bytes);
  seqc_rt_put(seqc_rt_begin(frame), problem);
  return seqc_rt_fail(frame, SEQC_ERROR_STATE);
}

/* The blob's sizes become those of the states; they must agree with the
 * arguments' and with what the function computes. */
static int32_t bind_states(seqc_rt_frame *frame, const char *blob) {
  const seqc_rt_function *f = frame->f;
  const int64_t *sizes = (const int64_t *)(blob + sizeof(blob_tag));
  for (int32_t k = 0; k < f->n_states; ++k) {
    const seqc_rt_tensor *t = state_of(f, k);
    DLTensor given = {.ndim = t->rank,
                      .shape = (int64_t *)sizes,
                      .dtype = {(uint8_t)t->code, (uint8_t)(t->bytes * 8), 1}};
    if (seqc_rt_check_shape(frame, f->states[k], &given))
      return seqc_rt_fail(frame, SEQC_ERROR_STATE);
    sizes += t->rank;
  }
  return seqc_rt_infer(frame);
}

/* Sizes that only the function knows are compared after it computed them. */
static int32_t check_states(seqc_rt_frame *frame, const char *blob) {
  const seqc_rt_function *f = frame->f;
  const int64_t *sizes = (const int64_t *)(blob + sizeof(blob_tag));
  for (int32_t k = 0; k < f->n_states; ++k)
    for (int32_t d = 0; d < state_of(f, k)->rank; ++d, ++sizes) {
      int64_t expected = frame->dims[state_of(f, k)->first_dim + d];
      if (*sizes == expected)
        continue;
      seqc_rt_text *text = seqc_rt_begin_at(frame, f->states[k]);
      seqc_rt_put(text, "expected size ");
      seqc_rt_put_int(text, expected);
      seqc_rt_put(text, " for these arguments, but got ");
      seqc_rt_put_int(text, *sizes);
      return seqc_rt_fail(frame, SEQC_ERROR_STATE);
    }
  return SEQC_OK;
}

/* Everything of a step's call but memory and results: `results` as in
 * seqc_rt_check_arguments. */
static int32_t bind_step(seqc_rt_frame *frame, const void *state, int64_t state_bytes,
                         const DLTensor *const *args, int32_t n, int results) {
  int32_t code = check_tag(frame, (const char *)state, state_bytes);
  if (code)
    return code;
  frame->blob = state;
  frame->blob_bytes = ((const blob_tag *)state)->bytes;
  code = seqc_rt_check_arguments(frame, args, n, STEP_HIDDEN, results);
  if (!code)
    code = bind_states(frame, (const char *)state);
  return code ? code : check_states(frame, (const char *)state);
}

int32_t seqc_rt_step(const seqc_rt_function *f, const seqc_context *context, void *state,
                     int64_t state_bytes, const DLTensor *const *args, int32_t n) {
  SEQC_RT_FRAME(frame, f, context);
  int32_t code = seqc_rt_check_context(&frame);
  if (!code)
    code = bind_step(&frame, state, state_bytes, args, n, SEQC_RT_ALL);
  if (!code)
    code = seqc_rt_check_results(&frame, args, STEP_HIDDEN);
  if (!code)
    code = seqc_rt_check_memory(&frame, args, STEP_HIDDEN);
  if (!code)
    code = seqc_rt_check_offsets(&frame);
  if (!code)
    code = seqc_rt_check_cpu(&frame);
  if (code)
    return code;
  place_states(&frame, (char *)state);
  return seqc_rt_run(&frame);
}

int64_t seqc_rt_step_scratch_bytes(const seqc_rt_function *f, const void *state,
                                   int64_t state_bytes, const DLTensor *const *args, int32_t n) {
  SEQC_RT_FRAME(frame, f, (const seqc_context *)0);
  int32_t code = bind_step(&frame, state, state_bytes, args, n, SEQC_RT_EITHER);
  return code ? -code : seqc_rt_run_bytes(&frame);
}
