// Measured facts of a machine, as seqc-run --calibrate writes them.
#include "seqc/Target/CPU.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace seqc;

FailureOr<seq::TargetAttr> seqc::withFactsFile(seq::TargetAttr target, StringRef path,
                                               std::string &error) {
  auto fail = [&](const Twine &text) {
    error = (path + ": " + text).str();
    return failure();
  };
  if (!llvm::sys::fs::is_regular_file(path))
    return fail(llvm::sys::fs::exists(path) ? "expected a regular file"
                                            : "no such file or directory");
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file)
    return fail(file.getError().message());
  if ((*file)->getBufferSize() > 1 << 16)
    return fail("expected at most 64 KiB of facts");
  llvm::Expected<llvm::json::Value> parsed = llvm::json::parse((*file)->getBuffer());
  if (!parsed)
    return fail("expected JSON, but: " + llvm::toString(parsed.takeError()));
  const llvm::json::Object *facts = parsed->getAsObject();
  if (!facts)
    return fail("expected a JSON object of facts");
  int64_t clock = 0, memory = 0, l2 = 0, all = 0, division = target.getDivisionCycles();
  std::pair<StringRef, int64_t *> known[] = {{"clock_mhz", &clock},
                                             {"memory_mbps", &memory},
                                             {"l2_mbps", &l2},
                                             {"all_memory_mbps", &all},
                                             {"division_cycles", &division}};
  for (const auto &[name, value] : *facts) {
    auto *fact = llvm::find_if(known, [&](auto &k) { return k.first == StringRef(name); });
    if (fact == std::end(known))
      return fail("expected clock_mhz, memory_mbps, l2_mbps, all_memory_mbps or division_cycles, "
                  "but got '" +
                  StringRef(name) + "'");
    std::optional<int64_t> number = value.getAsInteger();
    if (!number || *number < 1 || *number > 1'000'000'000)
      return fail("expected a number from 1 to 1000000000 for " + StringRef(name));
    *fact->second = *number;
  }
  return seq::TargetAttr::get(target.getContext(), target.getTriple(), target.getCpu(),
                              target.getFeatures(), target.getVectorBits(),
                              target.getVectorRegisters(), target.getL1Bytes(), target.getL2Bytes(),
                              clock, memory, l2, all, division, target.getFollowsRows());
}
