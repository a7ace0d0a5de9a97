/* Asynchronous copies: on their way from the start to the wait, at some time of which they read. */
#include "Device.h"

void seqc_emu_copy(void *to, const void *from, const seqc_emu_site *store,
                   const seqc_emu_site *load) {
  emu_device *d = emu_current();
  emu_thread *t = d->thread;
  if (d->failed)
    return;
  if (t->n_copies == t->copy_room) {
    int32_t room = 2 * t->copy_room + 4;
    emu_copy *more = (emu_copy *)realloc(t->copies, (size_t)room * sizeof *more);
    if (!more) {
      emu_fail_memory(d);
      return;
    }
    t->copies = more;
    t->copy_room = room;
  }
  emu_copy *c = &t->copies[t->n_copies++];
  *c = (emu_copy){(char *)to, (const char *)from, store, load, t->group, 0, {0}};
  c->early = (int)(emu_random(d) & 1);
  if (c->early)
    memcpy(c->bytes, from, (size_t)store->bytes);
  emu_unwrite(d, t, c->to, store);
}

void seqc_emu_end_group(void) {
  emu_device *d = emu_current();
  if (!d->failed)
    ++d->thread->group;
}

void seqc_emu_wait_for_copies(int32_t groups) {
  emu_device *d = emu_current();
  emu_thread *t = d->thread;
  if (d->failed)
    return;
  int32_t done = 0;
  for (; done < t->n_copies; ++done) {
    emu_copy *c = &t->copies[done];
    if (groups >= 0 && c->group >= t->group - groups)
      break;
    emu_check_again(d, t, c->from, c->load);
    emu_check_again(d, t, c->to, c->store);
    memcpy(c->to, c->early ? c->bytes : c->from, (size_t)c->store->bytes);
  }
  t->n_copies -= done;
  for (int32_t i = 0; i < t->n_copies; ++i)
    t->copies[i] = t->copies[i + done];
}
