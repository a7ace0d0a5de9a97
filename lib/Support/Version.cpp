//===- Version.cpp - Which compiler this is -------------------------------===//
//
// The build passes the project's version in.
//
//===----------------------------------------------------------------------===//
#include "seqc/Support/Version.h"
#include "llvm/Config/llvm-config.h"

const char *seqc::getVersion() { return SEQC_VERSION; }
const char *seqc::getLLVMVersion() { return LLVM_VERSION_STRING; }
