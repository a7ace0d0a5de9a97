//===- CompileCache.cpp - Compilations that are remembered ----------------===//
#include "seqc/JIT/CompileCache.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"
#include <algorithm>

using namespace llvm;
using namespace seqc;

std::shared_ptr<const CompiledModule> CompileCache::find(const std::string &key) {
  std::lock_guard<std::mutex> lock(mutex);
  auto it = std::find_if(entries.begin(), entries.end(),
                         [&](const Entry &entry) { return entry.key == key; });
  if (it == entries.end())
    return nullptr;
  entries.splice(entries.begin(), entries, it);
  return it->module;
}

std::shared_ptr<const CompiledModule>
CompileCache::insert(const std::string &key, std::shared_ptr<const CompiledModule> module) {
  if (auto earlier = find(key))
    return earlier;
  std::list<Entry> dropped; // destroyed after the lock: unloading code takes time
  std::lock_guard<std::mutex> lock(mutex);
  entries.push_front({key, module});
  if (entries.size() > capacity)
    dropped.splice(dropped.end(), entries, std::prev(entries.end()));
  return module;
}

void CompileCache::clear() {
  std::list<Entry> dropped;
  std::lock_guard<std::mutex> lock(mutex);
  dropped.swap(entries);
}

namespace {

/// Hashes a sequence of fields; each is preceded by its length, so that no two
/// sequences of fields look alike.
struct FieldHasher {
  BLAKE3 hasher;

  void add(StringRef field) {
    uint64_t size = field.size();
    hasher.update(StringRef(reinterpret_cast<const char *>(&size), sizeof size));
    hasher.update(field);
  }
};

} // namespace

std::string seqc::makeCompileKey(StringRef model, StringRef weights, StringRef name,
                                 const CompileOptions &options, bool jsonDiagnostics) {
  FieldHasher fields;
  for (StringRef field : {model, weights, name, StringRef(options.triple), StringRef(options.march),
                          StringRef(options.schedule), StringRef(options.certificate),
                          StringRef(options.targetFacts)})
    fields.add(field);
  for (const auto &[symbol, size] : options.assume) {
    fields.add(symbol);
    fields.add(std::to_string(size));
  }
  fields.add(std::string{options.precise ? 'p' : '-', jsonDiagnostics ? 'j' : '-',
                         options.streamingExact ? 's' : '-', options.emulate ? 'e' : '-',
                         char('0' + options.optLevel)});
  // The file may change under its name.
  if (!options.targetFacts.empty())
    if (auto facts = llvm::MemoryBuffer::getFile(options.targetFacts))
      fields.add((*facts)->getBuffer());
  fields.add(std::to_string(options.threads));
  fields.add(options.weaken);
  // Two machines may share neither process nor cache today, but features are
  // what the code was made for, and they can change under a process that is
  // checkpointed and moved.
  std::vector<std::string> features;
  for (const auto &feature : sys::getHostCPUFeatures())
    if (feature.second)
      features.push_back(feature.first().str());
  std::sort(features.begin(), features.end());
  for (const std::string &feature : features)
    fields.add(feature);
  auto hash = fields.hasher.final();
  return std::string(hash.begin(), hash.end());
}
