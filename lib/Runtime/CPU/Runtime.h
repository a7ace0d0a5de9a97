/*===- Runtime.h - The code that every model shares
----------------------------===*\
 *
 * C11, libc only, no other header: it is compiled to bitcode for every triple
 * without a system's headers, and natively for its own tests.
 *
\*===------------------------------------------------------------------------===*/
#ifndef SEQC_RUNTIME_CPU_RUNTIME_H
#define SEQC_RUNTIME_CPU_RUNTIME_H

#include "Descriptor.h"
#include "seqc-c/seqc_abi.h"

/* libc, declared here because a foreign triple has no headers. */
void *malloc(size_t bytes);
void free(void *memory);
void *memcpy(void *to, const void *from, size_t bytes);
void *memset(void *memory, int value, size_t bytes);

/** The entry points behind f_call, f_shapes, … of the function `f`. */
int32_t seqc_rt_call(const seqc_rt_function *f, const seqc_context *context,
                     const DLTensor *const *args, int32_t n);
int32_t seqc_rt_shapes(const seqc_rt_function *f, const DLTensor *const *args, int32_t n);
int64_t seqc_rt_scratch_bytes(const seqc_rt_function *f, const DLTensor *const *args, int32_t n);
int64_t seqc_rt_step_scratch_bytes(const seqc_rt_function *f, const void *state,
                                   int64_t state_bytes, const DLTensor *const *args, int32_t n);
int64_t seqc_rt_state_bytes(const seqc_rt_function *f, const int64_t *sizes, int32_t n);
int32_t seqc_rt_state_init(const seqc_rt_function *f, void *state, int64_t state_bytes,
                           const int64_t *sizes, int32_t n_sizes, const DLTensor *const *initial,
                           int32_t n_initial);
int32_t seqc_rt_step(const seqc_rt_function *f, const seqc_context *context, void *state,
                     int64_t state_bytes, const DLTensor *const *args, int32_t n);
const char *seqc_rt_last_error(void);

/** Parallel regions of generated code end here: runs `fn` over a partition of
 *  [0, n), by the context's hook when there is one. `par` is what the body got.
 */
typedef void (*seqc_rt_range)(void *const *ptrs, const int64_t *dims, char *scratch, int64_t begin,
                              int64_t end);
void seqc_rt_parallel_for(const void *par, seqc_rt_range fn, void *const *ptrs, const int64_t *dims,
                          char *scratch, int64_t n);

/** The first contexts ended before `stats`. */
enum { SEQC_RT_CONTEXT_BYTES = __builtin_offsetof(seqc_context, stats) };
/** Whether `context` is one that has `field`. */
#define SEQC_RT_HAS(context, field)                                                                \
  ((context) &&                                                                                    \
   (context)->size >= __builtin_offsetof(seqc_context, field) + sizeof((context)->field))

/** Adds `n` rows of a seqc_stats' numbers to the caller's, if it has one. */
void seqc_rt_report(const void *par, const int64_t *counts, int64_t n);

typedef struct seqc_rt_frame seqc_rt_frame;

/** What `par` points to: the context, and how many items hooks left out. A GPU keeps what it knows
 *  of the call in `device`, which `end_device` frees; `fault` is its error code, whose message it
 *  has begun. */
typedef struct {
  const seqc_context *context;
  int64_t *missed;
  seqc_rt_frame *frame;
  void *device;
  void (*end_device)(void *device);
  int32_t fault;
} seqc_rt_parallel;

/** This thread's last message. */
enum { SEQC_RT_MESSAGE_BYTES = 1024 };
char *seqc_rt_error_buffer(void);

/** A message that is being written: cut when the buffer is full. */
typedef struct {
  char *text;
  int64_t used;
} seqc_rt_text;
void seqc_rt_put(seqc_rt_text *text, const char *string);
void seqc_rt_put_int(seqc_rt_text *text, int64_t value);
/** "f32[?,8]" as declared, and "f64[2,8]" as given. */
void seqc_rt_put_declared(seqc_rt_text *text, const seqc_rt_tensor *tensor);
void seqc_rt_put_given(seqc_rt_text *text, const DLTensor *tensor);

/** One call in progress. The arrays have n_tensors, n_dims and n_symbols
 * entries and live on the caller's stack. */
struct seqc_rt_frame {
  const seqc_rt_function *f;
  const seqc_context *context;
  void **ptrs;
  int64_t *dims;
  int64_t *bytes;       /**< of each tensor */
  int64_t *symbols;     /**< value of each symbol that is bound */
  const char **binders; /**< name of what bound it; null: not bound */
  const void *blob;     /**< streaming state, which no tensor may touch */
  int64_t blob_bytes;
  seqc_rt_text message;
  DLDevice device; /**< where its tensors are */
  /** Of offsets and scalars of a call on a GPU that are in CPU memory, else null. */
  const void **on_host;
};

/** Declares a frame `name` and its arrays in the enclosing function. */
#define SEQC_RT_FRAME(name, function, ctx)                                                         \
  void *name##_ptrs[(function)->n_tensors + 1];                                                    \
  int64_t name##_dims[(function)->n_dims + 1];                                                     \
  int64_t name##_bytes[(function)->n_tensors + 1];                                                 \
  int64_t name##_symbols[(function)->n_symbols + 1];                                               \
  const char *name##_binders[(function)->n_symbols + 1];                                           \
  const void *name##_on_host[(function)->n_tensors + 1];                                           \
  seqc_rt_frame name = {                                                                           \
      (function),     (ctx),           name##_ptrs, name##_dims,    name##_bytes, name##_symbols,  \
      name##_binders, (const void *)0, 0,           {(char *)0, 0}, {kDLCPU, 0},  name##_on_host}; \
  seqc_rt_frame_clear(&name)
void seqc_rt_frame_clear(seqc_rt_frame *frame);

/** Starts a message "f: " or "f: argument 'u': " and returns where to go on. */
seqc_rt_text *seqc_rt_begin(seqc_rt_frame *frame);
seqc_rt_text *seqc_rt_begin_at(seqc_rt_frame *frame, int32_t tensor);
/** Ends it: copies it to the context's buffer. Returns `code`. */
int32_t seqc_rt_fail(seqc_rt_frame *frame, int32_t code);

/** Whether tensor `i` is in the caller's array of a call that hides `hidden`.
 */
static inline int seqc_rt_passed(const seqc_rt_function *f, int32_t i, int32_t hidden) {
  return (f->tensors[i].flags & hidden) == 0;
}

/** Arguments: dtype, rank, sizes; fills `dims`, binds symbols. `results` tells
 *  whether `args` goes on with the results (they are only counted). */
enum { SEQC_RT_ALL = 0, SEQC_RT_ARGUMENTS = 1, SEQC_RT_EITHER = 2 };
int32_t seqc_rt_check_arguments(seqc_rt_frame *frame, const DLTensor *const *args, int32_t n,
                                int32_t hidden, int results);
int32_t seqc_rt_check_shape(seqc_rt_frame *frame, int32_t i, const DLTensor *given);
/** Asks the function for the sizes of results and hidden states, which need all
 *  arguments' `dims`; fills `bytes`. */
int32_t seqc_rt_infer(seqc_rt_frame *frame);
/** Results against the inferred sizes. */
int32_t seqc_rt_check_results(seqc_rt_frame *frame, const DLTensor *const *args, int32_t hidden);
/** Memory of all passed tensors: strides, device, alignment, values, overlap;
 *  fills `ptrs`. */
int32_t seqc_rt_check_memory(seqc_rt_frame *frame, const DLTensor *const *args, int32_t hidden);
/** Offsets of packed sequences, after all symbols are bound and the memory was checked: they rise
 *  from 0 to the number of steps, so that generated code stays inside of its tensors. Of those in a
 *  GPU's memory only the number is checked. */
int32_t seqc_rt_check_offsets(seqc_rt_frame *frame);
int32_t seqc_rt_check_layout(seqc_rt_frame *frame, int32_t i, const DLTensor *given);
/** A call whose first of `n` tensors is on a CUDA device runs there, if the function has kernels.
 *  Offsets may be in CPU memory all the same. */
void seqc_rt_choose_device(seqc_rt_frame *frame, const DLTensor *const *args, int32_t n);
int32_t seqc_rt_check_overlap(seqc_rt_frame *frame, int32_t hidden);
int32_t seqc_rt_check_context(seqc_rt_frame *frame);
int32_t seqc_rt_check_cpu(seqc_rt_frame *frame);

/** Runs the body with scratch from the context or malloc; hidden states too if
 *  the frame has no blob. On a GPU the device's `run` does it. */
int32_t seqc_rt_run(seqc_rt_frame *frame);
static inline int seqc_rt_on_gpu(const seqc_rt_frame *frame) {
  return frame->device.device_type != kDLCPU;
}
/** Places hidden states, and offsets that are on the host of a GPU, at the front of `memory`,
 *  without values; returns where scratch begins. */
char *seqc_rt_place_hidden(seqc_rt_frame *frame, char *memory);
/** A context whose scratch is smaller than `bytes`. */
int32_t seqc_rt_check_scratch(seqc_rt_frame *frame, int64_t bytes);
/** Where the caller wants to know what a call did, or null. */
seqc_stats *seqc_rt_stats(const seqc_context *context);
/** Bytes that seqc_rt_run needs, alignment included; negative: an error code.
 */
int64_t seqc_rt_run_bytes(seqc_rt_frame *frame);

/** `a + b` of sizes that are not negative, or INT64_MAX. */
int64_t seqc_rt_add(int64_t a, int64_t b);
/** The next multiple of 64, or INT64_MAX. */
int64_t seqc_rt_align(int64_t bytes);

#endif /* SEQC_RUNTIME_CPU_RUNTIME_H */
