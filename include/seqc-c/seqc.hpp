//===- seqc.hpp - The C API for C++11 and later
//-----------------------------===//
//
// Handles that release themselves and errors as exceptions; header only.
//
//   seqc::Module model = seqc::Module::compileFile("model.mlir");
//   model["scan"].call({&u, &h0, &h, &last});
//   seqc::Stream stream(model["scan"], {/*B=*/1, /*T=*/0});
//   stream.step({&chunk, &result});
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_C_SEQC_HPP
#define SEQC_C_SEQC_HPP

#include "seqc-c/seqc.h"
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace seqc {

/// A failed call of the C API: its message and error code.
class Error : public std::runtime_error {
public:
  Error(int64_t code, const char *message)
      : std::runtime_error(message), code(int32_t(code)) {}
  const int32_t code;
};

/// Returns `result`; throws if it is an error: a number of bytes below 0, or,
/// with `isCode`, any code but SEQC_OK.
inline int64_t check(int64_t result, bool isCode = true) {
  if (isCode ? result != SEQC_OK : result < 0)
    throw Error(isCode ? result : -result, seqc_last_error());
  return result;
}

/// A function of a module, which must outlive it.
class Function {
public:
  using Tensors = std::vector<const DLTensor *>;

  explicit Function(const seqc_function *handle) : handle(handle) {}
  const seqc_function *get() const { return handle; }
  std::string name() const { return seqc_function_name(handle); }
  bool streams() const { return seqc_streams(handle) != 0; }

  /// Calls it with all arguments, then all results. Throws Error.
  void call(const Tensors &tensors,
            const seqc_context *context = nullptr) const {
    check(seqc_call(handle, context, tensors.data(), int32_t(tensors.size())));
  }
  /// Fills the results' sizes. Throws Error.
  void shapes(const std::vector<DLTensor *> &tensors) const {
    check(seqc_shapes(handle, tensors.data(), int32_t(tensors.size())));
  }
  /// Workspace of such a call in bytes. Throws Error.
  int64_t scratchBytes(const Tensors &tensors) const {
    return check(
        seqc_scratch_bytes(handle, tensors.data(), int32_t(tensors.size())),
        false);
  }

private:
  const seqc_function *handle;
};

/// A module that is released with its last owner.
class Module {
public:
  /// See seqc_compile_file, seqc_compile_text and seqc_load. All throw Error.
  static Module compileFile(const std::string &path,
                            const seqc_options *options = nullptr) {
    seqc_module *module = nullptr;
    check(seqc_compile_file(path.c_str(), options, &module));
    return Module(module);
  }
  static Module compileText(const std::string &text,
                            const seqc_options *options = nullptr) {
    seqc_module *module = nullptr;
    check(seqc_compile_text(text.data(), text.size(), options, &module));
    return Module(module);
  }
  static Module load(const std::string &path) {
    seqc_module *module = nullptr;
    check(seqc_load(path.c_str(), &module));
    return Module(module);
  }

  const seqc_module *get() const { return handle.get(); }
  /// The public function `name`. Throws Error if there is none.
  Function operator[](const std::string &name) const {
    const seqc_function *function = seqc_find(get(), name.c_str());
    if (!function)
      throw Error(SEQC_ERROR_USAGE, seqc_last_error());
    return Function(function);
  }
  /// Writes library and header. Throws Error.
  void save(const std::string &path) const {
    check(seqc_save(get(), path.c_str(), nullptr));
  }

private:
  explicit Module(seqc_module *module) : handle(module, seqc_release) {}
  std::shared_ptr<seqc_module> handle;
};

/// A sequence in progress; a copy goes on independently.
class Stream {
public:
  /// Starts with `initial` (empty: zeros), for these values of the named sizes.
  /// Throws Error.
  Stream(Function function, const std::vector<int64_t> &sizes,
         const Function::Tensors &initial = {})
      : function(function) {
    int32_t count = int32_t(sizes.size());
    bytes = check(seqc_state_bytes(function.get(), sizes.data(), count), false);
    state.resize(size_t(bytes + 15) / 16);
    check(seqc_state_init(function.get(), state.data(), bytes, sizes.data(),
                          count, initial.data(), int32_t(initial.size())));
  }
  /// Takes as many steps as the inputs hold. Throws Error.
  void step(const Function::Tensors &tensors,
            const seqc_context *context = nullptr) {
    check(seqc_step(function.get(), context, state.data(), bytes,
                    tensors.data(), int32_t(tensors.size())));
  }

private:
  struct alignas(16) Block {
    char bytes[16];
  };
  Function function;
  int64_t bytes = 0;
  std::vector<Block> state;
};

} // namespace seqc

#endif // SEQC_C_SEQC_HPP
