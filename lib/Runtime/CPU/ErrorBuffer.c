/* This thread's last message. Static storage: nothing to free when a model is
 * unloaded. Not inlined, so that a JIT can put its own in this one's place. */
#include "Runtime.h"

static _Thread_local char buffer[SEQC_RT_MESSAGE_BYTES];

__attribute__((noinline)) char *seqc_rt_error_buffer(void) { return buffer; }

const char *seqc_rt_last_error(void) { return seqc_rt_error_buffer(); }
