/*===- Descriptor.h - What the runtime knows of a compiled function
-----------===*\
 *
 * Constants that Target/CPU/EmitAbi writes into every model, field for field.
One
 * shared body of checks reads them, so a function costs a table and not code.
 *
\*===------------------------------------------------------------------------===*/
#ifndef SEQC_RUNTIME_CPU_DESCRIPTOR_H
#define SEQC_RUNTIME_CPU_DESCRIPTOR_H

#include <stdint.h>

/** One size: fixed (`size` >= 0), or dynamic (-1) and equal to all others of
 * the same `symbol`; a result's size that no argument has: symbol -1. */
typedef struct {
  int64_t size;
  int64_t symbol;
} seqc_rt_dim;

enum {
  SEQC_RT_HIDDEN = 1, /**< a state that no caller passes to f_call */
  SEQC_RT_STATE = 2,  /**< read from or written to the blob by f_step */
  SEQC_RT_RESULT = 4,
  SEQC_RT_COUNT = 8, /**< an index argument: its value is one of `dims`, described by `dims[0]` */
  /** Offsets of packed sequences: `dims[1]` describes their total, `dims[2]` how many sequences
   *  there are (size and symbol -1: one less than its own size). */
  SEQC_RT_OFFSETS = 16,
  SEQC_RT_SCALAR = 32 /**< an argument that is no tensor: in CPU memory, also in a call on a GPU */
};

/** An argument or result. `first_dim` is its place in `dims`. */
typedef struct {
  const char *name;
  const seqc_rt_dim *dims;
  int32_t rank, first_dim;
  int32_t code, bytes; /**< DLPack type code, bytes of an element */
  int32_t flags;
  int32_t partner; /**< the other tensor of a state pair, or -1 */
} seqc_rt_tensor;

/** A CPU feature: bit `bit` of register `reg` (0 to 3: eax, ebx, ecx, edx) of a
 *  cpuid leaf, and the state bits that the system must save for it. */
typedef struct {
  const char *name;
  uint32_t leaf, subleaf, reg, bit;
  uint64_t xcr0;
} seqc_rt_feature;

/** What all functions of a library share. `cpu` is 0 until the CPU was asked;
 *  access is atomic.
 */
typedef struct {
  const seqc_rt_feature *features;
  int32_t *cpu;
  int64_t n_features;
} seqc_rt_module;

struct seqc_rt_frame;

/** A function on a GPU. `body` and `init` start kernels: the body, and the values of hidden states
 *  (null without any). `run` makes a checked call; `kernels` is for it. */
typedef struct {
  void (*body)(void *const *ptrs, const int64_t *dims, char *scratch, const void *par);
  int64_t (*scratch)(const int64_t *dims);
  void (*init)(void *const *ptrs, const int64_t *dims, char *scratch, const void *par);
  int32_t (*run)(struct seqc_rt_frame *frame);
  const void *kernels;
} seqc_rt_device;

/** A public function. Tensors: arguments (public, hidden), results (public,
 *  hidden). `states[k]` is the argument of state k. */
typedef struct {
  const char *name;
  const seqc_rt_module *module;
  const seqc_rt_tensor *tensors;
  const char *const *symbols;
  const int32_t *states;
  /** See docs/Architecture.md: body, result sizes, scratch bytes, hidden
   * states; `init` is null without hidden states. */
  void (*body)(void *const *ptrs, const int64_t *dims, char *scratch, const void *par);
  void (*shapes)(const int64_t *dims);
  int64_t (*scratch)(const int64_t *dims);
  void (*init)(void *const *ptrs, const int64_t *dims);
  uint64_t hash;
  int32_t n_arguments, n_tensors, n_dims, n_symbols, n_states;
  int32_t time_symbol;          /**< -1: none */
  const seqc_rt_device *device; /**< null: for CPUs alone */
} seqc_rt_function;

#endif /* SEQC_RUNTIME_CPU_DESCRIPTOR_H */
