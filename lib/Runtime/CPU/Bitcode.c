/* The whole runtime as one unit, for the bitcode that goes into every model. */
#include "Call.c"
#include "Check.c"
#include "ErrorBuffer.c"
#include "Features.c"
#include "Memory.c"
#include "Message.c"
#include "Parallel.c"
#include "State.c"
