/* The whole emulator as one unit, as the compiler embeds it. */
#include "Copies.c"
#include "Counts.c"
#include "Emulator.c"
#include "Fibers.c"
#include "Memory.c"
#include "Races.c"
#include "Stacks.c"
#include "Warps.c"
