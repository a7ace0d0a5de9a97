/* The whole runtime as one unit, as the compiler embeds it. */
#include "Call.c"
#include "Check.c"
#include "ErrorBuffer.c"
#include "Features.c"
#include "Memory.c"
#include "Message.c"
#include "Parallel.c"
#include "State.c"
/* Elsewhere these names belong to the compiler's own library. */
#ifdef SEQC_RUNTIME_EMBEDDED
#include "Halves.c"
#endif
