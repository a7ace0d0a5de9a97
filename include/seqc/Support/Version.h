//===- Version.h - Which compiler this is ---------------------------------===//
#ifndef SEQC_SUPPORT_VERSION_H
#define SEQC_SUPPORT_VERSION_H

namespace seqc {

/// This project's version, "0.1.0".
const char *getVersion();
/// The version of the LLVM inside, "22.1.8".
const char *getLLVMVersion();

} // namespace seqc

#endif // SEQC_SUPPORT_VERSION_H
