//===- CompileCache.h - Compilations that are remembered ------------------===//
//
// The same model with the same options on the same machine is compiled once a
// process.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_JIT_COMPILECACHE_H
#define SEQC_JIT_COMPILECACHE_H

#include "seqc/JIT/JIT.h"
#include <list>
#include <memory>
#include <mutex>
#include <string>

namespace seqc {

/// A finished compilation: code, and what the compiler said about it.
struct CompiledModule {
  std::unique_ptr<JITModule> code;
  std::string diagnostics;
};

/// The most recently used compilations by key. Safe to use from any thread; a
/// module that is dropped here lives on while somebody holds it.
class CompileCache {
public:
  /// Keeps at most `capacity` modules.
  explicit CompileCache(size_t capacity) : capacity(capacity) {}

  /// The compilation of `key` (see CompileKey), or null.
  std::shared_ptr<const CompiledModule> find(const std::string &key);
  /// Remembers `module` under `key` and returns it; if another thread was
  /// faster, its module is returned instead.
  std::shared_ptr<const CompiledModule> insert(const std::string &key,
                                               std::shared_ptr<const CompiledModule> module);
  /// Forgets everything.
  void clear();

private:
  struct Entry {
    std::string key;
    std::shared_ptr<const CompiledModule> module;
  };
  std::mutex mutex;
  /// Most recently used first. Few entries, so a scan is cheaper than an index.
  std::list<Entry> entries;
  size_t capacity;
};

/// The cache key of a compilation: a hash over the model's bytes, the weights'
/// bytes, the module's name, every option that changes code or messages, and
/// the host's features.
std::string makeCompileKey(llvm::StringRef model, llvm::StringRef weights, llvm::StringRef name,
                           const CompileOptions &options, bool jsonDiagnostics);

} // namespace seqc

#endif // SEQC_JIT_COMPILECACHE_H
