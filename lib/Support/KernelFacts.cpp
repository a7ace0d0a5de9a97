// Formulas in the names of sizes.
#include "seqc/Support/KernelFacts.h"

#include <algorithm>

using namespace seqc;
using Kind = SizeFormula::Kind;

/// `left` and `right` combined; nothing where that is no number.
static std::optional<int64_t> combine(Kind kind, int64_t left, int64_t right) {
  int64_t result = 0;
  switch (kind) {
  case Kind::Sum:
    return __builtin_add_overflow(left, right, &result) ? std::nullopt : std::optional(result);
  case Kind::Difference:
    return __builtin_sub_overflow(left, right, &result) ? std::nullopt : std::optional(result);
  case Kind::Product:
    return __builtin_mul_overflow(left, right, &result) ? std::nullopt : std::optional(result);
  case Kind::Quotient: // of sizes, which are not negative
    return left < 0 || right <= 0 ? std::nullopt : std::optional(left / right);
  case Kind::Ceiling:
    return left < 0 || right <= 0 ? std::nullopt
                                  : std::optional(left / right + (left % right != 0));
  case Kind::Maximum:
    return std::max(left, right);
  default:
    return std::nullopt;
  }
}

SizeFormula SizeFormula::of(Kind kind, SizeFormula left, SizeFormula right) {
  if (left.isNumber() && right.isNumber())
    if (std::optional<int64_t> value = combine(kind, left.number, right.number))
      return ofNumber(*value);
  bool isOne = right.isNumber() && right.number == 1, isZero = right.isNumber() && !right.number;
  if (kind == Kind::Product && left.isNumber() && left.number == 1)
    return right;
  bool divides = kind == Kind::Quotient || kind == Kind::Ceiling;
  if ((kind == Kind::Product || divides) && isOne)
    return left;
  if ((kind == Kind::Sum || kind == Kind::Difference) && isZero)
    return left;
  return {kind, 0, "", {std::move(left), std::move(right)}};
}

std::string SizeFormula::text() const {
  if (kind == Kind::Number)
    return std::to_string(number);
  if (kind == Kind::Name)
    return name;
  if (kind == Kind::Unknown)
    return "?";
  bool divides = kind == Kind::Quotient || kind == Kind::Ceiling;
  if (kind == Kind::Maximum)
    return "max(" + parts[0].text() + ", " + parts[1].text() + ")";
  bool isSum = kind == Kind::Sum || kind == Kind::Difference;
  auto inside = [&](const SizeFormula &part, bool isRight) {
    bool sums = part.kind == Kind::Sum || part.kind == Kind::Difference;
    bool wrapped = isSum ? sums && isRight && kind == Kind::Difference
                         : sums || (isRight && divides && part.kind == Kind::Product);
    return wrapped ? "(" + part.text() + ")" : part.text();
  };
  // Names first: B·64.
  bool turned = kind == Kind::Product && parts[0].isNumber();
  const SizeFormula &left = parts[turned], &right = parts[!turned];
  const char *sign = kind == Kind::Sum          ? " + "
                     : kind == Kind::Difference ? " - "
                     : kind == Kind::Product    ? "·"
                                                : " / ";
  std::string text = inside(left, false) + sign + inside(right, true);
  return !divides ? text : (kind == Kind::Ceiling ? "ceil(" : "floor(") + text + ")";
}

std::optional<int64_t> SizeFormula::valueAt(const std::map<std::string, int64_t> &sizes) const {
  if (kind == Kind::Number)
    return number;
  if (kind == Kind::Name) {
    auto found = sizes.find(name);
    return found == sizes.end() ? std::nullopt : std::optional(found->second);
  }
  if (kind == Kind::Unknown)
    return std::nullopt;
  std::optional<int64_t> left = parts[0].valueAt(sizes), right = parts[1].valueAt(sizes);
  return left && right ? combine(kind, *left, *right) : std::nullopt;
}
