//===- Driver.h - The command line as a library ---------------------------===//
#ifndef SEQC_DRIVER_DRIVER_H
#define SEQC_DRIVER_DRIVER_H

namespace seqc {

/// Runs `seqc` with the arguments of `main`. Returns the exit status: 0 done, 1
/// the input or a file is wrong, 2 wrong usage, 3 a bug in seqc (a reproducer
/// was written). Installs signal handlers: for a program, never for a host.
int runDriver(int argc, char **argv);

} // namespace seqc

#endif // SEQC_DRIVER_DRIVER_H
