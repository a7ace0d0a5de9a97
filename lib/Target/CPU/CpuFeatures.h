//===- CpuFeatures.h - Where cpuid tells of a feature ---------------------===//
#ifndef SEQC_LIB_TARGET_CPU_CPUFEATURES_H
#define SEQC_LIB_TARGET_CPU_CPUFEATURES_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace seqc {

/// Registers of cpuid's answer.
enum CpuidRegister : uint32_t { EAX, EBX, ECX, EDX };

/// A feature in LLVM's spelling, the cpuid bit that reports it, and the
/// register state (bits of XCR0) that the system must save for it.
struct CpuFeature {
  llvm::StringLiteral name;
  uint32_t leaf, subleaf;
  CpuidRegister reg;
  uint32_t bit;
  uint64_t xcr0;
};

/// The row of x86 feature `name`, or null: a feature that code generation never
/// uses, or that every x86-64 CPU has.
const CpuFeature *findX86Feature(llvm::StringRef name);

} // namespace seqc

#endif // SEQC_LIB_TARGET_CPU_CPUFEATURES_H
