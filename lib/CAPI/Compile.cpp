//===- Compile.cpp - From a model to callable code ------------------------===//
//
// Options are copied and checked, the cache is asked, and otherwise everything
// that MLIR touches, from the parser to the destruction of its context, happens
// on a thread of our own with a known stack.
//
//===----------------------------------------------------------------------===//
#include "Module.h"
#include "mlir/IR/MLIRContext.h"
#include "seqc/Dialect/Seq/IR/Seq.h"
#include "seqc/Frontend/Load.h"
#include "seqc/Support/Diagnostics.h"
#include "seqc/Support/Spelling.h"
#include "seqc/Target/Abi.h"
#include "seqc/Target/NVPTX.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include <cstring>

using namespace llvm;
using namespace seqc;

namespace {

/// One compilation: what goes in and what comes out.
struct Job {
  StringRef model;
  std::string bufferName, moduleName = "model";
  CompileOptions options;
  LoadOptions load;
  bool json = false, useCache = true;

  int32_t code = SEQC_OK;
  std::string messages;
  std::shared_ptr<CompiledModule> result;
};

CompileCache &getCache() {
  // Never destroyed: a host's thread may still compile while the process ends.
  static CompileCache *cache = new CompileCache(/*capacity=*/32);
  return *cache;
}

/// Adds "B=8,T=4096" to `options`. False and a message on other text.
bool parseAssume(StringRef text, CompileOptions &options) {
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts) {
    auto [name, number] = part.trim().split('=');
    int64_t size = 0;
    if (name.empty() || number.getAsInteger(10, size) || size < 0) {
      fail(SEQC_ERROR_USAGE,
           "expected sizes like 'B=8,T=4096' in assume, but got '" + part.str() + "'");
      return false;
    }
    options.assume.emplace_back(name.str(), size);
  }
  return true;
}

/// Copies the caller's options, whose struct may be older or newer than ours.
bool copyOptions(const seqc_options *given, seqc_options &options) {
  std::memset(&options, 0, sizeof options);
  if (!given)
    return true;
  if (given->struct_size < sizeof given->struct_size) {
    fail(SEQC_ERROR_USAGE, "expected struct_size to be sizeof(seqc_options), but got " +
                               std::to_string(given->struct_size));
    return false;
  }
  std::memcpy(&options, given, std::min(given->struct_size, sizeof options));
  const char *bytes = reinterpret_cast<const char *>(given);
  for (size_t i = sizeof options; i < given->struct_size; ++i)
    if (bytes[i]) {
      fail(SEQC_ERROR_USAGE, "expected options that this version knows, but byte " +
                                 std::to_string(i) + " of a newer struct is set");
      return false;
    }
  return true;
}

/// The machine that `options` ask for. False and a message if there is none.
bool readMachine(const seqc_options &options, Job &job) {
  if (options.target_facts)
    job.options.targetFacts = options.target_facts;
  if (options.march)
    job.options.march = options.march;
  if (!options.device)
    return true;
  if (StringRef(options.device) != "emulate") {
    fail(SEQC_ERROR_USAGE,
         std::string("expected the device 'emulate' or NULL, but got '") + options.device + "'");
    return false;
  }
  if (options.target_facts) {
    fail(SEQC_ERROR_USAGE, "expected no target_facts with the device 'emulate'");
    return false;
  }
  StringRef arch = options.march ? options.march : cudaArchitectures().front();
  if (!is_contained(cudaArchitectures(), arch)) {
    fail(SEQC_ERROR_USAGE, "expected the march " + joinNames(cudaArchitectures()) +
                               " with the device 'emulate', but got '" + arch.str() + "'");
    return false;
  }
  job.options.emulate = true;
  job.options.triple = "nvptx64-nvidia-cuda";
  job.options.march = arch.str();
  return true;
}

/// Reads the caller's options into `job`. False and a message if one of them is
/// wrong.
bool readOptions(const seqc_options *given, Job &job) {
  seqc_options options;
  if (!copyOptions(given, options))
    return false;
  if (options.schedule)
    job.options.schedule = options.schedule;
  if (!is_contained(scheduleNames(), job.options.schedule)) {
    StringRef near = nearestName(job.options.schedule, scheduleNames());
    fail(SEQC_ERROR_USAGE, "expected the schedule " + joinNames(scheduleNames()) + ", but got '" +
                               job.options.schedule + "'" +
                               (near.empty() ? "" : "; did you mean '" + near.str() + "'?"));
    return false;
  }
  if (options.certificate)
    job.options.certificate = options.certificate;
  if (!is_contained(certificateNames(), job.options.certificate)) {
    fail(SEQC_ERROR_USAGE, "expected the certificate " + joinNames(certificateNames()) +
                               ", but got '" + job.options.certificate + "'");
    return false;
  }
  job.options.streamingExact = options.streaming_exact != 0;
  if (job.options.streamingExact &&
      (job.options.schedule == "scan" || job.options.certificate == "backward")) {
    fail(SEQC_ERROR_USAGE, "expected streaming_exact without the schedule 'scan' and the "
                           "certificate 'backward', but got both");
    return false;
  }
  if (!readMachine(options, job))
    return false;
  if (options.assume && !parseAssume(options.assume, job.options))
    return false;
  if (options.threads < 0 || options.threads > 1024) {
    fail(SEQC_ERROR_USAGE, "expected 1 to 1024 threads (or 0, which means 1), but got " +
                               std::to_string(options.threads));
    return false;
  }
  if (options.threads)
    job.options.threads = options.threads;
  if (options.weights)
    job.load.weights = options.weights;
  if (options.name)
    job.moduleName = options.name;
  if (!isCIdentifier(job.moduleName)) {
    fail(SEQC_ERROR_USAGE,
         "expected the module's name to be a C identifier, but got '" + job.moduleName + "'");
    return false;
  }
  job.options.precise = options.precise != 0;
  job.json = options.diagnostics_json != 0;
  job.useCache = options.no_cache == 0;
  return true;
}

/// The whole compilation of `job`, for a thread with a large stack.
void runJob(Job &job) {
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  // The pipeline makes attributes of seq, also for a module that has none.
  context.loadDialect<seq::SeqDialect>();
  SourceMgr sources;
  MessageLog log(sources);
  MessageHandler handler(context, log);
  std::string error;
  job.code = SEQC_ERROR_INPUT;
  if (auto module = loadModule(copyInput(job.model, job.bufferName), context, sources, job.load)) {
    auto lowered = compileModule(*module, job.moduleName, job.options);
    if (succeeded(lowered)) {
      job.result = std::make_shared<CompiledModule>();
      job.result->code = JITModule::create(std::move(*lowered), error);
      job.code = job.result->code ? int32_t(SEQC_OK) : int32_t(SEQC_ERROR_LINK);
    }
  }
  if (!error.empty())
    log.addError({}, error);
  else if (job.code != SEQC_OK && !log.hasErrors())
    log.addError({}, "the compiler gave up without a message: this is a bug of seqc");
  raw_string_ostream stream(job.messages);
  log.print(stream, job.json);
}

/// The cache key of `job`. The weights' bytes are part of it; a file that
/// cannot be read has none, and the compilation then says so.
std::string makeKey(const Job &job) {
  std::unique_ptr<MemoryBuffer> weights;
  if (sys::fs::is_regular_file(job.load.weights))
    if (auto file = MemoryBuffer::getFile(job.load.weights, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false))
      weights = std::move(*file);
  return makeCompileKey(job.model, weights ? weights->getBuffer() : StringRef(),
                        job.bufferName + '\0' + job.moduleName, job.options, job.json);
}

/// Makes the handle of a finished compilation.
int32_t wrap(std::shared_ptr<const CompiledModule> compiled, seqc_module **module) {
  auto handle = std::make_unique<seqc_module>();
  handle->compiled = std::move(compiled);
  handle->signature = handle->compiled->code->signature();
  std::string name = cIdentifier(handle->signature.name) + "_info";
  auto *info = reinterpret_cast<const char *(*)()>(handle->lookup(name));
  if (!info)
    return fail(SEQC_ERROR_LINK, "expected the symbol '" + name + "', but the module has none");
  handle->info = info();
  if (!handle->bind(""))
    return SEQC_ERROR_LINK;
  *module = handle.release();
  return succeed();
}

/// Compiles `job` or finds it in the cache.
int32_t compile(Job &job, seqc_module **module) {
  job.load.checker = findChecker(reinterpret_cast<const void *>(&seqc_compile_text));
  std::string key;
  if (job.useCache) {
    key = makeKey(job);
    if (auto cached = getCache().find(key))
      return wrap(std::move(cached), module);
  }
  runOnOwnStack([&] { runJob(job); });
  if (job.code != SEQC_OK)
    return fail(job.code, std::move(job.messages));
  job.result->diagnostics = std::move(job.messages);
  if (!job.useCache)
    return wrap(std::move(job.result), module);
  return wrap(getCache().insert(key, std::move(job.result)), module);
}

/// Checks what every compile function is given first.
bool checkArguments(const void *model, const char *what, seqc_module **module) {
  if (!module) {
    fail(SEQC_ERROR_USAGE, "expected a place for the module, but got null");
    return false;
  }
  *module = nullptr;
  if (model)
    return true;
  fail(SEQC_ERROR_USAGE, std::string("expected ") + what + ", but got null");
  return false;
}

} // namespace

extern "C" {

int32_t seqc_compile_text(const char *text, size_t length, const seqc_options *options,
                          seqc_module **module) {
  Job job;
  if (!checkArguments(text, "text", module) || !readOptions(options, job))
    return SEQC_ERROR_USAGE;
  job.model = StringRef(text, length);
  job.bufferName = "<text>";
  return compile(job, module);
}

int32_t seqc_compile_bytecode(const void *bytes, size_t length, const seqc_options *options,
                              seqc_module **module) {
  Job job;
  if (!checkArguments(bytes, "bytecode", module) || !readOptions(options, job))
    return SEQC_ERROR_USAGE;
  job.model = StringRef(static_cast<const char *>(bytes), length);
  if (!job.model.starts_with("ML\xefR"))
    return fail(SEQC_ERROR_INPUT, "expected MLIR bytecode, but its first bytes are others");
  job.bufferName = "<bytecode>";
  return compile(job, module);
}

int32_t seqc_compile_file(const char *path, const seqc_options *options, seqc_module **module) {
  Job job;
  if (!checkArguments(path, "a path", module))
    return SEQC_ERROR_USAGE;
  job.moduleName = cIdentifier(sys::path::stem(path));
  if (!isCIdentifier(job.moduleName))
    job.moduleName = "model";
  if (!readOptions(options, job))
    return SEQC_ERROR_USAGE;
  std::string error;
  auto input = readInput(path, error);
  if (!input)
    return fail(SEQC_ERROR_FILE, error);
  job.model = input->getBuffer();
  job.bufferName = path;
  return compile(job, module);
}

void seqc_clear_cache(void) { getCache().clear(); }

} // extern "C"
