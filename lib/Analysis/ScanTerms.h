//===- ScanTerms.h - Matching of sums, products and known operations ------===//
#ifndef SEQC_LIB_ANALYSIS_SCANTERMS_H
#define SEQC_LIB_ANALYSIS_SCANTERMS_H

#include "ScanGroup.h"

namespace seqc {

/// True if e = a - b as sums of the same terms.
bool isDifference(const Expr *e, const Expr *a, const Expr *b);

/// The factors of `e`, above and below the line, sorted; ones are left out. Returns the sign.
int factors(const Expr *e, bool below, Exprs &above, Exprs &under);

/// True if `e` is the product of `above` over the product of `under`.
bool isQuotient(const Expr *e, const Exprs &above, const Exprs &under);

/// The finite value that `e` stands for: x if e is x, or 0 where x is infinite; else `e`.
const Expr *unguarded(const Expr *e);

/// For e = x + y in either order: calls `f` with both orders until it is true.
template <typename F> bool eitherOrder(const Expr *e, llvm::StringRef name, F f) {
  return e->isOp(name) && (f(e->operands[0], e->operands[1]) || f(e->operands[1], e->operands[0]));
}

inline bool isMaximum(const Expr *e) {
  return e->isOp("arith.maximumf") || e->isOp("arith.maxnumf");
}
inline bool isMinimum(const Expr *e) {
  return e->isOp("arith.minimumf") || e->isOp("arith.minnumf");
}

/// join(h + shift, value); null parts are absent.
struct Joined {
  const Expr *shift = nullptr, *value = nullptr;
};

/// `e` as a join of kind `kind` of one state; an empty kind is set to the one found.
std::optional<Joined> matchJoined(ExprPool &pool, const Expr *e, llvm::StringRef &kind);

std::optional<GroupForm> proveJoin(ExprPool &pool, const StateGroup &group);
std::optional<GroupForm> proveSoftmax(ExprPool &pool, const StateGroup &group);
std::optional<GroupForm> proveIndex(ExprPool &pool, const StateGroup &group);
std::optional<GroupForm> proveMoments(ExprPool &pool, const StateGroup &group);

} // namespace seqc

#endif // SEQC_LIB_ANALYSIS_SCANTERMS_H
