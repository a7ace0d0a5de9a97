/* Each access: inside of a tensor, of scratch or of an array in shared memory, aligned, no input
 * written, nothing read that was not written, no race. */
#include "Device.h"

/* Between arrays in shared memory, and around them. */
enum { SHARED_GAP = 64 };

/* Each array is aligned as it asks for and no better: code that relies on more is found. */
static int64_t place_after(int64_t at, int64_t align) {
  int64_t place = (at + SHARED_GAP + 2 * align - 1) / (2 * align) * (2 * align);
  return place + align;
}

int emu_make_shared(emu_device *d, emu_block *b) {
  int32_t n = d->kernel->n_arrays;
  int64_t bytes = 0, most = 64;
  for (int32_t i = 0; i < n; ++i) {
    bytes = place_after(bytes, d->kernel->arrays[i].align) + d->kernel->arrays[i].bytes;
    if (2 * d->kernel->arrays[i].align > most)
      most = 2 * d->kernel->arrays[i].align;
  }
  b->shared_bytes = bytes + SHARED_GAP;
  b->arrays = (emu_region *)calloc((size_t)n + 1, sizeof *b->arrays);
  b->shared = (char *)malloc((size_t)(b->shared_bytes + most));
  b->shared_cells = (emu_cell *)calloc((size_t)b->shared_bytes, sizeof *b->shared_cells);
  if (!b->arrays || !b->shared || !b->shared_cells)
    return 0;
  int64_t at = 0, start = most - (int64_t)((uintptr_t)b->shared % (uintptr_t)most);
  for (int32_t i = 0; i < n; ++i) {
    const seqc_emu_array *a = &d->kernel->arrays[i];
    at = place_after(at, a->align);
    b->arrays[i] =
        (emu_region){b->shared + start + at, a->bytes, 0, 0, a->name, b->shared_cells + at};
    at += a->bytes;
  }
  return 1;
}

void emu_clear_shared(emu_device *d, emu_block *b) {
  if (!d->kernel->n_arrays)
    return;
  memset(b->shared_cells, 0, (size_t)b->shared_bytes * sizeof *b->shared_cells);
  for (int32_t i = 0; i < d->kernel->n_arrays; ++i) {
    memset(b->arrays[i].first, 0xff, (size_t)b->arrays[i].bytes);
    emu_forget_syncs(d, b->arrays[i].first, b->arrays[i].bytes);
  }
}

void *seqc_emu_shared(int32_t array) {
  return emu_current()->thread->block->arrays[array - 1].first;
}

static int is_inside(const emu_region *r, const char *first, int32_t bytes) {
  return first >= r->first && first - r->first <= r->bytes - bytes;
}

static emu_region *find_region(emu_device *d, emu_thread *t, const char *first,
                               const seqc_emu_site *site, int *shared) {
  emu_region *arrays = t->block->arrays;
  *shared = 1;
  if (site->array) {
    emu_region *r = &arrays[site->array - 1];
    return is_inside(r, first, site->bytes) ? r : (emu_region *)0;
  }
  for (int32_t i = 0; i < d->kernel->n_arrays; ++i)
    if (is_inside(&arrays[i], first, site->bytes))
      return &arrays[i];
  *shared = 0;
  for (int64_t i = 0; i < d->n_regions; ++i)
    if (is_inside(&d->regions[i], first, site->bytes))
      return &d->regions[i];
  return (emu_region *)0;
}

static void *fault_access(emu_device *d, const char *what, const seqc_emu_site *site,
                          const emu_region *r, const char *place, const emu_mark *other) {
  seqc_rt_text *text = emu_begin_fault(d, what, site);
  if (text && r) {
    seqc_rt_put(text, " at byte ");
    seqc_rt_put_int(text, place - r->first);
    seqc_rt_put(text, " of '");
    seqc_rt_put(text, r->name);
    seqc_rt_put(text, "'");
  } else if (text && site->array) {
    const emu_region *a = &d->thread->block->arrays[site->array - 1];
    seqc_rt_put(text, " at byte ");
    seqc_rt_put_int(text, place - a->first);
    seqc_rt_put(text, " of '");
    seqc_rt_put(text, a->name);
    seqc_rt_put(text, "', which has ");
    seqc_rt_put_int(text, a->bytes);
  }
  if (text && other) {
    seqc_rt_put(text, other->launch % 4 ? ", after an atomic access of " : ", after an access of ");
    emu_put_thread(d, text, other->thread);
  }
  return emu_end_fault(d);
}

/* Null, or what the fault returned. */
static void *check_cells(emu_device *d, emu_thread *t, emu_region *r, char *first,
                         const seqc_emu_site *site, int32_t kind) {
  emu_cell *cells = &r->cells[first - r->first];
  for (int32_t k = 0; k < site->bytes; ++k) {
    const emu_mark *other;
    if ((kind & SEQC_EMU_READS) && !r->written && !cells[k].writer.launch)
      return fault_access(d, "bytes that were written before they are read", site, r, first + k,
                          (const emu_mark *)0);
    emu_mark reader = cells[k].reader, writer = cells[k].writer;
    const char *wrong = emu_check_order(d, t, &cells[k], kind, &other);
    if (wrong)
      return fault_access(d, wrong, site, r, first + k,
                          other == &cells[k].reader ? &reader : &writer);
  }
  return (void *)0;
}

void *seqc_emu_access(void *address, const seqc_emu_site *site) {
  emu_device *d = emu_current();
  if (d->failed)
    return emu_end_fault(d);
  if (emu_in_fiber(d)) {
    if (site->kind & SEQC_EMU_ATOMIC)
      emu_before_atomic(d, site);
    else
      emu_before_plain(d, site);
  }
  emu_thread *t = d->thread;
  char *first = (char *)address;
  int shared;
  emu_region *r = find_region(d, t, first, site, &shared);
  if (!r)
    return fault_access(d,
                        site->array ? "an address inside of its array in shared memory"
                                    : "an address inside of a tensor or of scratch",
                        site, r, first, (const emu_mark *)0);
  if ((uintptr_t)first % (uintptr_t)site->align)
    return fault_access(d, "an aligned address", site, r, first, (const emu_mark *)0);
  int32_t kind = site->kind & SEQC_EMU_EXCHANGE
                     ? SEQC_EMU_READS | SEQC_EMU_ATOMIC | (site->kind & SEQC_EMU_BLOCK)
                     : site->kind;
  if ((site->kind & SEQC_EMU_WRITES) && r->written && !r->kept)
    return fault_access(d, "no write to an argument", site, r, first, (const emu_mark *)0);
  /* Nobody writes an argument. */
  if (!r->written || r->kept) {
    void *failed = check_cells(d, t, r, first, site, kind);
    if (failed)
      return failed;
  }
  if (kind & SEQC_EMU_ATOMIC) {
    ++d->counts.atomics;
    if (!(site->kind & SEQC_EMU_EXCHANGE))
      emu_synchronize(d, t, first, kind);
  }
  if (kind & SEQC_EMU_WRITES)
    emu_watch(d, first, site->bytes);
  *(shared ? &d->counts.shared_accesses : &d->counts.accesses) += 1;
  if (!shared) {
    d->counts.bytes += site->bytes;
    if (!(kind & SEQC_EMU_ATOMIC))
      t->polls = 0;
  }
  emu_note(d, t, site,
           shared ? (uint64_t)(first - r->first) / 4 + 1 : (uint64_t)(uintptr_t)first / 32, shared);
  return address;
}

void emu_check_again(emu_device *d, emu_thread *t, const char *place, const seqc_emu_site *site) {
  int shared;
  emu_region *r = find_region(d, t, place, site, &shared);
  if (r && (!r->written || r->kept))
    check_cells(d, t, r, (char *)place, site, site->kind);
}

void emu_unwrite(emu_device *d, emu_thread *t, char *place, const seqc_emu_site *site) {
  int shared;
  emu_region *r = find_region(d, t, place, site, &shared);
  for (int32_t k = 0; k < site->bytes; ++k) {
    r->cells[place - r->first + k].writer.launch = 0;
    place[k] = (char)0xff;
  }
}

void seqc_emu_exchanged(void *place, const seqc_emu_site *site, int32_t success) {
  emu_device *d = emu_current();
  if (d->failed)
    return;
  emu_thread *t = d->thread;
  char *first = (char *)place;
  int32_t kind = SEQC_EMU_READS | SEQC_EMU_ATOMIC | (site->kind & SEQC_EMU_BLOCK);
  if (success)
    kind |= site->kind & (SEQC_EMU_WRITES | SEQC_EMU_ACQUIRE | SEQC_EMU_RELEASE);
  else if (site->kind & SEQC_EMU_FAILED_ACQUIRE)
    kind |= SEQC_EMU_ACQUIRE;
  if (success) {
    int shared;
    emu_region *r = find_region(d, t, first, site, &shared);
    if (r && (!r->written || r->kept) && check_cells(d, t, r, first, site, kind))
      return;
    emu_changed(d);
  }
  emu_synchronize(d, t, first, kind);
}
