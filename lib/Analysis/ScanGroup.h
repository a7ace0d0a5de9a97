//===- ScanGroup.h - States that one combination advances -----------------===//
#ifndef SEQC_LIB_ANALYSIS_SCANGROUP_H
#define SEQC_LIB_ANALYSIS_SCANGROUP_H

#include "seqc/Analysis/StepExpr.h"
#include <functional>
#include <string>

namespace seqc {

using Exprs = llvm::SmallVector<const Expr *>;

/// States that depend on each other, and on no other state.
struct StateGroup {
  llvm::SmallVector<unsigned> states;
  /// The next values of these states.
  Exprs next;
};

/// The proof for one group: what is lifted, and the combination of two tuples. Components are the
/// states of the group and then the added ones.
struct GroupForm {
  std::string name;
  Exprs lifted;
  /// Initial values of the added components.
  llvm::SmallVector<double> initial;
  /// Size of the blocks that the added floats are entries of, or 0 where they are none; -1 if the
  /// states are products themselves.
  int64_t block = 0;
  std::function<Exprs(llvm::ArrayRef<const Expr *>, llvm::ArrayRef<const Expr *>)> combine;
};

/// next = A state + u with a block A of at most four states. Without a proof, `breaker` is the
/// expression that is not affine.
std::optional<GroupForm> proveAffine(ExprPool &pool, const StateGroup &group, const Expr *&breaker);

/// Minima and maxima, alone or with an index, logical operations, max-plus, log-sum-exp, softmax,
/// moments.
std::optional<GroupForm> proveMonoid(ExprPool &pool, const StateGroup &group);

/// `form` for a group that starts over from `restart` where `flag` is set: before the step if
/// `before`, or instead of it. The flag becomes the last component.
GroupForm withFlag(ExprPool &pool, GroupForm form, const Expr *flag, const Exprs &restart,
                   bool before);

} // namespace seqc

#endif // SEQC_LIB_ANALYSIS_SCANGROUP_H
