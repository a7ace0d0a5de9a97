//===- ScanModes.h - Scans whose outs add up a part of the states ---------===//
#ifndef SEQC_ANALYSIS_SCANMODES_H
#define SEQC_ANALYSIS_SCANMODES_H

#include "seqc/Dialect/Seq/IR/Seq.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <string>

namespace seqc {

/// A step whose states all have the sizes `shape`. *Modes* are the elements along some of their
/// dimensions, which outs are sums over; *channels* are those along the others:
///
///   y[c] = init[c] + Σ_n f(states[n, c], …)        any order of the dimensions
///
/// Else an op reads states where it writes, so that what it computes for one mode of one channel
/// needs no other. Outs have the sizes of the channels, or all of `shape`.
struct ScanModes {
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<unsigned> dims; ///< of the modes, ascending; empty where the rest is not set
  llvm::SmallVector<mlir::linalg::LinalgOp> sums;
  /// What ops of single modes read that all modes share: values of a step that are free of the
  /// states but not of time.
  llvm::SmallVector<mlir::OpOperand *> shared;
  /// True where an input has a value for each mode.
  bool readsModes = false;
  std::string refusal; ///< why it is no such step, one sentence without a full stop, or empty

  bool isMode(unsigned dim) const { return llvm::is_contained(dims, dim); }
  /// Sizes along the modes or along the channels.
  llvm::SmallVector<int64_t> sizes(bool ofModes) const;
  int64_t modes() const { return mlir::ShapedType::getNumElements(sizes(true)); }
  int64_t channels() const { return mlir::ShapedType::getNumElements(sizes(false)); }
  /// `state`, indices in a state, as those of a sum's loops.
  template <typename Index> Index loopsAt(unsigned sum, const Index &state) const {
    Index loops(state.size());
    for (auto [k, at] : llvm::enumerate(state))
      loops[loopOf[sum][k]] = at;
    return loops;
  }

  /// Of each sum: its loop along each dimension of the states.
  llvm::SmallVector<llvm::SmallVector<unsigned>> loopOf;
};

/// Finds the modes of `op`, whose states have static sizes, before it is in scan form or after.
ScanModes analyzeScanModes(seq::RecurrenceOp op);

} // namespace seqc

#endif // SEQC_ANALYSIS_SCANMODES_H
