/* Threads that wait for each other: a stack for each, and one that runs at a time. */
#include "Device.h"

/* Resident at once, at most. */
enum { MOST_THREADS = 4096, MOST_BLOCKS = 16 };

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
  emu_jump(d, &t->context, next ? &next->context : &d->main, leaves);
}

void emu_leave(emu_device *d) { emu_jump(d, &d->thread->context, &d->main, 1); }

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
  emu_arrive(d, &t->context);
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
    emu_prepare(d, b, &b->threads[i], run_thread);
    emu_wake(d, &b->threads[i]);
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

static void run_all(emu_device *d, const uint32_t *order) {
  uint32_t started = 0;
  for (; started < (uint32_t)d->n_resident; ++started)
    start_block(d, &d->resident[started], (int32_t)order[started]);
  for (emu_thread *t; !d->failed && (t = pick(d));) {
    emu_jump(d, &d->main, &t->context, 0);
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
  d->resident = (emu_block *)calloc((size_t)d->n_resident, sizeof *d->resident);
  d->ready =
      (emu_thread **)malloc((size_t)d->n_resident * (size_t)d->kernel->threads * sizeof *d->ready);
  uint32_t *order = (uint32_t *)malloc(d->blocks * sizeof *order);
  int complete = d->resident && d->ready && order;
  for (int32_t i = 0; complete && i < d->n_resident; ++i)
    complete = emu_make_block(d, &d->resident[i], 1) && emu_make_stacks(d, &d->resident[i]);
  if (complete) {
    d->n_ready = 0;
    d->polls = d->reads = 0;
    d->watched = (char *)0;
    emu_permute(d, order, d->blocks);
    run_all(d, order);
  }
  for (int32_t i = 0; d->resident && i < d->n_resident; ++i) {
    emu_block *b = &d->resident[i];
    emu_free_stacks(d, b);
    emu_free_block(d, b);
  }
  free(d->resident);
  free(d->ready);
  free(order);
  d->resident = (emu_block *)0;
  d->ready = (emu_thread **)0;
  return complete;
}
