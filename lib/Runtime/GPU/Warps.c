/* What lanes of a warp do together. Each lane leaves what it brings; the last one computes for all.
 * Lanes need not run in step, and shuffles do not make them. */
#include "Device.h"

/* The lane that PTX reads from; whether there is one is *inside. */
static int source_of(int32_t kind, int lane, uint32_t b, uint32_t c, int *inside) {
  int clamp = (int)(c & 31), segment = (int)(c >> 8 & 31), offset = (int)(b & 31);
  int most = (lane & segment) | (clamp & ~segment), least = lane & segment;
  int from = kind == SEQC_EMU_SHUFFLE_UP     ? lane - offset
             : kind == SEQC_EMU_SHUFFLE_DOWN ? lane + offset
             : kind == SEQC_EMU_SHUFFLE_XOR  ? lane ^ offset
                                             : least | (offset & ~segment);
  *inside = kind == SEQC_EMU_SHUFFLE_UP ? from >= most : from <= most;
  return *inside ? from : lane;
}

static uint32_t vote(const emu_meeting *m) {
  uint32_t yes = 0;
  for (int i = 0; i < EMU_WARP; ++i)
    if (m->mask >> i & 1 && m->value[i])
      yes |= 1u << i;
  switch (m->site->kind) {
  case SEQC_EMU_VOTE_ALL:
    return yes == m->mask;
  case SEQC_EMU_VOTE_ANY:
    return yes != 0;
  case SEQC_EMU_VOTE_EQUAL:
    return yes == 0 || yes == m->mask;
  default:
    return yes;
  }
}

static uint32_t combine(int32_t kind, uint32_t a, uint32_t b) {
  switch (kind) {
  case SEQC_EMU_REDUCE_ADD:
    return a + b;
  case SEQC_EMU_REDUCE_MIN:
    return (int32_t)a < (int32_t)b ? a : b;
  case SEQC_EMU_REDUCE_MAX:
    return (int32_t)a > (int32_t)b ? a : b;
  case SEQC_EMU_REDUCE_UMIN:
    return a < b ? a : b;
  case SEQC_EMU_REDUCE_UMAX:
    return a > b ? a : b;
  case SEQC_EMU_REDUCE_AND:
    return a & b;
  case SEQC_EMU_REDUCE_OR:
    return a | b;
  default:
    return a ^ b;
  }
}

/* What all lanes get of a vote or a sum. */
static uint32_t common(const emu_meeting *m) {
  if (m->site->kind < SEQC_EMU_REDUCE_ADD)
    return vote(m);
  int i = 0;
  while (!(m->mask >> i & 1))
    ++i;
  uint32_t all = m->value[i];
  while (++i < EMU_WARP)
    if (m->mask >> i & 1)
      all = combine(m->site->kind, all, m->value[i]);
  return all;
}

/* Says which lane is meant, and ends the fault. */
static void fault_lanes(emu_device *d, const char *what, const seqc_emu_site *site,
                        const char *that, int lane, uint32_t mask) {
  seqc_rt_text *text = emu_begin_fault(d, what, site);
  if (text) {
    seqc_rt_put(text, that);
    seqc_rt_put_int(text, lane);
    seqc_rt_put(text, ", mask ");
    seqc_rt_put_int(text, mask);
  }
  emu_end_fault(d);
}

/* Results for all lanes of `m`, whose warp's first thread is `t`. */
static void complete(emu_device *d, emu_meeting *m, emu_thread *t) {
  int32_t kind = m->site->kind;
  int is_shuffle = kind >= SEQC_EMU_SHUFFLE_UP && kind <= SEQC_EMU_SHUFFLE_FROM;
  uint32_t all = kind > SEQC_EMU_SHUFFLE_FROM ? common(m) : 0;
  for (int i = 0; i < EMU_WARP; ++i) {
    if (!(m->mask >> i & 1))
      continue;
    t[i].got = all;
    if (is_shuffle) {
      int from = source_of(kind, i, m->b[i], m->c[i], &t[i].had_source);
      if (!(m->mask >> from & 1)) {
        fault_lanes(d, "a shuffle from lanes of its mask", m->site, " from lane ", from, m->mask);
        return;
      }
      t[i].got = m->value[from];
    }
  }
  ++*(is_shuffle                      ? &d->counts.shuffles
      : kind == SEQC_EMU_WARP_BARRIER ? &d->counts.warp_barriers
                                      : &d->counts.votes);
  /* Barriers of some lanes order nothing: a rule of this emulator. */
  if (kind == SEQC_EMU_WARP_BARRIER && m->mask == 0xffffffffu)
    emu_order_warp(d, t);
}

static emu_meeting *find_meeting(emu_device *d, emu_thread *t, uint32_t mask,
                                 const seqc_emu_site *site) {
  emu_warp *w = t->warp;
  for (int32_t i = 0; i < w->n_meetings; ++i) {
    emu_meeting *m = &w->meetings[i];
    if (m->site == site && m->mask == mask)
      return m;
    if (!(m->mask & mask))
      continue;
    seqc_rt_text *text =
        emu_begin_fault(d, "lanes of a warp that meet at one place with one mask", site);
    if (text) {
      seqc_rt_put(text, ", mask ");
      seqc_rt_put_int(text, mask);
      seqc_rt_put(text, ", while others wait at a ");
      seqc_rt_put(text, m->site->text);
      seqc_rt_put(text, ", mask ");
      seqc_rt_put_int(text, m->mask);
    }
    emu_end_fault(d);
    return (emu_meeting *)0;
  }
  emu_meeting *m = &w->meetings[w->n_meetings++];
  m->site = site;
  m->mask = mask;
  m->arrived = 0;
  return m;
}

uint32_t seqc_emu_meet(uint32_t mask, uint32_t value, uint32_t b, uint32_t c,
                       const seqc_emu_site *site) {
  emu_device *d = emu_current();
  emu_thread *t = d->thread;
  if (d->failed)
    return 0;
  emu_before_meeting(d, site);
  uint32_t bit = 1u << t->lane;
  if (!(mask & bit)) {
    fault_lanes(d, "a lane in its own mask", site, " of lane ", t->lane, mask);
    return 0;
  }
  if (mask & t->warp->exited) {
    int lane = 0;
    while (!(mask & t->warp->exited & 1u << lane))
      ++lane;
    fault_lanes(d, "lanes in the mask that are in the kernel still", site, " without lane ", lane,
                mask);
    return 0;
  }
  emu_meeting *m = find_meeting(d, t, mask, site);
  if (!m)
    return 0;
  m->arrived |= bit;
  m->value[t->lane] = value;
  m->b[t->lane] = b;
  m->c[t->lane] = c;
  if (m->arrived != mask) {
    emu_wait(d, site);
    return t->got;
  }
  emu_thread *first = t - t->lane;
  complete(d, m, first);
  if (d->failed)
    return 0;
  /* Its last one takes the place of the meeting that is over. */
  *m = t->warp->meetings[--t->warp->n_meetings];
  for (int i = 0; i < EMU_WARP; ++i)
    if (mask >> i & 1 && i != t->lane)
      emu_wake(d, &first[i]);
  return t->got;
}

int32_t seqc_emu_had_source(void) { return emu_current()->thread->had_source; }

void emu_check_exit(emu_device *d, emu_thread *t) {
  t->warp->exited |= 1u << t->lane;
  for (int32_t i = 0; i < t->warp->n_meetings; ++i) {
    emu_meeting *m = &t->warp->meetings[i];
    if (m->mask >> t->lane & 1) {
      fault_lanes(d, "lanes in the mask that are in the kernel still", m->site, " without lane ",
                  t->lane, m->mask);
      return;
    }
  }
}
