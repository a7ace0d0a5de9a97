/*===- Emulator.h - Kernels of a GPU, run and checked by this CPU ------------===*\
 *
 * What Target/NVPTX/Emulate.cpp calls from the code that it makes of kernels. C11, libc only.
 *
 * Kernels whose threads meet (barriers, shuffles, atomics) run one fiber a thread, all on the
 * thread of the call: blocks start in a random order, 1, 2 or up to 16 of them are resident, and
 * whoever can go on is picked at random; SEQC_EMULATE_SEED decides. A fiber may be left before each
 * access, always before an atomic one. Threads of other kernels run to their ends one by one.
 *
 * Rules. A fault ends the call with an error that names kernel, thread and access:
 *  - an access lies inside of one tensor, of scratch or of one array in shared memory, is aligned,
 *    and writes no argument; what it reads was written before (shared memory: by this block);
 *  - two accesses of one launch to the same bytes, one of which writes, are ordered, or both are
 *    atomic and each is in the scope of the other. Order comes from a thread itself, barriers of
 *    the block, bar.warp.sync of a whole warp, and release and acquire (a store or fence, then a
 *    load or fence). atomicrmw is relaxed whatever the IR says, as in PTX; shuffles and votes order
 *    nothing. Launches follow each other. What blocks without order between them have read nobody
 *    may write in the same launch;
 *  - all threads of a block come to the same barrier, and none has left the kernel;
 *  - all lanes of a mask come to the same shuffle, vote or bar.warp.sync with that mask; a lane is
 *    in its own mask, what it reads comes from the mask, and no lane of it has left the kernel;
 *  - what an asynchronous copy writes is not there before its thread has waited for it;
 *  - something can always go on, and polls of all threads that can end when somebody writes.
 * Values are those of some interleaving: a missing fence is found by the rules, not by numbers.
 *
\*===------------------------------------------------------------------------===*/
#ifndef SEQC_RUNTIME_GPU_EMULATOR_H
#define SEQC_RUNTIME_GPU_EMULATOR_H

#include "../CPU/Runtime.h"

/** What an access does. A compare-and-exchange is one that writes where seqc_emu_exchanged() says
 *  so; the order of a failed one is SEQC_EMU_FAILED_ACQUIRE or nothing. */
enum {
  SEQC_EMU_READS = 1,
  SEQC_EMU_WRITES = 2,
  SEQC_EMU_ATOMIC = 4,
  SEQC_EMU_ACQUIRE = 8,
  SEQC_EMU_RELEASE = 16,
  SEQC_EMU_BLOCK = 32, /**< atomic for threads of one block alone */
  SEQC_EMU_EXCHANGE = 64,
  SEQC_EMU_FAILED_ACQUIRE = 128
};

/** What the lanes of a warp do together. */
enum {
  SEQC_EMU_WARP_BARRIER,
  SEQC_EMU_SHUFFLE_UP,
  SEQC_EMU_SHUFFLE_DOWN,
  SEQC_EMU_SHUFFLE_XOR,
  SEQC_EMU_SHUFFLE_FROM,
  SEQC_EMU_VOTE_ALL,
  SEQC_EMU_VOTE_ANY,
  SEQC_EMU_VOTE_EQUAL,
  SEQC_EMU_BALLOT,
  SEQC_EMU_REDUCE_ADD,
  SEQC_EMU_REDUCE_MIN,
  SEQC_EMU_REDUCE_MAX,
  SEQC_EMU_REDUCE_UMIN,
  SEQC_EMU_REDUCE_UMAX,
  SEQC_EMU_REDUCE_AND,
  SEQC_EMU_REDUCE_OR,
  SEQC_EMU_REDUCE_XOR
};

/** A place of a kernel where a thread reads, writes or meets others. `id` counts from 0 in each
 *  kernel; `kind` is of the lists above; `array` is the number of an array in shared memory that
 *  the access belongs to, from 1, or 0: any memory. */
typedef struct {
  const char *text; /**< "load of f32, access #3" */
  int32_t id, bytes, align, kind, array;
} seqc_emu_site;

/** An array in shared memory. */
typedef struct {
  const char *name;
  int64_t bytes;
  int64_t align; /**< a power of 2 */
} seqc_emu_array;

/** A kernel: its argument in memory, then the block and the thread in it. */
typedef struct {
  const char *name;
  void (*run)(const void *arguments, uint32_t block, uint32_t thread);
  const seqc_emu_array *arrays;
  int32_t n_arrays;
  int32_t threads; /**< of a block, a multiple of 32 */
  int32_t items;   /**< of a block */
  int32_t sites;
  int32_t together;    /**< threads meet: each needs a fiber */
  int32_t stack_bytes; /**< what a thread keeps in memory, at most */
} seqc_emu_kernel;

/** Starts `kernel` for `items` items, in `step` if it wants that. After a fault of the same call it
 *  does nothing. */
void seqc_emu_launch(const void *par, const seqc_emu_kernel *kernel, void *const *ptrs,
                     const int64_t *dims, char *scratch, int64_t items, int64_t step);
/** Checks an access of the thread that runs; returns where it may take place. */
void *seqc_emu_access(void *address, const seqc_emu_site *site);
/** After a compare-and-exchange at `place`, which took place or did not. */
void seqc_emu_exchanged(void *place, const seqc_emu_site *site, int32_t success);
/** A fence of a `kind` of SEQC_EMU_ACQUIRE, SEQC_EMU_RELEASE, SEQC_EMU_BLOCK. */
void seqc_emu_fence(int32_t kind);
/** The block's copy of an array in shared memory, from 1. */
void *seqc_emu_shared(int32_t array);
/** Waits for all threads of the block. */
void seqc_emu_barrier(const seqc_emu_site *site);
/** Waits for the lanes of `mask`. Shuffles: `value` as PTX's a, then its b and c; votes: `value` is
 *  the predicate; reductions: what is added up. Returns what the lane gets. */
uint32_t seqc_emu_meet(uint32_t mask, uint32_t value, uint32_t b, uint32_t c,
                       const seqc_emu_site *site);
/** Whether the thread's last shuffle had a source: PTX's p. */
int32_t seqc_emu_had_source(void);
/** Starts an asynchronous copy between places that were checked as accesses of these sites. It is a
 *  load and a store of this thread when the thread waits for it; until then nobody may read what it
 *  writes. */
void seqc_emu_copy(void *to, const void *from, const seqc_emu_site *store,
                   const seqc_emu_site *load);
/** Ends a group of copies; waits for all groups but the last `groups`, or, if that is negative, for
 *  all copies. */
void seqc_emu_end_group(void);
void seqc_emu_wait_for_copies(int32_t groups);
/** Lets others run. */
void seqc_emu_pause(const seqc_emu_site *site);
/** Blocks of the launch. */
uint32_t seqc_emu_blocks(void);
/** Counts instructions of the thread that runs. */
void seqc_emu_count(int64_t instructions);

#endif /* SEQC_RUNTIME_GPU_EMULATOR_H */
