//===- Abi.cpp - Names, hashes and JSON of a library's interface ----------===//
#include "seqc/Target/Abi.h"
#include "seqc-c/seqc_abi.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace seqc {

namespace {
struct ElementRow {
  ElementType type;
  StringLiteral name;
  int bytes;
  int code;
};
constexpr ElementRow elementRows[] = {
    {ElementType::F64, "f64", 8, kDLFloat},
    {ElementType::F32, "f32", 4, kDLFloat},
    {ElementType::F16, "f16", 2, kDLFloat},
    {ElementType::BF16, "bf16", 2, kDLBfloat},
    {ElementType::Complex128, "complex128", 16, kDLComplex},
    {ElementType::Complex64, "complex64", 8, kDLComplex},
    {ElementType::I64, "i64", 8, kDLInt},
    {ElementType::I32, "i32", 4, kDLInt},
    {ElementType::I16, "i16", 2, kDLInt},
    {ElementType::I8, "i8", 1, kDLInt},
    {ElementType::Bool, "bool", 1, kDLBool},
    {ElementType::Index, "i64", 8, kDLInt},
};

const ElementRow &rowOf(ElementType type) {
  return *find_if(elementRows, [&](const ElementRow &row) { return row.type == type; });
}
} // namespace

StringRef elementTypeName(ElementType type) { return rowOf(type).name; }
int elementTypeBytes(ElementType type) { return rowOf(type).bytes; }
int elementTypeCode(ElementType type) { return rowOf(type).code; }

std::string cIdentifier(StringRef name) {
  std::string result;
  for (char c : name)
    result.push_back(isAlnum(c) ? c : '_');
  if (result.empty() || isDigit(result.front()))
    result.insert(result.begin(), '_');
  return result;
}

//===----------------------------------------------------------------------===//
// Writing JSON
//===----------------------------------------------------------------------===//

static void writeDim(json::OStream &out, const DimSignature &dim,
                     const FunctionSignature &function) {
  if (dim.size >= 0)
    out.value(dim.size);
  else
    out.value(dim.symbol < 0 ? StringRef("?") : StringRef(function.symbols[dim.symbol]));
}

static void writeTensor(json::OStream &out, const TensorSignature &tensor,
                        const FunctionSignature &function) {
  out.object([&] {
    out.attribute("name", tensor.name);
    out.attribute("dtype", elementTypeName(tensor.elementType));
    out.attribute("scalar", tensor.isScalar);
    out.attributeArray("shape", [&] {
      for (const DimSignature &dim : tensor.dims)
        writeDim(out, dim, function);
    });
    if (tensor.offsets)
      out.attributeArray("offsets", [&] {
        writeDim(out, tensor.offsets->total, function);
        writeDim(out, tensor.offsets->sequences, function);
      });
  });
}

static void writeTensors(json::OStream &out, StringRef key, ArrayRef<TensorSignature> tensors,
                         const FunctionSignature &function) {
  out.attributeArray(key, [&] {
    for (const TensorSignature &tensor : tensors)
      writeTensor(out, tensor, function);
  });
}

/// The attributes on which callers rely, which are also what the hash covers.
static void writeInterface(json::OStream &out, const FunctionSignature &function) {
  ArrayRef<TensorSignature> arguments = function.arguments, results = function.results;
  out.attribute("name", function.name);
  out.attributeArray("symbols", [&] {
    for (const std::string &symbol : function.symbols)
      out.value(symbol);
  });
  writeTensors(out, "arguments", arguments.take_front(function.publicArguments), function);
  writeTensors(out, "results", results.take_front(function.publicResults), function);
  writeTensors(out, "hiddenArguments", arguments.drop_front(function.publicArguments), function);
  writeTensors(out, "hiddenResults", results.drop_front(function.publicResults), function);
  out.attributeArray("states", [&] {
    for (const StateSignature &state : function.states)
      out.object([&] {
        out.attribute("name", state.name);
        out.attribute("argument", state.argument);
        out.attribute("result", state.result);
      });
  });
  out.attribute("streams", function.streams);
  if (function.timeSymbol >= 0)
    out.attribute("time", function.symbols[function.timeSymbol]);
  else
    out.attribute("time", nullptr);
}

std::string signatureText(const FunctionSignature &function) {
  std::string text;
  raw_string_ostream stream(text);
  json::OStream out(stream);
  out.object([&] {
    out.attribute("abi", SEQC_ABI_VERSION);
    writeInterface(out, function);
  });
  return text;
}

uint64_t signatureHash(const FunctionSignature &function) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (unsigned char c : signatureText(function))
    hash = (hash ^ c) * 0x100000001b3u;
  return hash;
}

std::string signatureHashText(const FunctionSignature &function) {
  return formatv("{0:x-16}", signatureHash(function)).str();
}

std::string moduleInfo(const ModuleSignature &module, StringRef compilerVersion, StringRef prefix) {
  std::string text;
  raw_string_ostream stream(text);
  json::OStream out(stream);
  out.object([&] {
    out.attribute("abi", SEQC_ABI_VERSION);
    out.attribute("compiler", compilerVersion);
    out.attribute("module", module.name);
    out.attribute("prefix", prefix);
    out.attribute("triple", module.triple);
    out.attributeArray("features", [&] {
      for (const std::string &feature : module.features)
        out.value(feature);
    });
    if (!module.cuda.empty())
      out.attributeArray("cuda", [&] {
        for (const std::string &arch : module.cuda)
          out.value(arch);
      });
    out.attributeArray("functions", [&] {
      for (const FunctionSignature &function : module.functions)
        out.object([&] {
          out.attribute("symbol", prefix.str() + cIdentifier(function.name));
          out.attribute("hash", signatureHashText(function));
          out.attribute("numbers", function.numbers);
          writeInterface(out, function);
          out.attribute("notStreamable", function.notStreamable);
        });
    });
  });
  return text;
}

//===----------------------------------------------------------------------===//
// Reading JSON
//===----------------------------------------------------------------------===//

static bool fromJSON(const json::Value &value, ElementType &type, json::Path path) {
  if (std::optional<StringRef> name = value.getAsString())
    for (const ElementRow &row : elementRows)
      if (row.name == *name) {
        type = row.type;
        return true;
      }
  path.report("expected a dtype");
  return false;
}

static bool readDim(const json::Value &value, ArrayRef<std::string> symbols, DimSignature &dim,
                    json::Path path) {
  if (std::optional<int64_t> size = value.getAsInteger(); size && *size >= 0) {
    dim.size = *size;
    return true;
  }
  std::optional<StringRef> name = value.getAsString();
  const std::string *symbol = name ? find(symbols, *name) : symbols.end();
  if (symbol == symbols.end() && name != StringRef("?")) {
    path.report("expected a size or a symbol");
    return false;
  }
  dim.symbol = symbol == symbols.end() ? -1 : int32_t(symbol - symbols.begin());
  return true;
}

static bool readTensor(const json::Value &value, ArrayRef<std::string> symbols,
                       TensorSignature &tensor, json::Path path) {
  json::ObjectMapper map(value, path);
  if (!map || !map.map("name", tensor.name) || !map.map("dtype", tensor.elementType) ||
      !map.map("scalar", tensor.isScalar))
    return false;
  const json::Array *shape = value.getAsObject()->getArray("shape");
  if (!shape) {
    path.field("shape").report("expected array");
    return false;
  }
  for (auto [i, size] : enumerate(*shape))
    if (!readDim(size, symbols, tensor.dims.emplace_back(), path.field("shape").index(i)))
      return false;
  const json::Value *offsets = value.getAsObject()->get("offsets");
  if (!offsets)
    return true;
  const json::Array *pair = offsets->getAsArray();
  if (!pair || pair->size() != 2) {
    path.field("offsets").report("expected the number of steps and that of sequences");
    return false;
  }
  tensor.offsets.emplace();
  return readDim((*pair)[0], symbols, tensor.offsets->total, path.field("offsets").index(0)) &&
         readDim((*pair)[1], symbols, tensor.offsets->sequences, path.field("offsets").index(1));
}

/// Appends the tensors of the arrays `keys` and sets `publicCount` to the
/// first's length.
static bool readTensors(const json::Object &object, ArrayRef<StringRef> keys,
                        ArrayRef<std::string> symbols, std::vector<TensorSignature> &tensors,
                        int32_t &publicCount, json::Path path) {
  for (StringRef key : keys) {
    const json::Array *array = object.getArray(key);
    if (!array) {
      path.field(key).report("expected array");
      return false;
    }
    if (key == keys.front())
      publicCount = int32_t(array->size());
    for (auto [i, value] : enumerate(*array))
      if (!readTensor(value, symbols, tensors.emplace_back(), path.field(key).index(i)))
        return false;
  }
  return true;
}

static bool fromJSON(const json::Value &value, StateSignature &state, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", state.name) && map.map("argument", state.argument) &&
         map.map("result", state.result);
}

static bool fromJSON(const json::Value &value, FunctionSignature &function, json::Path path) {
  json::ObjectMapper map(value, path);
  if (!map || !map.map("name", function.name) || !map.map("symbols", function.symbols) ||
      !map.map("numbers", function.numbers) || !map.map("streams", function.streams) ||
      !map.map("states", function.states) || !map.map("notStreamable", function.notStreamable))
    return false;
  const json::Object &object = *value.getAsObject();
  std::optional<std::string> time;
  if (!map.map("time", time) ||
      !readTensors(object, {"arguments", "hiddenArguments"}, function.symbols, function.arguments,
                   function.publicArguments, path) ||
      !readTensors(object, {"results", "hiddenResults"}, function.symbols, function.results,
                   function.publicResults, path))
    return false;
  if (time) {
    auto symbol = find(function.symbols, *time);
    if (symbol == function.symbols.end()) {
      path.field("time").report("expected a symbol");
      return false;
    }
    function.timeSymbol = int32_t(symbol - function.symbols.begin());
  }
  return true;
}

static bool fromJSON(const json::Value &value, ModuleSignature &module, json::Path path) {
  json::ObjectMapper map(value, path);
  int64_t abi = 0;
  if (!map || !map.map("abi", abi))
    return false;
  if (abi != SEQC_ABI_VERSION) {
    path.field("abi").report("expected ABI version 1");
    return false;
  }
  return map.map("module", module.name) && map.map("triple", module.triple) &&
         map.map("features", module.features) && map.mapOptional("cuda", module.cuda) &&
         map.map("functions", module.functions);
}

Expected<ModuleSignature> parseModuleInfo(StringRef text) {
  static_assert(SEQC_ABI_VERSION == 1, "the message above names the version");
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return value.takeError();
  ModuleSignature module;
  json::Path::Root root("info");
  if (!fromJSON(*value, module, root))
    return root.getError();
  if (Error error = checkSignature(module))
    return Expected<ModuleSignature>(std::move(error));
  return module;
}

//===----------------------------------------------------------------------===//
// Checking
//===----------------------------------------------------------------------===//

static Error fail(const FunctionSignature &function, const Twine &message) {
  return createStringError("function '" + function.name + "': " + message);
}

static Error checkDims(const FunctionSignature &function, ArrayRef<TensorSignature> tensors,
                       bool needSymbols) {
  for (const TensorSignature &tensor : tensors) {
    if (tensor.isScalar && !tensor.dims.empty())
      return fail(function, "expected no sizes for scalar '" + tensor.name + "'");
    for (const DimSignature &dim : tensor.dims)
      if (dim.size < 0 &&
          (dim.symbol >= int32_t(function.symbols.size()) || (needSymbols && dim.symbol < 0)))
        return fail(function, "expected a symbol for each dynamic size of '" + tensor.name + "'");
  }
  return Error::success();
}

/// Offsets of packed sequences are one argument of rank 1 with 4 or 8 bytes each, whose total is
/// known: the runtime reads them by this.
static Error checkOffsets(const FunctionSignature &function) {
  auto hasSymbol = [&](const DimSignature &dim) {
    return dim.symbol < int32_t(function.symbols.size());
  };
  for (const auto &[i, tensor] : enumerate(function.arguments)) {
    if (!tensor.offsets)
      continue;
    ElementType type = tensor.elementType;
    bool integers =
        type == ElementType::I32 || type == ElementType::I64 || type == ElementType::Index;
    const DimSignature &total = tensor.offsets->total;
    if (!integers || tensor.dims.size() != 1 || int32_t(i) >= function.publicArguments ||
        (total.size < 0 && total.symbol < 0) || !hasSymbol(total) ||
        !hasSymbol(tensor.offsets->sequences))
      return fail(function, "expected a public argument of rank 1, i32 or i64, and a number of "
                            "steps for the offsets '" +
                                tensor.name + "'");
  }
  for (const TensorSignature &tensor : function.results)
    if (tensor.offsets)
      return fail(function, "expected no offsets as result '" + tensor.name + "'");
  return Error::success();
}

/// True if two tensors take the same memory: but for sizes of 1 (a window of one
/// step has one), their sizes are the same.
static bool haveSameMemory(const TensorSignature &a, const TensorSignature &b) {
  auto wide = [](const TensorSignature &tensor) {
    SmallVector<int64_t> sizes;
    for (const DimSignature &dim : tensor.dims)
      if (dim.size != 1)
        sizes.push_back(dim.size);
    return sizes;
  };
  return a.elementType == b.elementType && wide(a) == wide(b);
}

/// Each state joins one argument and one result of equal memory; each hidden
/// tensor is a state.
static Error checkStates(const FunctionSignature &function) {
  std::vector<bool> arguments(function.arguments.size()), results(function.results.size());
  for (const StateSignature &state : function.states) {
    if (state.argument < 0 || state.argument >= int32_t(arguments.size()) || state.result < 0 ||
        state.result >= int32_t(results.size()) || arguments[state.argument] ||
        results[state.result])
      return fail(function, "expected one argument and one result for state '" + state.name + "'");
    arguments[state.argument] = results[state.result] = true;
    const TensorSignature &from = function.arguments[state.argument];
    const TensorSignature &to = function.results[state.result];
    if (!haveSameMemory(from, to))
      return fail(function, "expected equal types at both ends of state '" + state.name + "'");
  }
  auto allStates = [](const std::vector<bool> &used, int32_t first) {
    return first >= 0 && first <= int32_t(used.size()) &&
           std::find(used.begin() + first, used.end(), false) == used.end();
  };
  if (!allStates(arguments, function.publicArguments) ||
      !allStates(results, function.publicResults))
    return fail(function, "expected every hidden argument and result to be a state");
  return Error::success();
}

static Error checkFunction(const FunctionSignature &function) {
  ArrayRef<TensorSignature> arguments = function.arguments;
  if (Error error = checkStates(function))
    return error;
  if (Error error = checkDims(function, arguments.take_front(function.publicArguments), true))
    return error;
  if (Error error = checkDims(function, arguments, false))
    return error;
  if (Error error = checkDims(function, function.results, false))
    return error;
  if (Error error = checkOffsets(function))
    return error;
  if (function.timeSymbol >= int32_t(function.symbols.size()))
    return fail(function, "expected the time symbol among its symbols");
  return Error::success();
}

/// What functions and module claim: `f` and every name that the header or
/// library makes of it.
static constexpr StringLiteral functionSuffixes[] = {"",
                                                     "_ex",
                                                     "_call",
                                                     "_shapes",
                                                     "_scratch_bytes",
                                                     "_state_bytes",
                                                     "_state_init",
                                                     "_step",
                                                     "_step_scratch_bytes",
                                                     "_stream_bytes",
                                                     "_stream_init",
                                                     "_stream_step"};

Error checkSignature(const ModuleSignature &module, StringRef prefix) {
  StringMap<std::string> owners;
  std::string moduleSymbol = prefix.str() + cIdentifier(module.name);
  for (StringRef suffix : {"_info", "_last_error"})
    owners[moduleSymbol + suffix.str()] = "the module";
  for (const FunctionSignature &function : module.functions) {
    if (Error error = checkFunction(function))
      return error;
    for (StringRef suffix : functionSuffixes) {
      std::string symbol = prefix.str() + cIdentifier(function.name) + suffix.str();
      auto [owner, isNew] = owners.try_emplace(symbol, "function '" + function.name + "'");
      if (!isNew)
        return fail(function, "expected C symbols of its own, but '" + symbol + "' belongs to " +
                                  owner->second);
    }
  }
  return Error::success();
}

} // namespace seqc
