/* Requests of warps. The n-th execution of a site by each lane is one request; so counts do not
 * depend on who ran when, except those of polls. */
#include "Device.h"

long write(int file, const void *bytes, unsigned long count);

/* Sectors of 32 bytes of one request to global memory. */
static int count_sectors(const emu_request *q) {
  int sectors = 0;
  for (int i = 0; i < EMU_WARP; ++i) {
    int seen = !q->places[i];
    for (int k = 0; k < i && !seen; ++k)
      seen = q->places[k] == q->places[i];
    sectors += !seen;
  }
  return sectors;
}

/* Shared memory has 32 banks, of one word (4 bytes) a cycle each: the cycles of lanes [low, high),
 * which ask for `words` words each. */
static int count_cycles(const emu_request *q, int low, int high, int words) {
  int cycles = 0;
  for (uint64_t bank = 0; bank < 32; ++bank) {
    uint64_t found[EMU_WARP * 4];
    int n = 0;
    for (int i = low; i < high; ++i)
      for (int w = 0; q->places[i] && w < words; ++w) {
        uint64_t word = q->places[i] + (uint64_t)w;
        int seen = word % 32 != bank;
        for (int k = 0; k < n && !seen; ++k)
          seen = found[k] == word;
        if (!seen)
          found[n++] = word;
      }
    if (n > cycles)
      cycles = n;
  }
  return cycles;
}

static void count_request(emu_device *d, const seqc_emu_site *site, const emu_request *q,
                          int shared) {
  if (!q->lanes)
    return;
  if (!shared) {
    ++d->counts.requests;
    d->counts.sectors += count_sectors(q);
    return;
  }
  ++d->counts.shared_requests;
  /* Half a warp at a time asks for 8 bytes each, a quarter for 16. */
  int words = site->bytes > 8 ? 4 : site->bytes > 4 ? 2 : 1, lanes = EMU_WARP / words;
  for (int low = 0; low < EMU_WARP; low += lanes) {
    int cycles = count_cycles(q, low, low + lanes, words);
    d->counts.wavefronts += cycles;
    d->counts.conflicts += cycles ? cycles - 1 : 0;
  }
}

/* Executions of an atomic access that wait for other lanes: polls of one lane alone have no end. */
enum { MOST_ATOMIC = 64 };

void emu_note(emu_device *d, emu_thread *t, const seqc_emu_site *site, uint64_t place, int shared) {
  emu_record *r = &t->warp->records[site->id];
  int64_t n = t->executions[site->id]++ - r->first;
  if (n < r->done) {
    emu_request alone = {1u << t->lane, {place}};
    count_request(d, site, &alone, shared);
    return;
  }
  r->site = site;
  r->shared = shared;
  if (n >= r->room) {
    int64_t room = 2 * n + 4;
    emu_request *more = (emu_request *)realloc(r->requests, (size_t)room * sizeof *more);
    if (!more) {
      emu_fail_memory(d);
      return;
    }
    r->requests = more;
    r->room = room;
  }
  for (; r->count <= n; ++r->count)
    memset(&r->requests[r->count], 0, sizeof *r->requests);
  r->requests[n].lanes |= 1u << t->lane;
  r->requests[n].places[t->lane] = place;
  /* Those at the front that all lanes have made are done. */
  int64_t most = site->kind & SEQC_EMU_ATOMIC ? MOST_ATOMIC : INT64_MAX;
  while (r->done < r->count &&
         (r->requests[r->done].lanes == 0xffffffffu || r->count - r->done > most))
    count_request(d, site, &r->requests[r->done++], shared);
  if (r->done == r->count || (r->done > 64 && r->done * 2 > r->count)) {
    r->count -= r->done;
    r->first += r->done;
    for (int64_t i = 0; i < r->count; ++i)
      r->requests[i] = r->requests[i + r->done];
    r->done = 0;
  }
}

void emu_count_warp(emu_device *d, emu_warp *w) {
  for (int32_t s = 0; s < d->kernel->sites; ++s) {
    emu_record *r = &w->records[s];
    for (int64_t n = r->done; n < r->count; ++n)
      count_request(d, r->site, &r->requests[n], r->shared);
    r->first = r->done = r->count = 0;
  }
}

void seqc_emu_count(int64_t instructions) { emu_current()->counts.instructions += instructions; }

void emu_report(emu_device *d) {
  const emu_counts *c = &d->counts;
  char line[SEQC_RT_MESSAGE_BYTES];
  seqc_rt_text text = {line, 0};
  struct {
    const char *name;
    int64_t value;
  } counts[] = {{"emulated: launches ", d->launch},
                {", instructions ", c->instructions},
                {", accesses ", c->accesses},
                {", bytes ", c->bytes},
                {", requests ", c->requests},
                {", sectors ", c->sectors},
                {", shared accesses ", c->shared_accesses},
                {", shared requests ", c->shared_requests},
                {", wavefronts ", c->wavefronts},
                {", bank conflicts ", c->conflicts},
                {", barriers ", c->barriers},
                {", warp barriers ", c->warp_barriers},
                {", shuffles ", c->shuffles},
                {", votes ", c->votes},
                {", atomics ", c->atomics}};
  for (unsigned i = 0; i < sizeof counts / sizeof *counts; ++i) {
    seqc_rt_put(&text, counts[i].name);
    seqc_rt_put_int(&text, counts[i].value);
  }
  seqc_rt_put(&text, "\n");
  long written = write(2, line, (unsigned long)text.used);
  (void)written;
}
