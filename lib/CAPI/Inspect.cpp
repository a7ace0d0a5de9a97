//===- Inspect.cpp - What a module and its functions look like ------------===//
#include "Module.h"
#include "seqc/Target/Abi.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace seqc;

namespace {

/// Public tensor `i` of `function`, arguments first; null and a message if
/// there is none.
const TensorSignature *tensorAt(const seqc_function *function, int32_t i) {
  if (!function) {
    fail(SEQC_ERROR_USAGE, "expected a function, but got null");
    return nullptr;
  }
  const FunctionSignature &signature = *function->signature;
  int32_t arguments = signature.publicArguments;
  int32_t count = arguments + signature.publicResults;
  if (i < 0 || i >= count) {
    fail(SEQC_ERROR_USAGE, "expected a tensor index below " + std::to_string(count) + ", but got " +
                               std::to_string(i));
    return nullptr;
  }
  succeed();
  return i < arguments ? &signature.arguments[i] : &signature.results[i - arguments];
}

/// Size `d` of tensor `i`, or null and a message.
const DimSignature *sizeAt(const seqc_function *function, int32_t i, int32_t d) {
  const TensorSignature *tensor = tensorAt(function, i);
  if (!tensor)
    return nullptr;
  if (d >= 0 && size_t(d) < tensor->dims.size())
    return &tensor->dims[d];
  fail(SEQC_ERROR_USAGE, "expected a size index below " + std::to_string(tensor->dims.size()) +
                             " for '" + tensor->name + "', but got " + std::to_string(d));
  return nullptr;
}

bool checkModule(const seqc_module *module) {
  if (module)
    succeed();
  else
    fail(SEQC_ERROR_USAGE, "expected a module, but got null");
  return module;
}

bool checkFunction(const seqc_function *function) {
  if (function)
    succeed();
  else
    fail(SEQC_ERROR_USAGE, "expected a function, but got null");
  return function;
}

} // namespace

extern "C" {

const char *seqc_diagnostics(const seqc_module *module) {
  if (!checkModule(module))
    return nullptr;
  return module->compiled ? module->compiled->diagnostics.c_str() : "";
}

const char *seqc_info(const seqc_module *module) {
  return checkModule(module) ? module->info.c_str() : nullptr;
}

int32_t seqc_function_count(const seqc_module *module) {
  return checkModule(module) ? int32_t(module->functions.size()) : 0;
}

const seqc_function *seqc_function_at(const seqc_module *module, int32_t index) {
  if (!checkModule(module))
    return nullptr;
  if (index >= 0 && size_t(index) < module->functions.size())
    return &module->functions[index];
  fail(SEQC_ERROR_USAGE, "expected a function index below " +
                             std::to_string(module->functions.size()) + ", but got " +
                             std::to_string(index));
  return nullptr;
}

const seqc_function *seqc_find(const seqc_module *module, const char *name) {
  if (!checkModule(module))
    return nullptr;
  std::string wanted = name ? name : "";
  std::vector<std::string> names;
  for (const seqc_function &function : module->functions) {
    if (name && function.signature->name == wanted)
      return &function;
    names.push_back("'" + function.signature->name + "'");
  }
  fail(SEQC_ERROR_USAGE, "expected the name of a public function (" + llvm::join(names, ", ") +
                             "), but got " + (name ? "'" + wanted + "'" : "null"));
  return nullptr;
}

const char *seqc_function_name(const seqc_function *function) {
  return checkFunction(function) ? function->signature->name.c_str() : nullptr;
}

const char *seqc_time_name(const seqc_function *function) {
  if (!checkFunction(function) || !function->signature->streams ||
      function->signature->timeSymbol < 0)
    return nullptr;
  return function->signature->symbols[function->signature->timeSymbol].c_str();
}

int32_t seqc_size_count(const seqc_function *function) {
  return checkFunction(function) ? int32_t(function->signature->symbols.size()) : 0;
}

const char *seqc_size_name(const seqc_function *function, int32_t i) {
  if (!checkFunction(function))
    return nullptr;
  const std::vector<std::string> &names = function->signature->symbols;
  if (i >= 0 && size_t(i) < names.size())
    return names[i].c_str();
  fail(SEQC_ERROR_USAGE, "expected a size index below " + std::to_string(names.size()) +
                             ", but got " + std::to_string(i));
  return nullptr;
}

int32_t seqc_argument_count(const seqc_function *function) {
  return checkFunction(function) ? function->signature->publicArguments : 0;
}

int32_t seqc_result_count(const seqc_function *function) {
  return checkFunction(function) ? function->signature->publicResults : 0;
}

int32_t seqc_streams(const seqc_function *function) {
  return checkFunction(function) && function->signature->streams;
}

const char *seqc_stream_reason(const seqc_function *function) {
  return checkFunction(function) ? function->signature->notStreamable.c_str() : nullptr;
}

const char *seqc_numbers(const seqc_function *function) {
  return checkFunction(function) ? function->signature->numbers.c_str() : nullptr;
}

void *seqc_symbol(const seqc_function *function, const char *suffix) {
  if (!checkFunction(function))
    return nullptr;
  std::string name = function->symbol + "_" + (suffix ? suffix : "");
  if (void *address = function->module->lookup(name))
    return address;
  fail(SEQC_ERROR_USAGE, "expected an exported symbol, but got '" + name + "'");
  return nullptr;
}

const char *seqc_tensor_name(const seqc_function *function, int32_t i) {
  const TensorSignature *tensor = tensorAt(function, i);
  return tensor ? tensor->name.c_str() : nullptr;
}

DLDataType seqc_tensor_dtype(const seqc_function *function, int32_t i) {
  const TensorSignature *tensor = tensorAt(function, i);
  if (!tensor)
    return {0, 0, 0};
  return {uint8_t(elementTypeCode(tensor->elementType)),
          uint8_t(8 * elementTypeBytes(tensor->elementType)), 1};
}

int32_t seqc_tensor_rank(const seqc_function *function, int32_t i) {
  const TensorSignature *tensor = tensorAt(function, i);
  return tensor ? int32_t(tensor->dims.size()) : -2;
}

int32_t seqc_tensor_is_scalar(const seqc_function *function, int32_t i) {
  const TensorSignature *tensor = tensorAt(function, i);
  return tensor ? tensor->isScalar : -2;
}

int64_t seqc_tensor_size(const seqc_function *function, int32_t i, int32_t d) {
  const DimSignature *size = sizeAt(function, i, d);
  return size ? size->size : -2;
}

const char *seqc_tensor_size_name(const seqc_function *function, int32_t i, int32_t d) {
  const DimSignature *size = sizeAt(function, i, d);
  if (!size || size->symbol < 0)
    return nullptr;
  return function->signature->symbols[size->symbol].c_str();
}

int64_t seqc_tensor_offsets_end(const seqc_function *function, int32_t i) {
  const TensorSignature *tensor = tensorAt(function, i);
  return tensor && tensor->offsets ? tensor->offsets->total.size : -2;
}

const char *seqc_tensor_offsets_end_name(const seqc_function *function, int32_t i) {
  const TensorSignature *tensor = tensorAt(function, i);
  if (!tensor || !tensor->offsets || tensor->offsets->total.size >= 0)
    return nullptr;
  return function->signature->symbols[tensor->offsets->total.symbol].c_str();
}

int32_t seqc_tensor_state(const seqc_function *function, int32_t i) {
  if (!tensorAt(function, i))
    return -2;
  const FunctionSignature &signature = *function->signature;
  for (const StateSignature &state : signature.states) {
    bool given = state.argument < signature.publicArguments;
    bool returned = state.result < signature.publicResults;
    int32_t result = signature.publicArguments + state.result;
    if (given && i == state.argument)
      return returned ? result : i;
    if (returned && i == result)
      return given ? state.argument : i;
  }
  return -1;
}

} // extern "C"
