// Facts of a CPU. They come from its features alone: virtual machines lie about the name.
#include "seqc/Target/CPU.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <algorithm>
#include <mutex>

using namespace mlir;
using namespace seqc;

/// Loops have few addresses, each a pointer and a multiple of a counter, which machines compute for
/// nothing. Another pointer for each costs registers, which tiles of accumulators need, and the
/// search for the best set of them a fifth of the time for code generation. LLVM has no other way
/// to say so.
static void disableStrengthReduction() {
  auto &options = llvm::cl::getRegisteredOptions();
  if (auto found = options.find("disable-lsr"); found != options.end())
    static_cast<llvm::cl::opt<bool> *>(found->second)->setValue(true);
}

void seqc::initializeCpuTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeAArch64AsmParser();
    disableStrengthReduction();
  });
}

namespace {
/// A named set of features, as the x86-64 psABI defines its levels.
struct Level {
  StringLiteral name;
  StringLiteral features;
};
} // namespace

static constexpr Level levels[] = {
    {"generic", ""},
    {"x86-64-v2", "+cx16,+popcnt,+sse3,+sse4.1,+sse4.2,+ssse3,+sahf"},
    {"x86-64-v3",
     "+cx16,+popcnt,+sse3,+sse4.1,+sse4.2,+ssse3,+sahf,+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,"
     "+movbe,+xsave"},
    {"x86-64-v4",
     "+cx16,+popcnt,+sse3,+sse4.1,+sse4.2,+ssse3,+sahf,+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,"
     "+movbe,+xsave,+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl,+evex512"},
};

static std::string hostFeatures() {
  SmallVector<std::string> on;
  for (const auto &feature : llvm::sys::getHostCPUFeatures())
    if (feature.second)
      on.push_back("+" + feature.first().str());
  llvm::sort(on);
  return llvm::join(on, ",");
}

namespace {
/// What was measured of a CPU.
struct MeasuredCpu {
  StringLiteral name; ///< LLVM's
  int64_t divisionCycles, followsRows;
};
} // namespace

static const MeasuredCpu *hostCpu() {
  // Prefetching affine (8,4096,512) by instructions: 7 % slower.
  static constexpr MeasuredCpu measured[] = {{"znver5", 3, 1}};
  auto *cpu = llvm::find_if(
      measured, [](const MeasuredCpu &c) { return c.name == llvm::sys::getHostCPUName(); });
  return cpu == std::end(measured) ? nullptr : cpu;
}

/// The features that change the code which seqc makes; the others would only bind a library to
/// the machine that compiled it.
static std::string relevantFeatures(StringRef all) {
  static constexpr StringLiteral relevant[] = {
      "avx",  "avx2",   "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl", "bmi",
      "bmi2", "cx16",   "f16c",     "fma",      "lzcnt",    "movbe",   "popcnt",   "sahf",
      "sse3", "sse4.1", "sse4.2",   "ssse3",    "xsave",    "neon",    "fp-armv8"};
  SmallVector<StringRef> parts, kept;
  all.split(parts, ',', -1, false);
  for (StringRef part : parts)
    if (llvm::is_contained(relevant, part.drop_front(1)))
      kept.push_back(part);
  return llvm::join(kept, ",");
}

static bool has(StringRef features, StringRef name) {
  SmallVector<StringRef> parts;
  features.split(parts, ',', -1, false);
  return llvm::is_contained(parts, ("+" + name).str());
}

static bool checkFeatures(const llvm::Target &target, const llvm::Triple &triple,
                          StringRef features, std::string &error) {
  std::unique_ptr<llvm::MCSubtargetInfo> info(target.createMCSubtargetInfo(triple, "", ""));
  SmallVector<StringRef> parts;
  features.split(parts, ',', -1, false);
  for (StringRef part : parts) {
    bool sign = part.starts_with("+") || part.starts_with("-");
    bool known = sign && info && llvm::any_of(info->getAllProcessorFeatures(), [&](const auto &f) {
                   return part.drop_front(1) == f.Key;
                 });
    if (known)
      continue;
    error =
        sign ? ("expected a feature of " + triple.getArchName() + ", but got '" + part + "'").str()
             : ("expected 'native', 'generic', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4' or a list "
                "such as '+avx2,+fma', but got '" +
                part + "'")
                   .str();
    return false;
  }
  return true;
}

FailureOr<seq::TargetAttr> seqc::cpuTarget(MLIRContext *context, StringRef tripleText,
                                           StringRef march, std::string &error) {
  initializeCpuTargets();
  llvm::Triple host(llvm::sys::getProcessTriple());
  llvm::Triple triple =
      tripleText.empty() ? host : llvm::Triple(llvm::Triple::normalize(tripleText));
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target || !(triple.getArch() == llvm::Triple::x86_64 || triple.isAArch64(64))) {
    error = "expected a triple of x86_64 or aarch64, but got '" + tripleText.str() + "'";
    return failure();
  }
  std::string features = march.str();
  bool isX86 = triple.getArch() == llvm::Triple::x86_64;
  if (march == "native") {
    // A foreign architecture has no native features here: its baseline is meant.
    features = triple.getArch() == host.getArch() ? relevantFeatures(hostFeatures()) : "";
  } else if (const Level *level =
                 llvm::find_if(levels, [&](const Level &l) { return l.name == march; });
             level != std::end(levels)) {
    if (!isX86 && march != "generic") {
      error =
          "expected a level of " + triple.getArchName().str() + ", but got '" + march.str() + "'";
      return failure();
    }
    features = level->features.str();
  }
  if (!checkFeatures(*target, triple, features, error))
    return failure();
  if (!isX86 && !has(features, "neon"))
    features += features.empty() ? "+neon" : ",+neon";
  int64_t bits = isX86 ? (has(features, "avx512f") ? 512 : has(features, "avx2") ? 256 : 128) : 128;
  int64_t registers = isX86 ? (bits == 512 ? 32 : 16) : 32;
  bool isHost = march == "native" && triple.getArch() == host.getArch();
  const MeasuredCpu *cpu = isHost ? hostCpu() : nullptr;
  auto text = [&](StringRef s) { return StringAttr::get(context, s); };
  return seq::TargetAttr::get(context, text(triple.str()), text(isX86 ? "x86-64" : "generic"),
                              text(features), bits, registers, 32 << 10, 1 << 20, 0, 0, 0, 0,
                              cpu ? cpu->divisionCycles : 0, cpu ? cpu->followsRows : 0);
}

std::vector<std::string> seqc::requiredFeatures(seq::TargetAttr target) {
  // Only what run-time detection knows; each implies the older ones that x86-64 code uses.
  static constexpr StringLiteral checked[] = {
      "avx",  "avx2", "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl", "bmi",
      "bmi2", "f16c", "fma",      "lzcnt",    "popcnt",   "sse4.1",  "sse4.2",   "ssse3"};
  std::vector<std::string> needed;
  for (StringRef name : checked)
    if (has(target.getFeatures().getValue(), name))
      needed.push_back(name.str());
  return needed;
}
