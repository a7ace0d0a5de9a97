/* seqc_abi.h - The types that cross the border of a compiled model.
 *
 * C99 and C++. `seqc` writes this text into every model.h, under the guard
 * SEQC_ABI_VERSION, so that a model's header needs nothing else; it is also
 * installed for programs that load models by name.
 */
#ifndef SEQC_ABI_VERSION
#define SEQC_ABI_VERSION 1

#include <stddef.h>
#include <stdint.h>

/* DLPack's tensor. A program that uses dlpack.h as well includes it first, or
 * has it on its include path as <dlpack/dlpack.h>. */
#if !defined(DLPACK_DLPACK_H_) && defined(__has_include)
#if __has_include(<dlpack/dlpack.h>)
#include <dlpack/dlpack.h>
#endif
#endif
#ifndef DLPACK_DLPACK_H_
#ifdef __cplusplus
typedef enum : int32_t { kDLCPU = 1, kDLCUDA = 2 } DLDeviceType;
#else
typedef enum { kDLCPU = 1, kDLCUDA = 2 } DLDeviceType;
#endif
typedef enum {
  kDLInt = 0,
  kDLUInt = 1,
  kDLFloat = 2,
  kDLBfloat = 4,
  kDLComplex = 5,
  kDLBool = 6
} DLDataTypeCode;
typedef struct {
  DLDeviceType device_type;
  int32_t device_id;
} DLDevice;
typedef struct {
  uint8_t code; /* DLDataTypeCode */
  uint8_t bits;
  uint16_t lanes;
} DLDataType;
typedef struct {
  void *data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t *shape;
  int64_t *strides; /* in elements; null: dense, row-major */
  uint64_t byte_offset;
} DLTensor;
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What a call returns. Functions that return a number of bytes return -code. */
enum seqc_status {
  SEQC_OK = 0,
  SEQC_ERROR_NULL = 1,       /* an array, entry, shape, data or state is null */
  SEQC_ERROR_COUNT = 2,      /* wrong number of tensors or sizes */
  SEQC_ERROR_DTYPE = 3,      /* wrong element type */
  SEQC_ERROR_RANK = 4,       /* wrong number of sizes */
  SEQC_ERROR_SIZE = 5,       /* a size is wrong, negative, or differs from its namesake */
  SEQC_ERROR_OVERFLOW = 6,   /* a tensor or the scratch exceeds 2^63-1 bytes */
  SEQC_ERROR_STRIDE = 7,     /* not dense and row-major */
  SEQC_ERROR_DEVICE = 8,     /* not where the function, or its first tensor, is */
  SEQC_ERROR_ALIGNMENT = 9,  /* data not aligned to its own element */
  SEQC_ERROR_OVERLAP = 10,   /* an output overlaps another tensor */
  SEQC_ERROR_VALUE = 11,     /* a bool that is neither 0 nor 1, offsets out of order */
  SEQC_ERROR_FEATURE = 12,   /* the CPU lacks an instruction set */
  SEQC_ERROR_SCRATCH = 13,   /* the context's scratch is too small */
  SEQC_ERROR_MEMORY = 14,    /* out of memory */
  SEQC_ERROR_STATE = 15,     /* a streaming state that is foreign, truncated or damaged */
  SEQC_ERROR_CONTEXT = 16,   /* a context of unknown layout */
  SEQC_ERROR_PARALLEL = 17,  /* the parallel_for hook did not run each item once */
  SEQC_ERROR_SIGNATURE = 18, /* this header describes another version of the library */
  SEQC_ERROR_KERNEL = 19,    /* a kernel of an emulated GPU did what it may not */
  SEQC_ERROR_DRIVER = 20,    /* tensors of a GPU, but no CUDA driver, or one that is too old */
  SEQC_ERROR_CUDA = 21       /* the CUDA driver failed: the message has its error */
};

/* What plans that guess states (segments, newton) did in a call: sums over its
 * recurrences and their sequences. All 0 where none has such a plan, and on a
 * GPU, whose counts nobody waits for. */
typedef struct seqc_stats {
  int64_t sequences;  /* under such plans */
  int64_t steps;      /* of these sequences */
  int64_t evaluated;  /* steps that were evaluated, guesses and repairs included */
  int64_t passes;     /* of Newton's method, over all segments or all steps */
  int64_t repaired;   /* segments that started again from the end of the one before */
  int64_t jumps;      /* places where the state jumps: with the certificate backward */
  int64_t one_by_one; /* sequences whose segments were not, or not all, evaluated side by side */
} seqc_stats;

/* How to run a call. Null instead of a context: on the calling thread only,
 * scratch from malloc; of a call with a GPU's tensors, on the default stream,
 * scratch from cuMemAllocAsync. Start from SEQC_CONTEXT_INIT, which zeroes what
 * is not set.
 *
 * A library that was compiled with --target=cuda runs a call whose tensors are
 * all on one CUDA device (device_type kDLCUDA) there: it starts kernels on
 * `stream` and returns, without waiting for them. It uses the calling thread's
 * current CUDA context if that is one of the tensors' device, else the device's
 * primary context. What tensors on a device hold is not looked at; `cu_seqlens`
 * may be in CPU memory instead, where they are checked. */
typedef struct seqc_context {
  uint64_t size; /* sizeof(seqc_context): lets the struct grow */
  /* Runs body(env, begin, end) over a partition of [0, n), on any threads, and
   * returns when all are done. The partition never changes results. Null: the
   * calling thread. */
  void (*parallel_for)(void *pool, int64_t n, void (*body)(void *env, int64_t begin, int64_t end),
                       void *env);
  void *pool; /* passed to parallel_for */
  /* Memory of at least f_scratch_bytes bytes, any alignment, where the tensors
   * are: then the call neither allocates nor locks. One call at a time may use
   * it; on a GPU, calls on one stream. Null: malloc and free, on a GPU
   * cuMemAllocAsync and cuMemFreeAsync. */
  void *scratch;
  int64_t scratch_bytes;
  char *error; /* receives the message of a failed call, ended by 0; may be null
                */
  int64_t error_capacity;
  seqc_stats *stats; /* receives what a successful call did; may be null */
  void *stream;      /* the CUstream (cudaStream_t) of calls on a GPU; null: the default one */
} seqc_context;

#ifdef __cplusplus
#define SEQC_CONTEXT_INIT                                                                          \
  {sizeof(seqc_context), nullptr, nullptr, nullptr, 0, nullptr, 0, nullptr, nullptr}
#else
#define SEQC_CONTEXT_INIT {sizeof(seqc_context), NULL, NULL, NULL, 0, NULL, 0, NULL, NULL}
#endif

/* A dense CPU tensor over caller-owned data and sizes. */
static inline DLTensor seqc_tensor(const void *data, int code, int bits, int32_t ndim,
                                   int64_t *shape) {
  DLTensor t;
  t.data = (void *)data;
  t.device.device_type = kDLCPU;
  t.device.device_id = 0;
  t.ndim = ndim;
  t.dtype.code = (uint8_t)code;
  t.dtype.bits = (uint8_t)bits;
  t.dtype.lanes = 1;
  t.shape = shape;
  t.strides = NULL;
  t.byte_offset = 0;
  return t;
}

#ifdef __cplusplus
}
#endif

#endif /* SEQC_ABI_VERSION */
