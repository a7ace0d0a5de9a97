/* This thread's last message. Static storage: nothing to free when a model is
 * unloaded. In a JIT there is no thread-local storage (it needs the dynamic
 * loader, which does not know the code), so the host gives the buffer. */
#include "Runtime.h"

#ifdef SEQC_RUNTIME_JIT
__attribute__((visibility("default"))) char *seqc_host_error_buffer(void);

char *seqc_rt_error_buffer(void) { return seqc_host_error_buffer(); }
#else
static _Thread_local char buffer[SEQC_RT_MESSAGE_BYTES];

char *seqc_rt_error_buffer(void) { return buffer; }
#endif

const char *seqc_rt_last_error(void) { return seqc_rt_error_buffer(); }
