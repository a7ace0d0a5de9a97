/* Calls and launches: what is known of memory lives as long as a call, threads as a launch. Those
 * that never meet run to their ends one after the other: they may not tell in which order. */
#include "Device.h"

char *getenv(const char *name);

/* The call that runs on this thread. Code in a JIT has no thread-local memory, its host has. */
#ifdef SEQC_RUNTIME_JIT
void **seqc_host_emulated_call(void);
static void set_current(emu_device *d) { *seqc_host_emulated_call() = d; }
emu_device *emu_current(void) { return (emu_device *)*seqc_host_emulated_call(); }
#else
static _Thread_local emu_device *current;
static void set_current(emu_device *d) { current = d; }
emu_device *emu_current(void) { return current; }
#endif

uint64_t emu_random(emu_device *d) {
  uint64_t z = d->random += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void emu_permute(emu_device *d, uint32_t *order, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i)
    order[i] = i;
  for (uint32_t i = n; i > 1; --i) {
    uint32_t k = (uint32_t)(emu_random(d) % i), t = order[i - 1];
    order[i - 1] = order[k];
    order[k] = t;
  }
}

static uint64_t seed(void) {
  const char *text = getenv("SEQC_EMULATE_SEED");
  uint64_t value = 1;
  for (; text && *text >= '0' && *text <= '9'; ++text)
    value = value * 10 + (uint64_t)(*text - '0');
  return value;
}

static void free_device(emu_device *d) {
  for (int64_t i = 0; d->regions && i < d->n_regions; ++i)
    free(d->regions[i].cells);
  free(d->regions);
  free(d->syncs);
  free(d);
}

static void end_call(void *memory) {
  emu_device *d = (emu_device *)memory;
  if (getenv("SEQC_EMULATE_REPORT") && !d->failed)
    emu_report(d);
  free_device(d);
  set_current((emu_device *)0);
}

static emu_device *begin_call(seqc_rt_parallel *p, char *scratch) {
  seqc_rt_frame *frame = p->frame;
  const seqc_rt_function *f = frame->f;
  emu_device *d = (emu_device *)calloc(1, sizeof *d);
  if (!d)
    return (emu_device *)0;
  d->frame = frame;
  d->seed = d->random = seed();
  d->n_regions = f->n_tensors + 1;
  d->regions = (emu_region *)calloc((size_t)d->n_regions, sizeof *d->regions);
  int complete = d->regions != (emu_region *)0;
  for (int64_t i = 0; complete && i < d->n_regions; ++i) {
    emu_region *r = &d->regions[i];
    int last = i == f->n_tensors;
    r->first = last ? scratch : (char *)frame->ptrs[i];
    r->bytes = last ? f->scratch(frame->dims) : frame->bytes[i];
    r->written = !last && i < f->n_arguments;
    r->name = last ? "scratch" : f->tensors[i].name;
    r->cells = (emu_cell *)calloc((size_t)r->bytes + 1, sizeof *r->cells);
    complete = r->cells != (emu_cell *)0;
  }
  if (!complete) {
    free_device(d);
    return (emu_device *)0;
  }
  for (int64_t i = f->n_arguments; i < f->n_tensors; ++i)
    for (int64_t k = 0; k < f->n_arguments; ++k)
      d->regions[k].kept |= d->regions[k].first == d->regions[i].first;
  p->device = d;
  p->end_device = end_call;
  return d;
}

void emu_put_thread(emu_device *d, seqc_rt_text *text, int32_t item) {
  int32_t threads = d->kernel->threads, many = item < 0 ? -1 - item : 0;
  if (item == INT32_MIN) {
    seqc_rt_put(text, "several blocks");
  } else if (item >= 0 && d->kernel->items == threads) {
    seqc_rt_put(text, "item ");
    seqc_rt_put_int(text, item);
  } else {
    seqc_rt_put(text, "block ");
    seqc_rt_put_int(text, item >= 0    ? item / threads
                          : (many & 1) ? many / 2 / (threads / EMU_WARP)
                                       : many / 2);
    seqc_rt_put(text, item >= 0 ? ", thread " : ", several threads");
    if (item >= 0)
      seqc_rt_put_int(text, item % threads);
  }
}

seqc_rt_text *emu_begin_fault(emu_device *d, const char *what, const seqc_emu_site *site) {
  if (d->failed)
    return (seqc_rt_text *)0;
  d->failed = 1;
  seqc_rt_text *text = seqc_rt_begin(d->frame);
  seqc_rt_put(text, "emulated kernel '");
  seqc_rt_put(text, d->kernel->name);
  seqc_rt_put(text, "', ");
  emu_put_thread(d, text, d->thread->item);
  seqc_rt_put(text, ": expected ");
  seqc_rt_put(text, what);
  seqc_rt_put(text, ", but got a ");
  seqc_rt_put(text, site->text);
  return text;
}

/* Threads without a fiber go on; what they do is thrown away. */
void *emu_end_fault(emu_device *d) {
  if (emu_in_fiber(d))
    emu_leave(d);
  return d->nowhere;
}

void *emu_fail_memory(emu_device *d) {
  d->failed = d->out_of_memory = 1;
  return emu_end_fault(d);
}

uint32_t seqc_emu_blocks(void) { return emu_current()->blocks; }

int emu_make_block(emu_device *d, emu_block *b, int fibers) {
  const seqc_emu_kernel *k = d->kernel;
  size_t warps = fibers ? (size_t)k->threads / EMU_WARP : 1;
  size_t threads = fibers ? (size_t)k->threads : 1, sites = (size_t)k->sites + 1;
  b->warps = (emu_warp *)calloc(warps, sizeof *b->warps);
  b->threads = (emu_thread *)calloc(threads, sizeof *b->threads);
  b->executions = (int32_t *)calloc(threads * sites, sizeof *b->executions);
  emu_record *records = (emu_record *)calloc(warps * sites, sizeof *records);
  if (!b->warps || !b->threads || !b->executions || !records) {
    free(records);
    return 0;
  }
  for (size_t w = 0; w < warps; ++w)
    b->warps[w].records = records + w * sites;
  for (size_t i = 0; i < threads; ++i) {
    emu_thread *t = &b->threads[i];
    t->block = b;
    t->number = (int32_t)i;
    t->lane = (int32_t)i % EMU_WARP;
    t->warp = &b->warps[i / EMU_WARP];
    t->executions = b->executions + i * sites;
  }
  return !k->n_arrays || emu_make_shared(d, b);
}

void emu_begin_block(emu_device *d, emu_block *b, int32_t number) {
  int32_t threads = d->kernel->threads;
  b->number = number;
  b->left = threads;
  b->exited = b->waiting = 0;
  b->interval = 0;
  emu_forget(&b->known);
  emu_clear_shared(d, b);
  memset(b->executions, 0,
         (size_t)threads * (size_t)(d->kernel->sites + 1) * sizeof *b->executions);
  for (int32_t w = 0; w < threads / EMU_WARP; ++w) {
    b->warps[w].n_meetings = 0;
    b->warps[w].exited = b->warps[w].syncs = 0;
  }
  for (int32_t i = 0; i < threads; ++i) {
    emu_thread *t = &b->threads[i];
    t->item = number * threads + i;
    t->clock = 1;
    t->learned = 0;
    t->polls = 0;
    t->n_copies = 0;
    t->waits = (const seqc_emu_site *)0;
  }
}

static void forget_threads(emu_device *d, emu_block *b) {
  for (int32_t i = 0; b->threads && i < d->kernel->threads; ++i) {
    emu_forget(&b->threads[i].known);
    emu_forget(&b->threads[i].seen);
    emu_forget(&b->threads[i].fenced);
  }
  for (int32_t i = 0; b->warps && i < d->kernel->threads / EMU_WARP; ++i)
    emu_forget(&b->warps[i].known);
  emu_forget(&b->known);
}

void emu_end_block(emu_device *d, emu_block *b) {
  for (int32_t w = 0; w < d->kernel->threads / EMU_WARP; ++w)
    emu_count_warp(d, &b->warps[w]);
  forget_threads(d, b);
}

void emu_free_block(emu_device *d, emu_block *b) {
  int32_t warps = d->kernel->together ? d->kernel->threads / EMU_WARP : 1;
  if (d->kernel->together)
    forget_threads(d, b);
  for (int32_t i = 0; d->kernel->together && b->threads && i < d->kernel->threads; ++i)
    free(b->threads[i].copies);
  emu_record *records = b->warps ? b->warps->records : (emu_record *)0;
  for (int32_t i = 0; records && i < warps * (d->kernel->sites + 1); ++i)
    free(records[i].requests);
  free(records);
  free(b->warps);
  free(b->threads);
  free(b->executions);
  free(b->arrays);
  free(b->shared);
  free(b->shared_cells);
}

/* Each thread of a warp, to its end. */
static void run_warp(emu_device *d, uint32_t block, uint32_t warp) {
  uint32_t lanes[EMU_WARP], threads = (uint32_t)d->kernel->threads;
  emu_thread *t = d->thread;
  emu_permute(d, lanes, EMU_WARP);
  for (int i = 0; i < EMU_WARP; ++i) {
    t->lane = (int32_t)lanes[i];
    t->number = (int32_t)(warp * EMU_WARP + lanes[i]);
    t->item = (int32_t)(block * threads) + t->number;
    memset(t->executions, 0, (size_t)d->kernel->sites * sizeof *t->executions);
    d->kernel->run(d->arguments, block, (uint32_t)t->number);
  }
  emu_count_warp(d, t->warp);
}

/* Whether there was memory for it. */
static int run_alone(emu_device *d) {
  uint32_t warps = (uint32_t)d->kernel->threads / EMU_WARP;
  uint32_t *order = (uint32_t *)malloc((d->blocks + warps) * sizeof *order);
  emu_block block;
  memset(&block, 0, sizeof block);
  int complete = order && emu_make_block(d, &block, 0);
  if (complete) {
    d->thread = block.threads;
    emu_permute(d, order, d->blocks);
    for (uint32_t b = 0; b < d->blocks && !d->failed; ++b) {
      block.number = (int32_t)order[b];
      emu_clear_shared(d, &block);
      emu_permute(d, order + d->blocks, warps);
      for (uint32_t w = 0; w < warps; ++w)
        run_warp(d, order[b], order[d->blocks + w]);
    }
  }
  emu_free_block(d, &block);
  free(order);
  return complete;
}

static void end_without_memory(seqc_rt_parallel *p) {
  p->fault = SEQC_ERROR_MEMORY;
  seqc_rt_put(seqc_rt_begin(p->frame), "out of memory for the emulated GPU");
}

/* The argument of a kernel, as the compiler lays it out. */
static char *make_arguments(const seqc_rt_function *f, void *const *ptrs, const int64_t *dims,
                            char *scratch, int64_t items, int64_t step) {
  size_t addresses = (size_t)f->n_tensors * sizeof(void *);
  size_t sizes = (size_t)f->n_dims * sizeof(int64_t);
  char *made = (char *)malloc(addresses + sizes + sizeof scratch + sizeof items + sizeof step);
  if (!made)
    return made;
  memcpy(made, ptrs, addresses);
  memcpy(made + addresses, dims, sizes);
  memcpy(made + addresses + sizes, &scratch, sizeof scratch);
  memcpy(made + addresses + sizes + sizeof scratch, &items, sizeof items);
  memcpy(made + addresses + sizes + sizeof scratch + sizeof items, &step, sizeof step);
  return made;
}

void seqc_emu_launch(const void *par, const seqc_emu_kernel *kernel, void *const *ptrs,
                     const int64_t *dims, char *scratch, int64_t items, int64_t step) {
  seqc_rt_parallel *p = (seqc_rt_parallel *)par;
  if (items <= 0 || p->fault)
    return;
  emu_device *d = p->device ? (emu_device *)p->device : begin_call(p, scratch);
  if (!d) {
    end_without_memory(p);
    return;
  }
  char *arguments = make_arguments(p->frame->f, ptrs, dims, scratch, items, step);
  d->kernel = kernel;
  d->arguments = arguments;
  d->blocks = (uint32_t)((items + kernel->items - 1) / kernel->items);
  ++d->launch;
  set_current(d);
  int complete = arguments && (kernel->together ? emu_run_fibers(d) : run_alone(d));
  emu_forget_syncs(d, (const char *)0, 0);
  free(arguments);
  if (!complete || d->out_of_memory)
    end_without_memory(p);
  else if (d->failed)
    p->fault = SEQC_ERROR_KERNEL;
}
