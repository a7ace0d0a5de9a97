//===- BindWeights.cpp - Arguments become constants -----------------------===//
//
// `%w: tensor<512x128xf32> {seqc.param = "encoder.weight"}` and a file with a
// tensor of that name: the argument disappears, a constant takes its place. The
// bytes are copied once, as a block.
//
//===----------------------------------------------------------------------===//
#include "LoadParts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "seqc/Frontend/Safetensors.h"
#include "seqc/Frontend/TypeNames.h"
#include "seqc/Support/Spelling.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace mlir;
using namespace seqc;

/// The dtype of the file format that fills elements of `type`; "" if there is
/// none.
static StringRef getDtype(Type type) {
  if (type.isF64())
    return "F64";
  if (type.isF32())
    return "F32";
  if (type.isF16())
    return "F16";
  if (type.isBF16())
    return "BF16";
  if (type.isInteger(1))
    return "BOOL";
  for (auto [width, name] : {std::pair(8, "I8"), {16, "I16"}, {32, "I32"}, {64, "I64"}})
    if (type.isSignlessInteger(width))
      return name;
  return "";
}

/// "f32[512,128]" for a stored tensor.
static std::string describe(const StoredTensor &tensor) {
  std::string text = StringRef(tensor.dtype).lower() + "[";
  ListSeparator comma(",");
  for (int64_t size : tensor.shape) {
    text += StringRef(comma);
    text += std::to_string(size);
  }
  return text + "]";
}

static DenseElementsAttr makeConstant(RankedTensorType type, StringRef bytes) {
  if (type.getElementType().isInteger(1)) {
    SmallVector<bool> values(bytes.size());
    llvm::transform(bytes, values.begin(), [](char c) { return c != 0; });
    return DenseElementsAttr::get(type, values);
  }
  return DenseElementsAttr::getFromRawBuffer(type, ArrayRef(bytes.data(), bytes.size()));
}

/// The value of parameter `name` for `argument`, or null after an error at the
/// argument.
static DenseElementsAttr findValue(BlockArgument argument, StringRef name,
                                   const StringMap<StoredTensor> &tensors, StringRef path) {
  auto type = dyn_cast<RankedTensorType>(argument.getType());
  auto error = [&] { return emitError(argument.getLoc()) << "expected "; };
  if (!type || !type.hasStaticShape() || getDtype(type.getElementType()).empty()) {
    error() << "a tensor with static sizes for parameter '" << name << "', but got "
            << describeType(argument.getType());
    return {};
  }
  auto found = tensors.find(name);
  if (found == tensors.end()) {
    SmallVector<StringRef> names(tensors.keys());
    InFlightDiagnostic diagnostic = error();
    diagnostic << describeType(type) << " for parameter '" << name
               << "', but got no tensor of that name in '" << path << "'";
    if (StringRef near = nearestName(name, names); !near.empty())
      diagnostic.attachNote() << "help: did you mean '" << near << "'?";
    return {};
  }
  const StoredTensor &tensor = found->second;
  if (tensor.dtype != getDtype(type.getElementType()) ||
      ArrayRef(tensor.shape) != type.getShape()) {
    error() << describeType(type) << " for parameter '" << name << "', but got "
            << describe(tensor);
    return {};
  }
  return makeConstant(type, tensor.bytes);
}

/// Binds the parameters of `function`; `removed` tells which arguments are
/// gone.
static LogicalResult bindFunction(func::FuncOp function, const StringMap<StoredTensor> &tensors,
                                  StringRef path, BitVector &removed) {
  removed.resize(function.getNumArguments());
  if (function.isDeclaration())
    return success();
  OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
  bool ok = true;
  for (BlockArgument argument : function.getArguments()) {
    unsigned index = argument.getArgNumber();
    auto name = function.getArgAttrOfType<StringAttr>(index, "seqc.param");
    if (!name)
      continue;
    DenseElementsAttr value = findValue(argument, name.getValue(), tensors, path);
    ok &= !!value;
    if (!value)
      continue;
    Value constant = arith::ConstantOp::create(builder, argument.getLoc(), value);
    argument.replaceAllUsesWith(constant);
    removed.set(index);
  }
  return success(ok && succeeded(function.eraseArguments(removed)));
}

LogicalResult seqc::bindWeights(ModuleOp module, StringRef path) {
  Safetensors weights;
  std::string error;
  if (!weights.read(path, error))
    return emitError(FileLineColLoc::get(module.getContext(), path, 0, 0)) << error;
  StringMap<BitVector> removed;
  bool ok = true;
  for (auto function : module.getOps<func::FuncOp>())
    ok &=
        succeeded(bindFunction(function, weights.getTensors(), path, removed[function.getName()]));
  if (!ok)
    return failure();
  module.walk([&](func::CallOp call) {
    auto gone = removed.find(call.getCallee());
    if (gone != removed.end() && gone->second.size() == call.getNumOperands())
      call->eraseOperands(gone->second);
  });
  return success();
}
