/*===- Device.h - What the parts of the emulator share -----------------------===*\
 *
 * Emulator.c: calls and launches. Memory.c: bounds and contents. Races.c: order of accesses.
 * Fibers.c: threads that wait. Stacks.c: their stacks. Copies.c: asynchronous copies. Warps.c: what
lanes do together. Counts.c: requests of warps.
 *
\*===------------------------------------------------------------------------===*/
#ifndef SEQC_RUNTIME_GPU_DEVICE_H
#define SEQC_RUNTIME_GPU_DEVICE_H

#include "Emulator.h"

void *calloc(size_t count, size_t bytes);
void *realloc(void *memory, size_t bytes);

enum { EMU_WARP = 32 };

/* A thread that can go on, one that waits for others, one that left the kernel. */
enum { EMU_READY, EMU_WAITING, EMU_GONE };

/* When something was done: in which launch (times 4, plus how: plain, atomic, atomic for a block),
 * by which thread of it, in which interval between barriers of its block, at which of its clock's
 * ticks. Threads that are many: see Races.c. */
typedef struct {
  int32_t launch, thread;
  uint32_t interval, clock;
} emu_mark;

/* What is known of a byte: who wrote it last, and who read it since. */
typedef struct {
  emu_mark writer, reader;
} emu_cell;

typedef struct {
  char *first;
  int64_t bytes;
  int written; /* its contents are given: an argument */
  int kept;    /* it is the memory of a result, too: a state that is kept in place */
  const char *name;
  emu_cell *cells;
} emu_region;

/* Of block `block` everything before `interval` is known, and what `thread` did in it up to
 * `clock`. */
typedef struct {
  int32_t block, thread;
  uint32_t interval, clock;
} emu_fact;

/* Facts by block, then thread; those of a block have the same interval. */
typedef struct {
  int32_t count;
  emu_fact *facts;
} emu_knowledge;

/* A word that somebody wrote atomically, and what its reader may know then. */
typedef struct {
  char *word;
  int32_t block;  /* the only one that may, or -1 */
  uint64_t stamp; /* another one at each change */
  emu_knowledge known;
} emu_sync;

/* The executions of a site by the threads of a warp that are not counted yet: which lanes came, and
 * where they went (sector, or word of shared memory). */
typedef struct {
  uint32_t lanes;
  uint64_t places[EMU_WARP];
} emu_request;
typedef struct {
  const seqc_emu_site *site;
  int64_t first, done, count, room; /* `done` of `count` are counted */
  int shared;
  emu_request *requests;
} emu_record;

/* Lanes that wait for each other. */
typedef struct {
  const seqc_emu_site *site;
  uint32_t mask, arrived;
  uint32_t value[EMU_WARP], b[EMU_WARP], c[EMU_WARP];
} emu_meeting;

/* An asynchronous copy on its way; its bytes may have been read already. */
typedef struct {
  char *to;
  const char *from;
  const seqc_emu_site *store, *load;
  int64_t group;
  int early;
  char bytes[16];
} emu_copy;

typedef struct emu_block emu_block;

typedef struct {
  emu_meeting meetings[EMU_WARP];
  int32_t n_meetings;
  uint32_t exited;
  uint32_t syncs;      /* bar.warp.sync of the whole warp */
  emu_knowledge known; /* by all of its lanes */
  emu_record *records; /* by site */
} emu_warp;

/* A stack, for a sanitizer, and where it goes on. */
typedef struct {
  void *sp, *fake;
  const void *low;
  size_t bytes;
} emu_context;

typedef struct {
  emu_context context;
  emu_block *block;
  emu_warp *warp;
  int32_t number, lane, item; /* in its block, in its warp, in the launch */
  uint32_t clock;
  int32_t state;              /* EMU_READY, … */
  const seqc_emu_site *waits; /* at what */
  uint64_t polled_at;         /* the change after which it polled, and how much */
  int64_t polls;
  uint32_t got; /* by the last meeting */
  int32_t had_source;
  int32_t *executions;               /* by site */
  emu_knowledge known, seen, fenced; /* itself; by relaxed loads; at its last release fence */
  int32_t fence_block;
  uint64_t learned; /* the stamp of what it read last, and whether it acquired that */
  int32_t acquired;
  emu_copy *copies; /* oldest first */
  int32_t n_copies, copy_room;
  int64_t group;
} emu_thread;

struct emu_block {
  int32_t number, left, exited, waiting;
  uint32_t interval;
  const seqc_emu_site *barrier; /* where `waiting` threads wait */
  emu_knowledge known;          /* by all of its threads */
  emu_warp *warps;
  emu_thread *threads;
  int32_t *executions;
  emu_region *arrays; /* in shared memory */
  char *shared;
  int64_t shared_bytes;
  emu_cell *shared_cells;
  char *stacks;
};

typedef struct {
  int64_t instructions, accesses, bytes, requests, sectors;
  int64_t shared_accesses, shared_requests, wavefronts, conflicts;
  int64_t barriers, warp_barriers, shuffles, votes, atomics;
} emu_counts;

typedef struct emu_device {
  seqc_rt_frame *frame;
  emu_region *regions;
  int64_t n_regions;
  uint64_t seed, random;
  int failed, out_of_memory;
  _Alignas(16) char nowhere[64]; /* where accesses go after a fault */
  emu_counts counts;

  /* The launch. */
  const seqc_emu_kernel *kernel;
  const void *arguments;
  int32_t launch;
  uint32_t blocks;
  emu_thread *thread; /* that runs */
  emu_sync *syncs;
  int64_t n_syncs, sync_room;
  uint64_t stamp;

  /* Its fibers. */
  emu_context main, *from;
  emu_block *resident, *ended;
  int32_t n_resident;
  emu_thread **ready;
  int32_t n_ready;
  size_t stack_bytes;
  uint32_t pace, until; /* plain accesses until another thread may run */
  uint64_t changes;     /* of memory; and since the last one: */
  int64_t polls, reads; /* weighted, see Fibers.c; plain accesses */
  char *watched;        /* what may have changed */
  int32_t watched_bytes;
  char before[16];
} emu_device;

/** The call that runs on this thread. */
emu_device *emu_current(void);
uint64_t emu_random(emu_device *d);
/** 0, …, n - 1 in a random order. */
void emu_permute(emu_device *d, uint32_t *order, uint32_t n);

/** Begins the message of a fault of the thread that runs: "…: expected `what`, but got a `site`";
 *  null: there was one before. Then emu_end_fault(), which does not return to a fiber. */
seqc_rt_text *emu_begin_fault(emu_device *d, const char *what, const seqc_emu_site *site);
void emu_put_thread(emu_device *d, seqc_rt_text *text, int32_t item);
void *emu_end_fault(emu_device *d);
/** Ends the launch for want of memory. */
void *emu_fail_memory(emu_device *d);

/** Makes a place for a block of `kernel` (0: no memory), starts block `number` in it, ends it (its
 *  last requests are counted), and frees it. */
int emu_make_block(emu_device *d, emu_block *b, int fibers);
void emu_begin_block(emu_device *d, emu_block *b, int32_t number);
void emu_end_block(emu_device *d, emu_block *b);
void emu_free_block(emu_device *d, emu_block *b);

/** Memory.c: shared memory of a block. */
int emu_make_shared(emu_device *d, emu_block *b);
void emu_clear_shared(emu_device *d, emu_block *b);

/** Memory.c: checks the order of an access at a place that was checked before; and makes that place
 *  one that nobody wrote. */
void emu_check_again(emu_device *d, emu_thread *t, const char *place, const seqc_emu_site *site);
void emu_unwrite(emu_device *d, emu_thread *t, char *place, const seqc_emu_site *site);

/** Races.c. Null, or why thread `t` may not: `other` is the one before. */
const char *emu_check_order(emu_device *d, emu_thread *t, emu_cell *c, int32_t kind,
                            const emu_mark **other);
/** What atomic accesses of `bytes` at `word` tell the thread that runs and those after it. */
void emu_synchronize(emu_device *d, emu_thread *t, char *word, int32_t kind);
/** Whether there was memory for it. */
int emu_join(emu_knowledge *into, const emu_knowledge *from);
void emu_forget(emu_knowledge *k);
void emu_forget_syncs(emu_device *d, const char *first, int64_t bytes);
/** All threads of `b`, or all lanes of the warp whose first is `t`, know what each of them did. */
void emu_order_block(emu_device *d, emu_block *b);
void emu_order_warp(emu_device *d, emu_thread *t);

/** Stacks.c: stacks for the threads of a block; whether there was memory for them. A thread starts
 * at `first`, which calls emu_arrive(). */
int emu_make_stacks(emu_device *d, emu_block *b);
void emu_free_stacks(emu_device *d, emu_block *b);
void emu_prepare(emu_device *d, emu_block *b, emu_thread *t, void (*first)(void));
/** Goes on at `to`; returns when somebody goes on at `self`, unless `leaves`. */
void emu_jump(emu_device *d, emu_context *self, emu_context *to, int leaves);
/** After a switch to the stack of `self`. */
void emu_arrive(emu_device *d, emu_context *self);

/** Fibers.c. Runs all blocks; whether there was memory for it. */
int emu_run_fibers(emu_device *d);
/** Lets others run before the thread's atomic or plain access. */
void emu_before_atomic(emu_device *d, const seqc_emu_site *site);
void emu_before_plain(emu_device *d, const seqc_emu_site *site);
/** Before a meeting of lanes. */
void emu_before_meeting(emu_device *d, const seqc_emu_site *site);
/** Memory has changed; the bytes at `place` are about to change, or not. */
void emu_changed(emu_device *d);
void emu_watch(emu_device *d, char *place, int32_t bytes);
/** Runs others until `t`, the thread that runs, can go on. */
void emu_wait(emu_device *d, const seqc_emu_site *site);
void emu_wake(emu_device *d, emu_thread *t);
/** Leaves the fiber that runs for good. */
void emu_leave(emu_device *d);
/** Whether the kernel's threads are fibers and one of them runs. */
static inline int emu_in_fiber(const emu_device *d) { return d->kernel->together && d->ready; }

/** Warps.c: a lane is gone. */
void emu_check_exit(emu_device *d, emu_thread *t);

/** Counts.c. */
void emu_note(emu_device *d, emu_thread *t, const seqc_emu_site *site, uint64_t place, int shared);
void emu_count_warp(emu_device *d, emu_warp *w);
void emu_report(emu_device *d);

#endif /* SEQC_RUNTIME_GPU_DEVICE_H */
