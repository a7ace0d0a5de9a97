//===- KernelFacts.h - What a kernel of a GPU is started with -------------===//
//
// Plain values for --explain. No MLIR or LLVM type appears in them.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_SUPPORT_KERNELFACTS_H
#define SEQC_SUPPORT_KERNELFACTS_H

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace seqc {

/// A number that a call computes from the sizes of its tensors.
struct SizeFormula {
  /// A quotient is rounded down, a ceiling is one rounded up.
  enum class Kind { Number, Name, Sum, Difference, Product, Quotient, Ceiling, Maximum, Unknown };
  Kind kind = Kind::Unknown;
  int64_t number = 0;
  std::string name;
  std::vector<SizeFormula> parts; ///< two, of the kinds that combine

  static SizeFormula ofNumber(int64_t number) { return {Kind::Number, number, "", {}}; }
  static SizeFormula ofName(std::string name) { return {Kind::Name, 0, std::move(name), {}}; }
  /// `left` and `right` combined; numbers are folded.
  static SizeFormula of(Kind kind, SizeFormula left, SizeFormula right);

  bool isNumber() const { return kind == Kind::Number; }
  /// "B·(T + 1)·64"; "?" stands for what is not known.
  std::string text() const;
  /// Its value where each name is one of `sizes`.
  std::optional<int64_t> valueAt(const std::map<std::string, int64_t> &sizes) const;
};

/// A kernel and how it is started.
struct KernelFacts {
  std::string name;     ///< in PTX, "<function>_<number>"
  std::string function; ///< of the model
  std::string task;     ///< symbol that stage `llvm` has for what it runs
  SizeFormula items;    ///< of a launch
  SizeFormula launches; ///< of a call: one, or one for each step
  /// "B·2 >= 512", where whether a call starts it depends on sizes.
  std::string where;
  int64_t threads = 0; ///< of a block
  int64_t itemsOfBlock = 0;
  int64_t blocksOnSm = 0;  ///< at least: registers are kept low enough
  int64_t sharedBytes = 0; ///< of a block
  bool isDynamic = false;  ///< whoever starts the kernel asks for them
  /// Of a thread, on each architecture, where an assembler said so.
  std::vector<std::pair<std::string, int64_t>> registers;
};

} // namespace seqc

#endif // SEQC_SUPPORT_KERNELFACTS_H
