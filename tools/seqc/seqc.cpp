//===- seqc.cpp - The compiler's command line -----------------------------===//
//
// All of it is lib/Driver.
//
//===----------------------------------------------------------------------===//
#include "seqc/Driver/Driver.h"

int main(int argc, char **argv) { return seqc::runDriver(argc, argv); }
