//===- Header.cpp - The C header of a compiled module ---------------------===//
//
// The exported functions take arrays of tensors. The header makes them
// pleasant: inline functions that take pointers, sizes by name and scalars by
// value, and build the tensors. They read a symbol whose name holds the
// signature's hash, so that a program with an old header does not link with a
// new library.
//
//===----------------------------------------------------------------------===//
#include "seqc/Link/Header.h"
#include "seqc/Support/Spelling.h"
#include "seqc/Target/Abi.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

extern "C" {
extern const unsigned char seqc_abi_text[];
extern const unsigned long seqc_abi_text_bytes;
}

namespace seqc {

static StringRef cType(ElementType type) {
  switch (type) {
  case ElementType::F64:
    return "double";
  case ElementType::F32:
    return "float";
  // Real and imaginary part in turns: the memory of both C's and C++'s complex numbers.
  case ElementType::Complex128:
    return "double";
  case ElementType::Complex64:
    return "float";
  case ElementType::F16:
  case ElementType::BF16:
    return "uint16_t";
  case ElementType::I64:
  case ElementType::Index:
    return "int64_t";
  case ElementType::I32:
    return "int32_t";
  case ElementType::I16:
    return "int16_t";
  case ElementType::I8:
    return "int8_t";
  case ElementType::Bool:
    return "uint8_t";
  }
  return "void";
}

static StringRef typeCode(ElementType type) {
  switch (type) {
  case ElementType::BF16:
    return "kDLBfloat";
  case ElementType::Bool:
    return "kDLBool";
  case ElementType::F64:
  case ElementType::F32:
  case ElementType::F16:
    return "kDLFloat";
  case ElementType::Complex128:
  case ElementType::Complex64:
    return "kDLComplex";
  default:
    return "kDLInt";
  }
}

/// `name` as a C identifier that is no keyword.
static std::string identifier(StringRef name) {
  std::string result = cIdentifier(name);
  return isCIdentifier(result) ? result : result + "_";
}

namespace {
/// A tensor as a parameter of an inline function.
struct Parameter {
  const TensorSignature *tensor;
  std::string name;
  bool isResult;
};

/// Writes the part of one function.
class FunctionWriter {
public:
  FunctionWriter(raw_ostream &out, const FunctionSignature &function, StringRef prefix);
  void write();

private:
  std::string unique(StringRef name);
  std::string typeText(const TensorSignature &tensor) const;
  std::string shapeText(const TensorSignature &tensor) const;
  std::string sizeText(const DimSignature &dim) const;
  std::string parameterText(const Parameter &parameter) const;
  std::string signatureText(ArrayRef<int32_t> sizes, ArrayRef<Parameter> parameters) const;
  std::vector<int32_t> sizesOf(ArrayRef<Parameter> parameters) const;
  std::vector<int32_t> stateSizes() const;
  std::vector<Parameter> stepParameters() const;
  std::vector<Parameter> initialParameters() const;
  bool isStateEnd(const Parameter &parameter) const;

  void writeComment();
  void writePrototypes();
  void writeStreamPrototypes();
  void writeTensors(ArrayRef<Parameter> parameters);
  void writeCall();
  void writeSizes();
  void writeStream();

  raw_ostream &out;
  const FunctionSignature &function;
  std::string symbol, inlineName, check;
  StringSet<> used;
  std::vector<std::string> sizeNames;
  std::vector<Parameter> parameters;
};
} // namespace

FunctionWriter::FunctionWriter(raw_ostream &out, const FunctionSignature &function,
                               StringRef prefix)
    : out(out), function(function), symbol(prefix.str() + cIdentifier(function.name)),
      inlineName(identifier(symbol)) {
  for (StringRef taken : {"context", "state", "state_bytes"})
    used.insert(taken);
  for (const std::string &size : function.symbols)
    sizeNames.push_back(unique(size));
  ArrayRef<TensorSignature> arguments = function.arguments, results = function.results;
  for (const TensorSignature &tensor : arguments.take_front(function.publicArguments))
    parameters.push_back({&tensor, unique(tensor.name), false});
  for (const TensorSignature &tensor : results.take_front(function.publicResults))
    parameters.push_back({&tensor, unique(tensor.name), true});
  std::string hash = signatureHashText(function);
  check = "  if (" + symbol + "_sig_" + hash + " != 0x" + hash + "u)\n" +
          "    return SEQC_ERROR_SIGNATURE;\n";
}

/// A parameter's name: not one that is taken, nor one of the locals, which
/// start with seqc_.
std::string FunctionWriter::unique(StringRef name) {
  std::string result = identifier(name);
  if (StringRef(result).starts_with("seqc_") || result == symbol || result == inlineName)
    result += "_";
  while (!used.insert(result).second)
    result += "_";
  return result;
}

std::string FunctionWriter::typeText(const TensorSignature &tensor) const {
  std::string text = elementTypeName(tensor.elementType).str();
  if (tensor.isScalar)
    return text;
  return text + "[" + shapeText(tensor) + "]";
}

/// The sizes, by name where they are dynamic.
std::string FunctionWriter::shapeText(const TensorSignature &tensor) const {
  std::string text;
  for (const DimSignature &dim : tensor.dims)
    text += (text.empty() ? "" : ", ") + sizeText(dim);
  return text;
}

std::string FunctionWriter::sizeText(const DimSignature &dim) const {
  if (dim.size >= 0)
    return std::to_string(dim.size);
  return dim.symbol < 0 ? "?" : sizeNames[dim.symbol];
}

std::string FunctionWriter::parameterText(const Parameter &parameter) const {
  std::string type = cType(parameter.tensor->elementType).str();
  if (parameter.isResult)
    return type + " *" + parameter.name;
  return parameter.tensor->isScalar ? type + " " + parameter.name
                                    : "const " + type + " *" + parameter.name;
}

/// "int64_t B, int64_t T, const float *u, float *h"
std::string FunctionWriter::signatureText(ArrayRef<int32_t> sizes,
                                          ArrayRef<Parameter> parameters) const {
  std::vector<std::string> texts;
  for (int32_t size : sizes)
    texts.push_back("int64_t " + sizeNames[size]);
  for (const Parameter &parameter : parameters)
    texts.push_back(parameterText(parameter));
  return join(texts, ", ");
}

/// The symbols that occur in these tensors, in the function's order.
std::vector<int32_t> FunctionWriter::sizesOf(ArrayRef<Parameter> parameters) const {
  std::vector<int32_t> sizes;
  for (int32_t s = 0; s < int32_t(sizeNames.size()); ++s)
    if (any_of(parameters, [&](const Parameter &parameter) {
          return any_of(parameter.tensor->dims,
                        [&](const DimSignature &dim) { return dim.size < 0 && dim.symbol == s; });
        }))
      sizes.push_back(s);
  return sizes;
}

/// Every symbol but the number of steps.
std::vector<int32_t> FunctionWriter::stateSizes() const {
  std::vector<int32_t> sizes;
  for (int32_t s = 0; s < int32_t(sizeNames.size()); ++s)
    if (s != function.timeSymbol)
      sizes.push_back(s);
  return sizes;
}

bool FunctionWriter::isStateEnd(const Parameter &parameter) const {
  return any_of(function.states, [&](const StateSignature &state) {
    return parameter.tensor == (parameter.isResult ? &function.results[state.result]
                                                   : &function.arguments[state.argument]);
  });
}

std::vector<Parameter> FunctionWriter::stepParameters() const {
  std::vector<Parameter> step;
  copy_if(parameters, std::back_inserter(step),
          [&](const Parameter &parameter) { return !isStateEnd(parameter); });
  return step;
}

/// The public initial states, in the order of the states.
std::vector<Parameter> FunctionWriter::initialParameters() const {
  std::vector<Parameter> initial;
  for (const StateSignature &state : function.states)
    if (state.argument < function.publicArguments)
      initial.push_back(parameters[state.argument]);
  return initial;
}

//===----------------------------------------------------------------------===//
// Prototypes
//===----------------------------------------------------------------------===//

void FunctionWriter::writeComment() {
  out << "/* " << function.name << "\n *\n";
  for (const Parameter &parameter : parameters) {
    out << " *   " << (parameter.isResult ? "gives " : "takes ") << parameter.name << ": "
        << typeText(*parameter.tensor);
    if (parameter.tensor->offsets)
      out << ", offsets of packed sequences: from 0 to "
          << sizeText(parameter.tensor->offsets->total) << ", never falling";
    for (const StateSignature &state : function.states) {
      if (parameter.tensor == &function.arguments[state.argument])
        out << ", initial value of state '" << state.name << "'";
      if (parameter.tensor == &function.results[state.result])
        out << ", its final value";
    }
    out << "\n";
  }
  out << " *\n";
  if (function.numbers == "bitwise")
    out << " * Numbers: the same bits for every split of a sequence, batch and "
           "thread count.\n";
  else if (function.numbers == "backward")
    out << " * Numbers: the same bits for every thread count; every step is that of the state "
           "before "
           "it,\n * except where that state jumps by some units in the last place.\n";
  else
    out << " * Numbers: the same bits for every thread count; within the "
           "documented tolerance of "
           "the\n * sequential evaluation.\n";
  if (!function.streams && !function.notStreamable.empty())
    out << " * No step function: " << function.notStreamable << "\n";
  out << " */\n";
}

void FunctionWriter::writePrototypes() {
  unsigned arguments = function.publicArguments, results = function.publicResults;
  out << "/* The uniform entry: " << arguments << " arguments, then " << results
      << " results. Scalars are tensors of rank 0. Returns SEQC_OK or a\n"
         " * seqc_status; the message is in the context's buffer and in "
         "<module>_last_error().\n"
         " * An initial state and its final state may be the same memory. */\n"
      << "int32_t " << symbol
      << "_call(const seqc_context *context, const DLTensor *const *args, "
         "int32_t n);\n"
      << "/* Fills the results' sizes from the arguments'. Data may be null, except that of index "
         "arguments. "
         "*/\n"
      << "int32_t " << symbol << "_shapes(const DLTensor *const *args, int32_t n);\n"
      << "/* Bytes of scratch for a call with arguments of these sizes "
         "(results may be left "
         "out),\n * or -seqc_status. */\n"
      << "int64_t " << symbol << "_scratch_bytes(const DLTensor *const *args, int32_t n);\n"
      << "/* Links only with the library that this header belongs to. */\n"
      << "extern const uint64_t " << symbol << "_sig_" << signatureHashText(function) << ";\n";
  if (function.streams)
    writeStreamPrototypes();
}

void FunctionWriter::writeStreamPrototypes() {
  out << "/* Streaming: the caller owns `state`, " << symbol
      << "_state_bytes bytes, aligned to 16. `sizes` are\n * {" << join(sizeNames, ", ") << "}";
  if (function.timeSymbol >= 0)
    out << ", where " << sizeNames[function.timeSymbol] << " does not matter";
  std::vector<std::string> names;
  for (const Parameter &initial : initialParameters())
    names.push_back(initial.name);
  out << ". Initial states {" << join(names, ", ")
      << "}:\n * null, or none of them (n_initial 0): zero. */\n"
      << "int64_t " << symbol << "_state_bytes(const int64_t *sizes, int32_t n_sizes);\n"
      << "int32_t " << symbol
      << "_state_init(void *state, int64_t state_bytes, const int64_t *sizes, "
         "int32_t n_sizes,\n"
         "    const DLTensor *const *initial, int32_t n_initial);\n"
      << "/* Any number of steps. `args` are those of " << symbol
      << "_call without initial and final states. */\n"
      << "int32_t " << symbol
      << "_step(const seqc_context *context, void *state, int64_t "
         "state_bytes,\n"
         "    const DLTensor *const *args, int32_t n);\n"
      << "int64_t " << symbol
      << "_step_scratch_bytes(const void *state, int64_t state_bytes,\n"
         "    const DLTensor *const *args, int32_t n);\n";
}

//===----------------------------------------------------------------------===//
// Inline functions
//===----------------------------------------------------------------------===//

/// Declares seqc_args, an array of the tensors.
void FunctionWriter::writeTensors(ArrayRef<Parameter> parameters) {
  size_t count = std::max<size_t>(parameters.size(), 1);
  out << formatv("  DLTensor seqc_tensors[{0}];\n  const DLTensor "
                 "*seqc_args[{0}] = {{NULL};\n",
                 count);
  for (auto [i, parameter] : enumerate(parameters)) {
    const TensorSignature &tensor = *parameter.tensor;
    std::string shape = "NULL";
    if (!tensor.dims.empty()) {
      shape = "seqc_shape" + std::to_string(i);
      std::string sizes = shapeText(tensor);
      std::replace(sizes.begin(), sizes.end(), '?', '0');
      out << "  int64_t " << shape << "[" << tensor.dims.size() << "] = {" << sizes << "};\n";
    }
    bool byValue = tensor.isScalar && !parameter.isResult;
    out << formatv("  seqc_tensors[{0}] = seqc_tensor({1}{2}, {3}, {4}, {5}, "
                   "{6});\n",
                   i, byValue ? "&" : "", parameter.name, typeCode(tensor.elementType),
                   8 * elementTypeBytes(tensor.elementType), tensor.dims.size(), shape)
        << formatv("  seqc_args[{0}] = &seqc_tensors[{0}];\n", i);
  }
  out << "  (void)seqc_tensors;\n";
}

static bool hasUnknownSize(const Parameter &parameter) {
  return any_of(parameter.tensor->dims,
                [](const DimSignature &dim) { return dim.size < 0 && dim.symbol < 0; });
}

void FunctionWriter::writeCall() {
  std::vector<int32_t> sizes = sizesOf(parameters);
  std::string rest = signatureText(sizes, parameters);
  out << "/* The typed entry, on the threads and memory of a context. */\n"
      << "static inline int32_t " << inlineName << "_ex(const seqc_context *context"
      << (rest.empty() ? "" : ", ") << rest << ") {\n";
  writeTensors(parameters);
  out << check;
  if (any_of(parameters, hasUnknownSize))
    out << formatv("  int32_t seqc_code = {0}_shapes(seqc_args, {1});\n"
                   "  if (seqc_code != SEQC_OK)\n    return seqc_code;\n",
                   symbol, parameters.size());
  out << formatv("  return {0}_call(context, seqc_args, {1});\n}\n", symbol, parameters.size())
      << "/* The same on the calling thread. */\n"
      << "static inline int32_t " << inlineName << "(" << (rest.empty() ? "void" : rest)
      << ") {\n  return " << inlineName << "_ex(NULL";
  for (int32_t size : sizes)
    out << ", " << sizeNames[size];
  for (const Parameter &parameter : parameters)
    out << ", " << parameter.name;
  out << ");\n}\n";
}

/// Declares seqc_sizes, the array of all symbols' values.
void FunctionWriter::writeSizes() {
  out << formatv("  int64_t seqc_sizes[{0}] = {{", std::max<size_t>(sizeNames.size(), 1));
  std::vector<std::string> values;
  for (int32_t s = 0; s < int32_t(sizeNames.size()); ++s)
    values.push_back(s == function.timeSymbol ? "1" : sizeNames[s]);
  out << (values.empty() ? "0" : join(values, ", ")) << "};\n";
}

void FunctionWriter::writeStream() {
  std::string sizes = signatureText(stateSizes(), {});
  std::vector<Parameter> initial = initialParameters(), step = stepParameters();
  out << "/* Bytes of a stream's state. */\n"
      << "static inline int64_t " << inlineName << "_stream_bytes("
      << (sizes.empty() ? "void" : sizes) << ") {\n";
  writeSizes();
  out << formatv("  return {0}_state_bytes(seqc_sizes, {1});\n}\n", symbol, sizeNames.size());

  std::string rest = signatureText(stateSizes(), initial);
  out << "/* Begins a stream. A null initial state is zero. */\n"
      << "static inline int32_t " << inlineName << "_stream_init(void *state, int64_t state_bytes"
      << (rest.empty() ? "" : ", ") << rest << ") {\n";
  writeSizes();
  writeTensors(initial);
  for (auto [i, parameter] : enumerate(initial))
    if (!parameter.tensor->isScalar)
      out << formatv("  if (!{0})\n    seqc_args[{1}] = NULL;\n", parameter.name, i);
  out << check
      << formatv("  return {0}_state_init(state, state_bytes, seqc_sizes, {1}, "
                 "seqc_args, {2});\n"
                 "}\n",
                 symbol, sizeNames.size(), initial.size());

  rest = signatureText(sizesOf(step), step);
  out << "/* Goes on by any number of steps. */\n"
      << "static inline int32_t " << inlineName
      << "_stream_step(const seqc_context *context, void *state, int64_t "
         "state_bytes"
      << (rest.empty() ? "" : ", ") << rest << ") {\n";
  writeTensors(step);
  out << check
      << formatv("  return {0}_step(context, state, state_bytes, seqc_args, "
                 "{1});\n}\n",
                 symbol, step.size());
}

void FunctionWriter::write() {
  writeComment();
  writePrototypes();
  writeCall();
  if (function.streams)
    writeStream();
  out << "\n";
}

//===----------------------------------------------------------------------===//
// The whole header
//===----------------------------------------------------------------------===//

std::string writeHeader(const ModuleSignature &module, StringRef compilerVersion,
                        StringRef prefix) {
  std::string text;
  raw_string_ostream out(text);
  std::string base = prefix.str() + cIdentifier(module.name);
  std::string guard = "SEQC_MODEL_" + StringRef(base).upper() + "_H";
  out << "/* " << base << ": a model compiled by " << compilerVersion << " for " << module.triple
      << ".\n * Made by seqc; do not edit. */\n"
      << "#ifndef " << guard << "\n#define " << guard << "\n\n"
      << StringRef(reinterpret_cast<const char *>(seqc_abi_text), seqc_abi_text_bytes)
      << "#if SEQC_ABI_VERSION != 1\n"
         "#error \"this model's header and another one are of different ABI "
         "versions\"\n#endif\n\n"
      << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
      << "/* JSON: ABI and compiler version, triple, CPU features, functions. "
         "Valid while the "
         "library\n * is loaded. */\n"
      << "const char *" << base << "_info(void);\n"
      << "/* This thread's last error message, valid until its next failing "
         "call. */\n"
      << "const char *" << base << "_last_error(void);\n\n";
  for (const FunctionSignature &function : module.functions)
    FunctionWriter(out, function, prefix).write();
  out << "#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard << " */\n";
  return text;
}

} // namespace seqc
