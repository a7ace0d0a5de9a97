/* Threads of a GPU one after the other, in any order: kernels without barriers may not tell. Each
 * access is checked: inside of a tensor or of scratch, aligned, no input written, nothing read that
 * was not written, no two threads of a launch at the same bytes unless all of them read. */
#include "Emulator.h"

char *getenv(const char *name);
void *calloc(size_t count, size_t bytes);
void *realloc(void *memory, size_t bytes);
long write(int file, const void *bytes, unsigned long count);

enum { WARP = 32, SECTOR = 32, MANY = -1 };

/* What is known of a byte: the launch and the item that wrote it last, and who read it then. */
typedef struct {
  int32_t writer_launch, writer, reader_launch, reader;
} cell;

typedef struct {
  char *first;
  int64_t bytes;
  int written; /* its contents are given: an argument */
  int shared;  /* it is the memory of a result, too: a state that is kept in place */
  const char *name;
  cell *cells;
} region;

/* The n-th execution of a site by the threads of a warp: the sectors that it asks for. */
typedef struct {
  int64_t count, room;
  uint64_t *sectors; /* `WARP` addresses for each execution, 0: none */
} record;

typedef struct device {
  seqc_rt_frame *frame;
  region *regions;
  int64_t n_regions;
  int32_t launch, item, lane;
  const seqc_emu_kernel *kernel;
  record *records;     /* by site */
  int64_t *executions; /* by site, of the thread that runs */
  uint64_t random;
  int failed;
  int64_t instructions, accesses, bytes, requests, sectors;
} device;

/* The call that runs on this thread. */
static _Thread_local device *current;
static _Thread_local _Alignas(64) char nowhere[64];

static uint64_t next_random(device *d) {
  uint64_t z = d->random += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static void shuffle(device *d, uint32_t *order, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i)
    order[i] = i;
  for (uint32_t i = n; i > 1; --i) {
    uint32_t k = (uint32_t)(next_random(d) % i), t = order[i - 1];
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

static void free_device(device *d) {
  for (int64_t i = 0; d->regions && i < d->n_regions; ++i)
    free(d->regions[i].cells);
  free(d->regions);
  free(d);
}

static void end_call(void *memory) {
  device *d = (device *)memory;
  if (getenv("SEQC_EMULATE_REPORT") && !d->failed) {
    char line[512];
    seqc_rt_text text = {line, 0};
    struct {
      const char *name;
      int64_t value;
    } counts[] = {{"emulated: launches ", d->launch}, {", instructions ", d->instructions},
                  {", accesses ", d->accesses},       {", bytes ", d->bytes},
                  {", requests ", d->requests},       {", sectors ", d->sectors}};
    for (unsigned i = 0; i < sizeof counts / sizeof *counts; ++i) {
      seqc_rt_put(&text, counts[i].name);
      seqc_rt_put_int(&text, counts[i].value);
    }
    seqc_rt_put(&text, "\n");
    long written = write(2, line, (unsigned long)text.used);
    (void)written;
  }
  free_device(d);
  current = (device *)0;
}

static device *begin_call(seqc_rt_parallel *p, char *scratch) {
  seqc_rt_frame *frame = p->frame;
  const seqc_rt_function *f = frame->f;
  device *d = (device *)calloc(1, sizeof *d);
  if (!d)
    return (device *)0;
  d->frame = frame;
  d->random = seed();
  d->n_regions = f->n_tensors + 1;
  d->regions = (region *)calloc((size_t)d->n_regions, sizeof *d->regions);
  int complete = d->regions != (region *)0;
  for (int64_t i = 0; complete && i < d->n_regions; ++i) {
    region *r = &d->regions[i];
    int last = i == f->n_tensors;
    r->first = last ? scratch : (char *)frame->ptrs[i];
    r->bytes = last ? f->scratch(frame->dims) : frame->bytes[i];
    r->written = !last && i < f->n_arguments;
    r->name = last ? "scratch" : f->tensors[i].name;
    r->cells = (cell *)calloc((size_t)r->bytes + 1, sizeof *r->cells);
    complete = r->cells != (cell *)0;
  }
  if (!complete) {
    free_device(d);
    return (device *)0;
  }
  for (int64_t i = f->n_arguments; i < f->n_tensors; ++i)
    for (int64_t k = 0; k < f->n_arguments; ++k)
      d->regions[k].shared |= d->regions[k].first == d->regions[i].first;
  p->device = d;
  p->end_device = end_call;
  return d;
}

/* Ends the launch with a message; what threads still do is thrown away. */
static void *fault(const char *what, const seqc_emu_site *site, const char *where, int64_t at) {
  device *d = current;
  if (d->failed)
    return nowhere;
  d->failed = 1;
  seqc_rt_text *text = seqc_rt_begin(d->frame);
  seqc_rt_put(text, "emulated kernel '");
  seqc_rt_put(text, d->kernel->name);
  seqc_rt_put(text, "', item ");
  seqc_rt_put_int(text, d->item);
  seqc_rt_put(text, ": expected ");
  seqc_rt_put(text, what);
  seqc_rt_put(text, ", but got a ");
  seqc_rt_put(text, site->text);
  if (where) {
    seqc_rt_put(text, " at byte ");
    seqc_rt_put_int(text, at);
    seqc_rt_put(text, " of '");
    seqc_rt_put(text, where);
    seqc_rt_put(text, "'");
  }
  return nowhere;
}

static const char *check_cell(device *d, cell *c, int written, int writes) {
  int here = c->writer_launch == d->launch, read = c->reader_launch == d->launch;
  if (here && c->writer != d->item)
    return "no two threads of a launch at bytes that one of them writes";
  if (writes && read && c->reader != d->item)
    return "no two threads of a launch at bytes that one of them writes";
  if (!writes && !written && !c->writer_launch)
    return "bytes that were written before they are read";
  if (writes) {
    c->writer_launch = d->launch;
    c->writer = d->item;
  } else {
    c->reader = read && c->reader != d->item ? MANY : d->item;
    c->reader_launch = d->launch;
  }
  return (const char *)0;
}

/* Notes the address for the warp's request. */
static void note(device *d, const seqc_emu_site *site, const char *address) {
  record *r = &d->records[site->id];
  int64_t n = d->executions[site->id]++;
  if (n >= r->room) {
    int64_t room = 2 * n + 16;
    uint64_t *more = (uint64_t *)realloc(r->sectors, (size_t)room * WARP * sizeof *more);
    if (!more)
      return;
    r->sectors = more;
    r->room = room;
  }
  for (; r->count <= n; ++r->count)
    memset(r->sectors + r->count * WARP, 0, WARP * sizeof *r->sectors);
  r->sectors[n * WARP + d->lane] = (uint64_t)(uintptr_t)address / SECTOR;
}

void *seqc_emu_access(void *address, const seqc_emu_site *site) {
  device *d = current;
  if (d->failed)
    return nowhere;
  char *first = (char *)address;
  for (int64_t i = 0; i < d->n_regions; ++i) {
    region *r = &d->regions[i];
    if (first < r->first || first - r->first > r->bytes - site->bytes)
      continue;
    int64_t at = first - r->first;
    if ((uintptr_t)first % (uintptr_t)site->align)
      return fault("an aligned address", site, r->name, at);
    if (site->writes && r->written && !r->shared)
      return fault("no write to an argument", site, r->name, at);
    for (int64_t k = 0; k < site->bytes; ++k) {
      const char *wrong = check_cell(d, &r->cells[at + k], r->written, site->writes);
      if (wrong)
        return fault(wrong, site, r->name, at + k);
    }
    ++d->accesses;
    d->bytes += site->bytes;
    note(d, site, first);
    return address;
  }
  return fault("an address inside of a tensor or of scratch", site, (const char *)0, 0);
}

void seqc_emu_count(int64_t instructions) { current->instructions += instructions; }

/* Requests of a warp: the different sectors of each. */
static void end_warp(device *d) {
  for (int32_t s = 0; s < d->kernel->sites; ++s) {
    record *r = &d->records[s];
    for (int64_t n = 0; n < r->count; ++n) {
      const uint64_t *sectors = r->sectors + n * WARP;
      ++d->requests;
      for (int i = 0; i < WARP; ++i) {
        int seen = !sectors[i];
        for (int k = 0; k < i; ++k)
          seen |= sectors[k] == sectors[i];
        d->sectors += !seen;
      }
    }
    r->count = 0;
  }
}

static void run_warp(device *d, const void *arguments, uint32_t block, uint32_t warp) {
  uint32_t lanes[WARP], threads = (uint32_t)d->kernel->threads;
  shuffle(d, lanes, WARP);
  for (int i = 0; i < WARP; ++i) {
    d->lane = (int32_t)lanes[i];
    d->item = (int32_t)(block * threads + warp * WARP + lanes[i]);
    memset(d->executions, 0, (size_t)d->kernel->sites * sizeof *d->executions);
    d->kernel->run(arguments, block, warp * WARP + lanes[i]);
  }
  end_warp(d);
}

/* Whether there was memory for it. */
static int run_blocks(device *d, const void *arguments, int64_t items) {
  uint32_t threads = (uint32_t)d->kernel->threads, warps = threads / WARP;
  uint32_t blocks = (uint32_t)((items + threads - 1) / threads);
  uint32_t *order = (uint32_t *)malloc((blocks + warps) * sizeof *order);
  if (!order)
    return 0;
  shuffle(d, order, blocks);
  for (uint32_t b = 0; b < blocks; ++b) {
    shuffle(d, order + blocks, warps);
    for (uint32_t w = 0; w < warps; ++w)
      run_warp(d, arguments, order[b], order[blocks + w]);
  }
  free(order);
  return 1;
}

static void fail_memory(seqc_rt_parallel *p) {
  p->fault = SEQC_ERROR_MEMORY;
  seqc_rt_put(seqc_rt_begin(p->frame), "out of memory for the emulated GPU");
}

void seqc_emu_launch(const void *par, const seqc_emu_kernel *kernel, void *const *ptrs,
                     const int64_t *dims, char *scratch, int64_t items) {
  seqc_rt_parallel *p = (seqc_rt_parallel *)par;
  if (items <= 0 || p->fault)
    return;
  device *d = p->device ? (device *)p->device : begin_call(p, scratch);
  if (!d) {
    fail_memory(p);
    return;
  }
  const seqc_rt_function *f = p->frame->f;
  size_t addresses = (size_t)f->n_tensors * sizeof(void *);
  size_t sizes = (size_t)f->n_dims * sizeof(int64_t);
  char *arguments = (char *)malloc(addresses + sizes + sizeof scratch + sizeof items);
  d->kernel = kernel;
  d->records = (record *)calloc((size_t)kernel->sites + 1, sizeof *d->records);
  d->executions = (int64_t *)calloc((size_t)kernel->sites + 1, sizeof *d->executions);
  ++d->launch;
  current = d;
  int complete = arguments && d->records && d->executions;
  if (complete) {
    memcpy(arguments, ptrs, addresses);
    memcpy(arguments + addresses, dims, sizes);
    memcpy(arguments + addresses + sizes, &scratch, sizeof scratch);
    memcpy(arguments + addresses + sizes + sizeof scratch, &items, sizeof items);
    complete = run_blocks(d, arguments, items);
  }
  for (int32_t s = 0; d->records && s < kernel->sites; ++s)
    free(d->records[s].sectors);
  free(d->records);
  free(d->executions);
  free(arguments);
  if (!complete)
    fail_memory(p);
  else if (d->failed)
    p->fault = SEQC_ERROR_KERNEL;
}
