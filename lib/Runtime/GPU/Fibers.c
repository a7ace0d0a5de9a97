/* Threads that wait for each other: a stack for each, and one that runs at a time. */
#include "Device.h"

void *mmap(void *address, size_t bytes, int protection, int flags, int file, long offset);
int munmap(void *address, size_t bytes);
int mprotect(void *address, size_t bytes, int protection);

/* Sanitizers want to know about stacks. In a test without one these are null; a model has none. */
#ifndef SEQC_RUNTIME_EMBEDDED
__attribute__((weak)) void __sanitizer_start_switch_fiber(void **fake, const void *low,
                                                          size_t bytes);
__attribute__((weak)) void __sanitizer_finish_switch_fiber(void *fake, const void **low,
                                                           size_t *bytes);
__attribute__((weak)) void __asan_unpoison_memory_region(const volatile void *first, size_t bytes);
static int has_sanitizer(void) { return __sanitizer_start_switch_fiber != 0; }
#else
static int has_sanitizer(void) { return 0; }
static void __sanitizer_start_switch_fiber(void **fake, const void *low, size_t bytes) {
  (void)fake, (void)low, (void)bytes;
}
static void __sanitizer_finish_switch_fiber(void *fake, const void **low, size_t *bytes) {
  (void)fake, (void)low, (void)bytes;
}
static void __asan_unpoison_memory_region(const volatile void *first, size_t bytes) {
  (void)first, (void)bytes;
}
#endif

/* Saves what a call keeps and the stack in *from, and goes on at `to`. */
void seqc_emu_switch(void **from, void *to) __attribute__((visibility("hidden")));
#if defined(__x86_64__)
__asm__(".text\n"
        ".globl seqc_emu_switch\n"
        ".hidden seqc_emu_switch\n"
        ".type seqc_emu_switch, @function\n"
        "seqc_emu_switch:\n"
        "  pushq %rbp\n"
        "  pushq %rbx\n"
        "  pushq %r12\n"
        "  pushq %r13\n"
        "  pushq %r14\n"
        "  pushq %r15\n"
        "  movq %rsp, (%rdi)\n"
        "  movq %rsi, %rsp\n"
        "  popq %r15\n"
        "  popq %r14\n"
        "  popq %r13\n"
        "  popq %r12\n"
        "  popq %rbx\n"
        "  popq %rbp\n"
        "  retq\n"
        ".size seqc_emu_switch, .-seqc_emu_switch\n");
/* A stack as if its owner had been left just before its first instruction. */
static void *prepare(char *top, void (*first)(void)) {
  void **sp = (void **)top - 8;
  for (int i = 0; i < 8; ++i)
    sp[i] = (void *)0;
  sp[6] = (void *)(uintptr_t)first;
  return sp;
}
#elif defined(__aarch64__)
__asm__(".text\n"
        ".globl seqc_emu_switch\n"
        ".hidden seqc_emu_switch\n"
        ".type seqc_emu_switch, %function\n"
        "seqc_emu_switch:\n"
        "  sub sp, sp, #160\n"
        "  stp x19, x20, [sp, #0]\n"
        "  stp x21, x22, [sp, #16]\n"
        "  stp x23, x24, [sp, #32]\n"
        "  stp x25, x26, [sp, #48]\n"
        "  stp x27, x28, [sp, #64]\n"
        "  stp x29, x30, [sp, #80]\n"
        "  stp d8, d9, [sp, #96]\n"
        "  stp d10, d11, [sp, #112]\n"
        "  stp d12, d13, [sp, #128]\n"
        "  stp d14, d15, [sp, #144]\n"
        "  mov x9, sp\n"
        "  str x9, [x0]\n"
        "  mov sp, x1\n"
        "  ldp x19, x20, [sp, #0]\n"
        "  ldp x21, x22, [sp, #16]\n"
        "  ldp x23, x24, [sp, #32]\n"
        "  ldp x25, x26, [sp, #48]\n"
        "  ldp x27, x28, [sp, #64]\n"
        "  ldp x29, x30, [sp, #80]\n"
        "  ldp d8, d9, [sp, #96]\n"
        "  ldp d10, d11, [sp, #112]\n"
        "  ldp d12, d13, [sp, #128]\n"
        "  ldp d14, d15, [sp, #144]\n"
        "  add sp, sp, #160\n"
        "  ret\n"
        ".size seqc_emu_switch, .-seqc_emu_switch\n");
static void *prepare(char *top, void (*first)(void)) {
  void **sp = (void **)top - 20;
  for (int i = 0; i < 20; ++i)
    sp[i] = (void *)0;
  sp[11] = (void *)(uintptr_t)first;
  return sp;
}
#else
#error "expected x86_64 or aarch64"
#endif

/* Bytes below each stack that nobody may touch, and what a thread has beside its own memory. */
enum { GUARD = 64 << 10, STACK = 48 << 10, MOST_THREADS = 4096, MOST_BLOCKS = 16 };

/* After a switch: we are on the stack of `self`. */
static void arrive(emu_device *d, emu_context *self) {
  if (has_sanitizer())
    __sanitizer_finish_switch_fiber(self->fake, &d->from->low, &d->from->bytes);
}

/* Goes on at `to`; returns when somebody goes on at `self`, unless `leaves`. */
static void jump(emu_device *d, emu_context *self, emu_context *to, int leaves) {
  if (has_sanitizer())
    __sanitizer_start_switch_fiber(leaves ? (void **)0 : &self->fake, to->low, to->bytes);
  d->from = self;
  seqc_emu_switch(&self->sp, to->sp);
  arrive(d, self);
}

static emu_thread *pick(emu_device *d) {
  if (!d->n_ready)
    return (emu_thread *)0;
  uint32_t i = (uint32_t)(((emu_random(d) >> 32) * (uint64_t)d->n_ready) >> 32);
  emu_thread *t = d->ready[i];
  d->ready[i] = d->ready[--d->n_ready];
  d->thread = t;
  return t;
}

/* From the fiber `t` to the next one, or to the launch if there is none. */
static void go_on(emu_device *d, emu_thread *t, int leaves) {
  emu_thread *next = pick(d);
  if (next == t)
    return;
  jump(d, &t->context, next ? &next->context : &d->main, leaves);
}

void emu_leave(emu_device *d) { jump(d, &d->thread->context, &d->main, 1); }

void emu_wake(emu_device *d, emu_thread *t) {
  t->state = EMU_READY;
  d->ready[d->n_ready++] = t;
}

static void yield(emu_device *d, const seqc_emu_site *site) {
  emu_thread *t = d->thread;
  t->waits = site;
  emu_wake(d, t);
  go_on(d, t, 0);
}

void emu_wait(emu_device *d, const seqc_emu_site *site) {
  emu_thread *t = d->thread;
  t->state = EMU_WAITING;
  t->waits = site;
  go_on(d, t, 0);
}

void emu_changed(emu_device *d) {
  ++d->changes;
  d->polls = d->reads = 0;
}

/* Whether a store since the last look has changed anything. */
static void look_for_change(emu_device *d) {
  int changed = 0;
  for (int32_t i = 0; d->watched && i < d->watched_bytes; ++i)
    changed |= d->watched[i] != d->before[i];
  d->watched = (char *)0;
  if (changed)
    emu_changed(d);
}

void emu_watch(emu_device *d, char *place, int32_t bytes) {
  if (!emu_in_fiber(d))
    return;
  look_for_change(d);
  d->watched = place;
  d->watched_bytes = bytes < 16 ? bytes : 16;
  memcpy(d->before, place, (size_t)d->watched_bytes);
}

/* Progress is lost when memory stays as it is and each thread waits or, without a plain load from
 * global memory in between, has polled (an atomic load, a pause) 200 times or met others 10000
 * times: one that computes for long does neither. */
enum { POLL = 50, MEETING = 1, MANY_POLLS = 200 * POLL };

static int all_poll(emu_device *d) {
  for (int32_t i = 0; i < d->n_resident; ++i)
    for (int32_t k = 0; d->resident[i].left && k < d->kernel->threads; ++k) {
      const emu_thread *t = &d->resident[i].threads[k];
      if (t->state == EMU_READY && (t->polled_at != d->changes || t->polls < MANY_POLLS))
        return 0;
    }
  return 1;
}

static void fault_progress(emu_device *d, const seqc_emu_site *site) {
  seqc_rt_text *text = emu_begin_fault(d, "progress", site);
  if (text) {
    seqc_rt_put(text, " that is repeated while nobody writes; resident blocks:");
    for (int32_t i = 0; i < d->n_resident; ++i)
      if (d->resident[i].left) {
        seqc_rt_put(text, " ");
        seqc_rt_put_int(text, d->resident[i].number);
      }
    seqc_rt_put(text, " of ");
    seqc_rt_put_int(text, d->blocks);
  }
  emu_end_fault(d);
}

static void poll(emu_device *d, const seqc_emu_site *site, int64_t weight) {
  emu_thread *t = d->thread;
  look_for_change(d);
  if (t->polled_at != d->changes) {
    t->polled_at = d->changes;
    t->polls = 0;
  }
  t->polls += weight;
  d->polls += weight;
  if (d->polls < 2 * MANY_POLLS * (int64_t)(d->n_ready + 1))
    return;
  d->polls = 0;
  if (all_poll(d))
    fault_progress(d, site);
}

void emu_before_atomic(emu_device *d, const seqc_emu_site *site) {
  poll(d, site, POLL);
  yield(d, site);
}

void emu_before_meeting(emu_device *d, const seqc_emu_site *site) {
  poll(d, site, MEETING);
  emu_before_plain(d, site);
}

void emu_before_plain(emu_device *d, const seqc_emu_site *site) {
  /* Nobody may loop for ever in silence. */
  if (++d->reads >= (int64_t)1 << 28)
    fault_progress(d, site);
  if (!d->pace || --d->until)
    return;
  d->until = 1 + (uint32_t)(emu_random(d) % d->pace);
  yield(d, site);
}

void seqc_emu_pause(const seqc_emu_site *site) {
  emu_device *d = emu_current();
  if (!d->failed)
    emu_before_atomic(d, site);
}

static const char all_come[] = "a barrier that all threads of the block come to";

/* Says what is wrong, and how many threads do what instead. */
static void fault_barrier(emu_device *d, const char *what, const seqc_emu_site *site,
                          const char *that, int32_t threads, const char *instead) {
  seqc_rt_text *text = emu_begin_fault(d, what, site);
  if (text) {
    seqc_rt_put(text, that);
    seqc_rt_put_int(text, threads);
    seqc_rt_put(text, instead);
  }
  emu_end_fault(d);
}

void seqc_emu_barrier(const seqc_emu_site *site) {
  emu_device *d = emu_current();
  emu_thread *t = d->thread;
  emu_block *b = t->block;
  if (d->failed)
    return;
  poll(d, site, MEETING);
  yield(d, site);
  if (b->exited)
    fault_barrier(d, all_come, site, "; threads that left the kernel: ", b->exited, "");
  if (b->waiting && b->barrier != site)
    fault_barrier(d, "one barrier for all threads of the block", site,
                  ", waiting threads: ", b->waiting, " at another one");
  b->barrier = site;
  if (++b->waiting < d->kernel->threads) {
    emu_wait(d, site);
    return;
  }
  ++d->counts.barriers;
  b->waiting = 0;
  emu_order_block(d, b);
  for (int32_t i = 0; i < d->kernel->threads; ++i)
    if (&b->threads[i] != t)
      emu_wake(d, &b->threads[i]);
}

/* The first function of every fiber. */
static void run_thread(void) {
  emu_device *d = emu_current();
  emu_thread *t = d->thread;
  emu_block *b = t->block;
  arrive(d, &t->context);
  d->kernel->run(d->arguments, (uint32_t)b->number, (uint32_t)t->number);
  if (b->waiting)
    fault_barrier(d, all_come, b->barrier,
                  ", which this thread left the kernel without; waiting threads: ", b->waiting, "");
  emu_check_exit(d, t);
  ++b->exited;
  t->state = EMU_GONE;
  if (--b->left) {
    go_on(d, t, 1);
  } else {
    d->ended = b;
    emu_leave(d);
  }
  __builtin_unreachable();
}

static void start_block(emu_device *d, emu_block *b, int32_t number) {
  emu_begin_block(d, b, number);
  for (int32_t i = 0; i < d->kernel->threads; ++i) {
    emu_thread *t = &b->threads[i];
    char *low = b->stacks + (GUARD + d->stack_bytes) * (size_t)i + GUARD;
    if (has_sanitizer())
      __asan_unpoison_memory_region(low, d->stack_bytes);
    /* Not all at one place of the cache. */
    char *top = low + d->stack_bytes - 256 * (size_t)t->lane;
    t->context = (emu_context){prepare(top, run_thread), (void *)0, low, d->stack_bytes};
    emu_wake(d, t);
  }
}

/* Nothing can go on, though there are threads. */
static void fault_deadlock(emu_device *d) {
  emu_block *b = d->resident;
  while (!b->left)
    ++b;
  emu_thread *t = b->threads;
  while (t->state != EMU_WAITING)
    ++t;
  d->thread = t;
  seqc_rt_text *text = emu_begin_fault(d, "a thread that can go on", t->waits);
  if (!text)
    return;
  seqc_rt_put(text, " that waits for ever");
  const seqc_emu_site *seen = t->waits;
  for (int32_t i = 0, said = 0; i < d->kernel->threads && said < 3; ++i)
    if (b->threads[i].state == EMU_WAITING && b->threads[i].waits != seen) {
      seen = b->threads[i].waits;
      seqc_rt_put(text, said++ ? ", a " : "; others of the block wait at a ");
      seqc_rt_put(text, seen->text);
    }
}

/* Blocks that are resident at once: few, or as many as there is room for; three seeds in a row have
 * each. */
static int32_t choose_resident(emu_device *d) {
  int64_t most = MOST_THREADS / d->kernel->threads;
  int64_t choices[] = {1, 2, most < MOST_BLOCKS ? most : MOST_BLOCKS};
  int64_t n = choices[(d->seed + (uint64_t)d->launch) % 3];
  return (int32_t)(n < d->blocks ? n : d->blocks);
}

static int make_stacks(emu_device *d, emu_block *b) {
  enum { NONE = 0, READ_WRITE = 3, PRIVATE_ANONYMOUS_NORESERVE = 0x4022 };
  size_t each = GUARD + d->stack_bytes, all = each * (size_t)d->kernel->threads;
  void *memory = mmap((void *)0, all, NONE, PRIVATE_ANONYMOUS_NORESERVE, -1, 0);
  if (memory == (void *)-1)
    return 0;
  b->stacks = (char *)memory;
  int failed = 0;
  for (size_t at = GUARD; at < all; at += each)
    failed |= mprotect(b->stacks + at, d->stack_bytes, READ_WRITE);
  return !failed;
}

static void run_all(emu_device *d, const uint32_t *order) {
  uint32_t started = 0;
  for (; started < (uint32_t)d->n_resident; ++started)
    start_block(d, &d->resident[started], (int32_t)order[started]);
  for (emu_thread *t; !d->failed && (t = pick(d));) {
    jump(d, &d->main, &t->context, 0);
    emu_block *b = d->ended;
    d->ended = (emu_block *)0;
    if (!b || d->failed)
      continue;
    emu_end_block(d, b);
    if (started < d->blocks)
      start_block(d, b, (int32_t)order[started++]);
  }
  for (int32_t i = 0; i < d->n_resident && !d->failed; ++i)
    if (d->resident[i].left)
      fault_deadlock(d);
}

int emu_run_fibers(emu_device *d) {
  static const uint32_t paces[] = {0, 8, 64};
  d->n_resident = choose_resident(d);
  d->pace = paces[(d->seed / 3 + (uint64_t)d->launch) % 3];
  d->until = 1;
  d->stack_bytes = (STACK + (size_t)d->kernel->stack_bytes + 0xffff) & ~(size_t)0xffff;
  d->resident = (emu_block *)calloc((size_t)d->n_resident, sizeof *d->resident);
  d->ready =
      (emu_thread **)malloc((size_t)d->n_resident * (size_t)d->kernel->threads * sizeof *d->ready);
  uint32_t *order = (uint32_t *)malloc(d->blocks * sizeof *order);
  int complete = d->resident && d->ready && order;
  for (int32_t i = 0; complete && i < d->n_resident; ++i)
    complete = emu_make_block(d, &d->resident[i], 1) && make_stacks(d, &d->resident[i]);
  if (complete) {
    d->n_ready = 0;
    d->polls = d->reads = 0;
    d->watched = (char *)0;
    emu_permute(d, order, d->blocks);
    run_all(d, order);
  }
  for (int32_t i = 0; d->resident && i < d->n_resident; ++i) {
    emu_block *b = &d->resident[i];
    if (b->stacks)
      munmap(b->stacks, (GUARD + d->stack_bytes) * (size_t)d->kernel->threads);
    emu_free_block(d, b);
  }
  free(d->resident);
  free(d->ready);
  free(order);
  d->resident = (emu_block *)0;
  d->ready = (emu_thread **)0;
  return complete;
}
