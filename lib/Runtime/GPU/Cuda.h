/*===- Cuda.h - Kernels of an NVIDIA GPU, started by its driver --------------===*\
 *
 * What Target/NVPTX/Host.cpp writes into a library with kernels, and what its code calls. C11, libc
 * only: the driver is opened when a call with a GPU's tensors first needs it.
 *
\*===------------------------------------------------------------------------===*/
#ifndef SEQC_RUNTIME_GPU_CUDA_H
#define SEQC_RUNTIME_GPU_CUDA_H

#include "../CPU/Runtime.h"

/** All kernels as code of a GPU: a cubin of architecture `sm` (90: sm_90), or PTX, text that ends
 *  with a 0, for that one and all after it. */
typedef struct {
  const void *bytes;
  int32_t sm, is_ptx;
} seqc_cuda_image;

/** A kernel; `number` is its place among all. Its one argument, by value: the addresses of all
 *  tensors, all sizes, the address of scratch, the number of items, and, where a call starts it
 *  once for each step, the step. */
typedef struct {
  const char *name;
  int32_t threads; /**< of a block */
  int32_t items;   /**< of a block */
  int64_t number;
  int64_t shared_bytes; /**< of a block, to be asked for; 0: it names what it has */
} seqc_cuda_kernel;

/** `images` end with one without bytes; PTX is the last. */
typedef struct {
  const seqc_cuda_kernel *const *kernels;
  int64_t n_kernels;
  const seqc_cuda_image *images;
} seqc_cuda_module;

/** Bytes of a kernel's argument, at most. */
enum { SEQC_CUDA_ARGUMENT_BYTES = 4096 };

/** `run` of a seqc_rt_device, whose `kernels` is a seqc_cuda_module. Starts the kernels of a call
 *  whose tensors are checked but for the driver's view of them. */
int32_t seqc_cuda_run(seqc_rt_frame *frame);
/** Starts `kernel` for `items` items, in `step` if it wants that, on the call's stream. After a
 *  failure it does nothing. */
void seqc_cuda_launch(const void *par, const seqc_cuda_kernel *kernel, void *const *ptrs,
                      const int64_t *dims, char *scratch, int64_t items, int64_t step);

#endif /* SEQC_RUNTIME_GPU_CUDA_H */
