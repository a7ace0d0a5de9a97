//===- TypeNames.cpp - Types in messages ----------------------------------===//
//
// The notation of the C header and of call-time errors, so that all messages
// agree.
//
//===----------------------------------------------------------------------===//
#include "seqc/Frontend/TypeNames.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

std::string seqc::describeType(mlir::Type type) {
  std::string text;
  raw_string_ostream os(text);
  auto tensor = dyn_cast<mlir::RankedTensorType>(type);
  if (!tensor) {
    os << type;
    return text;
  }
  os << tensor.getElementType() << '[';
  ListSeparator comma(",");
  for (int64_t size : tensor.getShape()) {
    os << StringRef(comma);
    if (mlir::ShapedType::isDynamic(size))
      os << '?';
    else
      os << size;
  }
  os << ']';
  return text;
}
