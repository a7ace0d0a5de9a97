/*===- Emulator.h - Kernels of a GPU, run and checked by this CPU ------------===*\
 *
 * What Target/NVPTX/Emulate.cpp calls from the code that it makes of kernels. C11, libc only.
 *
\*===------------------------------------------------------------------------===*/
#ifndef SEQC_RUNTIME_GPU_EMULATOR_H
#define SEQC_RUNTIME_GPU_EMULATOR_H

#include "../CPU/Runtime.h"

/** A load or store of a kernel. `id` counts from 0 in each kernel. */
typedef struct {
  const char *text; /**< "load of f32, the 3rd access" */
  int32_t id, bytes, align, writes;
} seqc_emu_site;

/** A kernel: its argument in memory, then the block and the thread in it. */
typedef struct {
  const char *name;
  void (*run)(const void *arguments, uint32_t block, uint32_t thread);
  int32_t threads; /**< of a block */
  int32_t sites;
} seqc_emu_kernel;

/** Starts `kernel` for `items` items, blocks and threads in an order that the seed in
 *  SEQC_EMULATE_SEED decides. After a fault of the same call it does nothing. */
void seqc_emu_launch(const void *par, const seqc_emu_kernel *kernel, void *const *ptrs,
                     const int64_t *dims, char *scratch, int64_t items);
/** Checks an access of the thread that runs; returns where it may take place. */
void *seqc_emu_access(void *address, const seqc_emu_site *site);
/** Counts instructions of the thread that runs. */
void seqc_emu_count(int64_t instructions);

#endif /* SEQC_RUNTIME_GPU_EMULATOR_H */
