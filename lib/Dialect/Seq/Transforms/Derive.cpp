// Derivatives of whole functions. The rules are in Derivative*.cpp.
#include "seqc/Dialect/Seq/Transforms/Derivative.h"
#include "seqc/Dialect/Seq/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace seqc {
#define GEN_PASS_DEF_DERIVEPASS
#include "seqc/Dialect/Seq/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

/// `types` and then those of them that have changes.
static SmallVector<Type> withChanges(TypeRange types) {
  SmallVector<Type> all(types);
  llvm::copy_if(types, std::back_inserter(all), isDifferentiable);
  return all;
}

/// The attributes of `of`'s arguments or results, and those of the changes: a change has the sizes
/// of what it changes.
static SmallVector<DictionaryAttr> withChanges(TypeRange types, ArrayAttr of, Builder &b) {
  SmallVector<DictionaryAttr> all(types.size(), b.getDictionaryAttr({}));
  for (auto [i, attributes] : llvm::enumerate(of ? of.getValue() : ArrayRef<Attribute>()))
    all[i] = cast<DictionaryAttr>(attributes);
  for (auto [i, type] : llvm::enumerate(types))
    if (isDifferentiable(type)) {
      Attribute sizes = all[i].get("seqc.dims");
      all.push_back(sizes ? b.getDictionaryAttr(b.getNamedAttr("seqc.dims", sizes))
                          : b.getDictionaryAttr({}));
    }
  return all;
}

/// An empty function for the derivative of `f`.
static func::FuncOp declare(OpBuilder &b, func::FuncOp f, StringRef name) {
  auto type = b.getFunctionType(withChanges(f.getArgumentTypes()), withChanges(f.getResultTypes()));
  auto derived = func::FuncOp::create(b, f.getLoc(), name, type);
  derived.setAllArgAttrs(withChanges(f.getArgumentTypes(), f.getArgAttrsAttr(), b));
  derived.setAllResultAttrs(withChanges(f.getResultTypes(), f.getResAttrsAttr(), b));
  return derived;
}

static LogicalResult derive(func::FuncOp f) {
  std::string name = (f.getName() + "_jvp").str();
  if (Operation *taken = SymbolTable::lookupSymbolIn(f->getParentOp(), name)) {
    InFlightDiagnostic error = f.emitOpError("expected no symbol '") << name << "', but got one";
    error.attachNote(taken->getLoc()) << "it is here";
    return error;
  }
  OpBuilder b(f->getContext());
  b.setInsertionPointAfter(f);
  func::FuncOp derived = declare(b, f, name);
  Block *body = derived.addEntryBlock();
  b.setInsertionPointToStart(body);
  Derivative derivative(b, /*directions=*/1);
  unsigned change = f.getNumArguments();
  for (auto [arg, copy] : llvm::zip(f.getArguments(), body->getArguments()))
    derivative.bind(arg, copy,
                    isDifferentiable(arg.getType()) ? body->getArgument(change++) : Value());
  for (Operation &op : f.getBody().front().without_terminator())
    if (failed(derivative.copy(&op)))
      return failure();
  SmallVector<Value> results;
  OperandRange returned = f.getBody().front().getTerminator()->getOperands();
  for (Value v : returned)
    results.push_back(derivative.copyOf(v));
  for (Value v : returned)
    if (isDifferentiable(v.getType()))
      results.push_back(derivative.tangentOrZero(v, 0));
  func::ReturnOp::create(b, f.getLoc(), results);
  eraseUnused(*body);
  return success();
}

namespace {
struct DerivePass : seqc::impl::DerivePassBase<DerivePass> {
  void runOnOperation() override {
    for (auto f : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (f.isPublic() && !f.isExternal() && failed(derive(f)))
        return signalPassFailure();
  }
};
} // namespace
