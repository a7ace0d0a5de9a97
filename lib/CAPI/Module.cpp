//===- Module.cpp - Handles, their lifetime, and this thread's message ----===//
#include "Module.h"
#include "seqc/Support/Version.h"
#include "seqc/Target/Abi.h"
#include "llvm/ADT/STLExtras.h"
#include <dlfcn.h>

using namespace seqc;

static thread_local std::string message;

const char *seqc::getVersionText() {
  static const std::string text = std::string(getVersion()) + " (LLVM " + getLLVMVersion() + ")";
  return text.c_str();
}

int32_t seqc::fail(int32_t code, std::string text) {
  message = std::move(text);
  return code;
}

int32_t seqc::succeed() {
  message.clear();
  return SEQC_OK;
}

seqc_module::~seqc_module() {
  if (library)
    dlclose(library);
}

void *seqc_module::lookup(const std::string &name) const {
  return compiled ? compiled->code->lookup(name) : dlsym(library, name.c_str());
}

bool seqc_module::bind(llvm::StringRef prefix) {
  std::string missing;
  auto get = [&](auto &slot, const std::string &name) {
    slot = reinterpret_cast<std::remove_reference_t<decltype(slot)>>(lookup(name));
    if (!slot && missing.empty())
      missing = name;
  };
  get(lastError, (prefix + cIdentifier(signature.name)).str() + "_last_error");
  functions.resize(signature.functions.size());
  for (auto [index, function] : llvm::enumerate(functions)) {
    function.module = this;
    function.signature = &signature.functions[index];
    function.symbol = (prefix + cIdentifier(function.signature->name)).str();
    get(function.call, function.symbol + "_call");
    get(function.shapes, function.symbol + "_shapes");
    get(function.scratchBytes, function.symbol + "_scratch_bytes");
    if (!function.signature->streams)
      continue;
    get(function.stateBytes, function.symbol + "_state_bytes");
    get(function.stateInit, function.symbol + "_state_init");
    get(function.step, function.symbol + "_step");
    get(function.stepScratchBytes, function.symbol + "_step_scratch_bytes");
  }
  if (missing.empty())
    return true;
  fail(SEQC_ERROR_LINK, "expected the symbol '" + missing + "', but the module has none");
  return false;
}

extern "C" {

const char *seqc_version(void) { return getVersionText(); }

const char *seqc_last_error(void) { return message.c_str(); }

void seqc_release(seqc_module *module) { delete module; }

} // extern "C"
