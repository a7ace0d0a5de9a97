//===- DimSymbols.h - Which sizes of a function are the same size ---------===//
#ifndef SEQC_ANALYSIS_DIMSYMBOLS_H
#define SEQC_ANALYSIS_DIMSYMBOLS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace seqc {

/// Classes of tensor sizes that must agree whenever a function runs without
/// error: a union-find over (value, dimension), fed by the constraints of every
/// op of the body and by equal names in `seqc.dims`. Sizes inside the steps of
/// recurrences take part.
class DimSymbols {
public:
  /// Collects the classes of `function`, which has a body.
  explicit DimSymbols(mlir::func::FuncOp function);

  /// Class of size `dim` of the tensor `value`. Two sizes with the same class
  /// are equal.
  unsigned classOf(mlir::Value tensor, int64_t dim);
  /// Class of an index value that is a size, or of itself alone.
  unsigned classOfIndex(mlir::Value index);
  bool same(unsigned a, unsigned b) { return find(a) == find(b); }
  /// The size of a class where one of its members is static.
  std::optional<int64_t> staticSize(unsigned c) { return sizes.lookup(find(c)); }
  /// Name given to the class by `seqc.dims`, or empty.
  std::string nameOf(unsigned c) { return names.lookup(find(c)); }

private:
  unsigned find(unsigned c);
  void unite(unsigned a, unsigned b);
  void unite(mlir::Value a, int64_t i, mlir::Value b, int64_t j);
  /// Equal shapes, dimension by dimension.
  void uniteShapes(mlir::Value a, mlir::Value b);
  void uniteSize(mlir::OpFoldResult size, mlir::Value tensor, int64_t dim);
  void readNames(mlir::func::FuncOp function);
  void visit(mlir::Operation *op);
  void visitReshape(mlir::Operation *op);
  void visitSlice(mlir::Operation *op);
  void visitControlFlow(mlir::Operation *op);
  void visitRecurrence(mlir::Operation *op);
  void visitDelay(mlir::Operation *op);

  llvm::DenseMap<std::pair<mlir::Value, int64_t>, unsigned> nodes;
  llvm::SmallVector<unsigned> parent;
  llvm::DenseMap<unsigned, std::optional<int64_t>> sizes;
  llvm::DenseMap<unsigned, std::string> names;
};

} // namespace seqc

#endif // SEQC_ANALYSIS_DIMSYMBOLS_H
