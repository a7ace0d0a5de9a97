/* Races by happens-before: whether an access is ordered after those before it to the same bytes.
 *
 * A vector clock has an entry for each thread. Here threads of a block know each other by barriers
 * alone (what was done in an earlier interval between barriers is known), those of a warp also by
 * barriers of the warp; only what comes from releases is a list of facts, by block. */
#include "Device.h"

enum { PLAIN, ATOMIC, ATOMIC_OF_BLOCK, EVERYWHERE = INT32_MIN };

/* Readers that are many: all of one block, or of one warp. */
static int32_t many_of_block(int32_t block) { return -1 - 2 * block; }
static int32_t many_of_warp(int32_t warp) { return -2 - 2 * warp; }

/* What a mark's thread is in. `thread`, `warp`: -1 if they are many. */
typedef struct {
  int32_t block, warp, thread;
} place;

static place place_of(const emu_device *d, int32_t thread) {
  int32_t warps = d->kernel->threads / EMU_WARP;
  if (thread >= 0)
    return (place){thread / d->kernel->threads, thread / EMU_WARP, thread};
  int32_t many = -1 - thread;
  if (many & 1)
    return (place){many / 2 / warps, many / 2, -1};
  return (place){many / 2, -1, -1};
}

/* The first fact of `block` or of a later one. */
static int32_t find_block(const emu_knowledge *k, int32_t block) {
  int32_t low = 0, high = k->count;
  while (low < high) {
    int32_t middle = (low + high) / 2;
    if (k->facts[middle].block < block)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static int knows(const emu_knowledge *k, place p, const emu_mark *m) {
  for (int32_t i = find_block(k, p.block); i < k->count && k->facts[i].block == p.block; ++i) {
    const emu_fact *f = &k->facts[i];
    if (f->interval > m->interval || (f->interval == m->interval && p.thread >= 0 &&
                                      f->thread == p.thread && f->clock >= m->clock))
      return 1;
  }
  return 0;
}

static int is_ordered(const emu_device *d, const emu_thread *t, const emu_mark *m) {
  if (m->launch / 4 != d->launch || m->thread == t->item)
    return 1;
  if (m->thread == EVERYWHERE || !d->kernel->together)
    return 0;
  place p = place_of(d, m->thread);
  const emu_block *b = t->block;
  if (p.block == b->number) {
    if (m->interval < b->interval)
      return 1;
    if (p.warp == t->item / EMU_WARP && p.thread < 0 && m->clock < t->warp->syncs)
      return 1;
  }
  return knows(&t->known, p, m) || knows(&t->warp->known, p, m) || knows(&b->known, p, m);
}

/* Whether two accesses, one of which writes, need no order. */
static int both_atomic(const emu_device *d, const emu_thread *t, const emu_mark *m, int32_t kind) {
  int how = m->launch % 4;
  if (!(kind & SEQC_EMU_ATOMIC) || how == PLAIN)
    return 0;
  if (how == ATOMIC && !(kind & SEQC_EMU_BLOCK))
    return 1;
  return m->thread != EVERYWHERE && place_of(d, m->thread).block == t->block->number;
}

static emu_mark mark_of(const emu_device *d, const emu_thread *t, int32_t kind) {
  int how = !(kind & SEQC_EMU_ATOMIC) ? PLAIN : kind & SEQC_EMU_BLOCK ? ATOMIC_OF_BLOCK : ATOMIC;
  return (emu_mark){d->launch * 4 + how, t->item, t->block->interval, t->clock};
}

/* Adds a reader to others that are not ordered before it. */
static void add_reader(const emu_device *d, const emu_thread *t, emu_mark *readers, emu_mark m) {
  place p = readers->thread == EVERYWHERE ? (place){-1, -1, -1} : place_of(d, readers->thread);
  int same = (readers->launch % 4 == PLAIN) - (m.launch % 4 == PLAIN);
  if (same != 0)
    m.launch = d->launch * 4 + PLAIN;
  if (p.block != t->block->number) {
    m.thread = EVERYWHERE;
  } else if (p.warp == t->item / EMU_WARP) {
    m.thread = many_of_warp(p.warp);
    m.clock = t->warp->syncs;
  } else {
    m.thread = many_of_block(p.block);
  }
  if (readers->interval > m.interval)
    m.interval = readers->interval;
  *readers = m;
}

const char *emu_check_order(emu_device *d, emu_thread *t, emu_cell *c, int32_t kind,
                            const emu_mark **other) {
  emu_mark own = mark_of(d, t, kind);
  *other = &c->writer;
  if (!is_ordered(d, t, &c->writer) && !both_atomic(d, t, &c->writer, kind))
    return "no two threads of a launch at bytes that one of them writes";
  if (kind & SEQC_EMU_WRITES) {
    *other = &c->reader;
    if (!is_ordered(d, t, &c->reader) && !both_atomic(d, t, &c->reader, kind))
      return "no two threads of a launch at bytes that one of them writes";
    c->writer = own;
  }
  if (kind & SEQC_EMU_READS) {
    if (is_ordered(d, t, &c->reader))
      c->reader = own;
    else
      add_reader(d, t, &c->reader, own);
  }
  return (const char *)0;
}

void emu_forget(emu_knowledge *k) {
  free(k->facts);
  k->facts = (emu_fact *)0;
  k->count = 0;
}

int emu_join(emu_knowledge *into, const emu_knowledge *from) {
  if (!from->count)
    return 1;
  const emu_fact *a = into->facts, *b = from->facts;
  const emu_fact *a_end = a + into->count, *b_end = b + from->count;
  size_t room = (size_t)(into->count + from->count);
  emu_fact *all = (emu_fact *)malloc(room * sizeof *all), *out = all;
  if (!all)
    return 0;
  while (a < a_end || b < b_end) {
    if (b == b_end || (a < a_end && a->block < b->block)) {
      *out++ = *a++;
    } else if (a == a_end || b->block < a->block) {
      *out++ = *b++;
    } else {
      /* One block: its latest interval, in it each thread. */
      int32_t block = a->block;
      uint32_t latest = a->interval > b->interval ? a->interval : b->interval;
      while ((a < a_end && a->block == block) || (b < b_end && b->block == block)) {
        int has_a = a < a_end && a->block == block, has_b = b < b_end && b->block == block;
        int take_a = has_a && (!has_b || a->thread <= b->thread);
        int take_b = has_b && (!has_a || b->thread <= a->thread);
        emu_fact f = take_a ? *a : *b;
        if (take_a && take_b &&
            (b->interval > a->interval || (b->interval == a->interval && b->clock > a->clock)))
          f = *b;
        a += take_a;
        b += take_b;
        if (f.interval == latest)
          *out++ = f;
      }
    }
  }
  free(into->facts);
  into->facts = all;
  into->count = (int32_t)(out - all);
  return 1;
}

/* Adds all that `t` knows and did to `k`; what it does from now on is later. */
static int publish(emu_thread *t, emu_knowledge *k) {
  emu_fact own = {t->block->number, t->item, t->block->interval, t->clock};
  emu_knowledge itself = {1, &own};
  ++t->clock;
  return emu_join(k, &t->known) && emu_join(k, &t->warp->known) && emu_join(k, &t->block->known) &&
         emu_join(k, &itself);
}

/* The entry of `word`, or where it belongs. */
static emu_sync *sync_of(emu_device *d, char *word) {
  uint64_t at = (uint64_t)(uintptr_t)word * 0x9e3779b97f4a7c15u >> 20;
  while (d->syncs[at % (uint64_t)d->sync_room].word &&
         d->syncs[at % (uint64_t)d->sync_room].word != word)
    ++at;
  return &d->syncs[at % (uint64_t)d->sync_room];
}

static int make_room(emu_device *d) {
  if (d->n_syncs * 2 < d->sync_room)
    return 1;
  int64_t old_room = d->sync_room;
  emu_sync *old = d->syncs, *fresh;
  fresh = (emu_sync *)calloc((size_t)old_room * 2 + 64, sizeof *fresh);
  if (!fresh)
    return 0;
  d->syncs = fresh;
  d->sync_room = old_room * 2 + 64;
  for (int64_t i = 0; i < old_room; ++i)
    if (old[i].word)
      *sync_of(d, old[i].word) = old[i];
  free(old);
  return 1;
}

void emu_forget_syncs(emu_device *d, const char *first, int64_t bytes) {
  for (int64_t i = 0; i < d->sync_room; ++i)
    if (d->syncs[i].word && (!first || (uint64_t)(d->syncs[i].word - first) < (uint64_t)bytes))
      emu_forget(&d->syncs[i].known);
}

/* What a read of `s` tells `t`: at once, or at its next acquire fence. */
static int learn(emu_thread *t, const emu_sync *s, int acquires) {
  if (s->block >= 0 && s->block != t->block->number)
    return 1;
  /* Polls read the same for long. */
  if (t->learned == s->stamp && t->acquired >= acquires)
    return 1;
  t->learned = s->stamp;
  t->acquired = acquires;
  return emu_join(acquires ? &t->known : &t->seen, &s->known);
}

void emu_synchronize(emu_device *d, emu_thread *t, char *word, int32_t kind) {
  if (!make_room(d)) {
    emu_fail_memory(d);
    return;
  }
  emu_sync *s = sync_of(d, word);
  int complete = 1;
  if (!s->word) {
    ++d->n_syncs;
    s->word = word;
    s->block = -1;
  }
  if (kind & SEQC_EMU_READS)
    complete = learn(t, s, (kind & SEQC_EMU_ACQUIRE) != 0);
  if (kind & SEQC_EMU_WRITES) {
    s->stamp = ++d->stamp;
    /* A read and write in one goes on with what was released before it. */
    if (!(kind & SEQC_EMU_READS))
      emu_forget(&s->known);
    int32_t scope = kind & SEQC_EMU_BLOCK ? t->block->number : -1;
    if (kind & SEQC_EMU_RELEASE) {
      s->block = scope;
      complete &= publish(t, &s->known);
    } else if (t->fenced.count) {
      s->block = scope >= 0 ? scope : t->fence_block;
      complete &= emu_join(&s->known, &t->fenced);
    }
  }
  if (!complete)
    emu_fail_memory(d);
}

void seqc_emu_fence(int32_t kind) {
  emu_device *d = emu_current();
  emu_thread *t = d->thread;
  int complete = 1;
  if (d->failed)
    return;
  if (kind & SEQC_EMU_ACQUIRE)
    complete &= emu_join(&t->known, &t->seen);
  if (kind & SEQC_EMU_RELEASE) {
    t->fence_block = kind & SEQC_EMU_BLOCK ? t->block->number : -1;
    complete &= publish(t, &t->fenced);
  }
  if (!complete)
    emu_fail_memory(d);
}

static int gather(emu_knowledge *into, emu_knowledge *from) {
  int complete = emu_join(into, from);
  emu_forget(from);
  return complete;
}

void emu_order_block(emu_device *d, emu_block *b) {
  int complete = 1;
  ++b->interval;
  for (int32_t i = 0; i < d->kernel->threads; ++i)
    complete &= gather(&b->known, &b->threads[i].known);
  for (int32_t i = 0; i < d->kernel->threads / EMU_WARP; ++i)
    complete &= gather(&b->known, &b->warps[i].known);
  if (!complete)
    emu_fail_memory(d);
}

void emu_order_warp(emu_device *d, emu_thread *first) {
  emu_fact did[EMU_WARP];
  emu_knowledge all = {EMU_WARP, did}, *known = &first->warp->known;
  ++first->warp->syncs;
  for (int i = 0; i < EMU_WARP; ++i) {
    emu_thread *t = &first[i];
    did[i] = (emu_fact){t->block->number, t->item, t->block->interval, t->clock++};
  }
  int complete = emu_join(known, &all);
  for (int i = 0; i < EMU_WARP; ++i)
    complete &= gather(known, &first[i].known);
  if (!complete)
    emu_fail_memory(d);
}
