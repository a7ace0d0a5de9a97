//===- Explain.cpp - What the compiler tells about its decisions ----------===//
//
// Every decision is a remark of MLIR's remark engine. Here they become plain
// values, and text and JSON are two ways to print the same list.
//
//===----------------------------------------------------------------------===//
#include "Explain.h"
#include "mlir/IR/Remarks.h"
#include "seqc/Support/GpuShape.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace seqc;

namespace {
class Collector : public mlir::remark::detail::MLIRRemarkStreamerBase {
public:
  Collector(std::vector<Explanation> &out, const bool &forKernels)
      : out(out), forKernels(forKernels) {}

  void streamOptimizationRemark(const mlir::remark::detail::Remark &remark) override {
    StringRef category = remark.getCombinedCategoryName();
    if (!category.consume_front("seqc."))
      return;
    StringRef function = remark.getFunction();
    Explanation explanation{getPlace(remark.getLocation()),
                            function.starts_with("<") ? "" : function.str(),
                            (forKernels ? "gpu." : "") + category.str(),
                            remark.getRemarkName().str(),
                            remark.getRemarkTypeString().str(),
                            {},
                            {}};
    for (const auto &arg : remark.getArgs())
      if (arg.key == "Remark" || arg.key == "Reason" || arg.key == "Suggestion")
        explanation.sentences.push_back(arg.val);
      else
        explanation.facts.emplace_back(arg.key, arg.val);
    out.push_back(std::move(explanation));
  }

private:
  std::vector<Explanation> &out;
  const bool &forKernels;
};
} // namespace

bool seqc::collectExplanations(mlir::MLIRContext &context, std::vector<Explanation> &explanations,
                               const bool &forKernels) {
  // `all` alone enables nothing in MLIR 22: name the four kinds.
  std::string mine = "seqc\\..*";
  mlir::remark::RemarkCategories categories{mine, mine, mine, mine, mine};
  return succeeded(mlir::remark::enableOptimizationRemarks(
      context, std::make_unique<Collector>(explanations, forKernels),
      std::make_unique<mlir::remark::RemarkEmittingPolicyAll>(), categories));
}

/// "B·64 = 128"; the number where it is known.
static std::string textWithValue(const SizeFormula &formula,
                                 const std::map<std::string, int64_t> &sizes) {
  std::string text = formula.text();
  if (std::optional<int64_t> value = formula.valueAt(sizes); value && !formula.isNumber())
    text += " = " + std::to_string(*value);
  return text;
}

/// "40", or "40 (sm_80), 42 (sm_90)", as an assembler says, or "at most 64".
static std::string registersOf(const KernelFacts &kernel) {
  std::string text;
  bool differ = false;
  for (const auto &[arch, count] : kernel.registers) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " (" + arch + ")";
    differ |= count != kernel.registers.front().second;
  }
  if (!kernel.registers.empty())
    return differ ? text : std::to_string(kernel.registers.front().second);
  // A thread has 255 registers at most; they are handed out in eights.
  int64_t most = std::min<int64_t>(
      registersOfThread, int64_t(registersOfSm) / (kernel.threads * kernel.blocksOnSm) / 8 * 8);
  return "at most " + std::to_string(most);
}

Explanation seqc::explainKernel(const KernelFacts &kernel, SourcePlace place,
                                const std::map<std::string, int64_t> &sizes) {
  using Kind = SizeFormula::Kind;
  int64_t each = kernel.itemsOfBlock;
  SizeFormula blocks = SizeFormula::of(Kind::Ceiling, kernel.items, SizeFormula::ofNumber(each));
  std::string grid = textWithValue(blocks, sizes);
  std::string registers = registersOf(kernel);
  std::string shared = std::to_string(kernel.sharedBytes) + " bytes of ";
  if (kernel.isDynamic)
    shared += "dynamic ";
  std::string launches = textWithValue(kernel.launches, sizes);
  Explanation explanation{place, kernel.function, "kernel", kernel.name, "Analysis", {}, {}};
  explanation.sentences.push_back(
      "kernel " + kernel.name + ": " + grid + (grid == "1" ? " block of " : " blocks of ") +
      std::to_string(kernel.threads) + " threads, " + registers + " registers a thread, " +
      (kernel.sharedBytes ? shared : "no ") + "shared memory" +
      (launches == "1" ? "" : ", started " + launches + " times") +
      (kernel.where.empty() ? "" : ", where " + kernel.where));
  explanation.facts = {{"grid", grid},
                       {"block", std::to_string(kernel.threads)},
                       {"items", kernel.items.text()},
                       {"registers", registers},
                       {"blocks_on_sm", "at least " + std::to_string(kernel.blocksOnSm)},
                       {"shared_bytes", std::to_string(kernel.sharedBytes)}};
  if (launches != "1")
    explanation.facts.emplace_back("launches", launches);
  if (!kernel.where.empty())
    explanation.facts.emplace_back("where", kernel.where);
  return explanation;
}

/// `explanations` by place, then in the order in which they came.
static std::vector<const Explanation *> sortByPlace(ArrayRef<Explanation> explanations) {
  std::vector<const Explanation *> sorted;
  for (const Explanation &explanation : explanations)
    sorted.push_back(&explanation);
  auto key = [](const Explanation *e) {
    return std::tuple(StringRef(e->place.file), e->place.line, e->place.column, e);
  };
  llvm::sort(sorted, [&](auto *a, auto *b) { return key(a) < key(b); });
  return sorted;
}

static void printPlace(raw_ostream &os, const Explanation &explanation) {
  const SourcePlace &place = explanation.place;
  os << (place.file.empty() ? "<unknown>" : place.file);
  if (place.line != 0)
    os << ':' << place.line << ':' << place.column;
  if (!explanation.function.empty())
    os << " in '" << explanation.function << "'";
}

/// True if both are about the same place in the source.
static bool samePlace(const Explanation &a, const Explanation &b) {
  return a.place.file == b.place.file && a.place.line == b.place.line &&
         a.place.column == b.place.column;
}

static bool isForKernels(const Explanation &explanation) {
  return StringRef(explanation.category).starts_with("gpu.");
}

void seqc::printExplanationLines(raw_ostream &os, ArrayRef<Explanation> explanations) {
  std::vector<const Explanation *> sorted = sortByPlace(explanations);
  for (auto first = sorted.begin(); first != sorted.end();) {
    auto end = std::find_if(first, sorted.end(),
                            [&](const Explanation *e) { return !samePlace(**first, *e); });
    printPlace(os, **first);
    StringRef separator = ": ";
    auto add = [&](const Twine &text) { os << std::exchange(separator, "; ") << text; };
    // The plan first, then what was proved of the step and what else there is to say.
    for (auto e = first; e != end; ++e)
      if ((*e)->name == "plan")
        for (const auto &[key, value] : (*e)->facts)
          if (key == "plan")
            add((isForKernels(**e) ? "on GPUs plan " : "plan ") + value + ", " +
                join((*e)->sentences, "; "));
    for (auto e = first; e != end; ++e)
      if (!isForKernels(**e) && (*e)->name != "plan" && (*e)->name != "not_legal" &&
          !(*e)->sentences.empty())
        add(join((*e)->sentences, "; "));
    os << '\n';
    first = end;
  }
  if (sorted.empty())
    os << "nothing to explain: no function was scheduled\n";
}

void seqc::printExplanations(raw_ostream &os, ArrayRef<Explanation> explanations) {
  const Explanation *last = nullptr;
  for (const Explanation *explanation : sortByPlace(explanations)) {
    if (!last || !samePlace(*last, *explanation)) {
      if (last)
        os << '\n';
      printPlace(os, *explanation);
      os << '\n';
    }
    last = explanation;
    os << "  " << left_justify(explanation->category, 9) << ' ' << explanation->name;
    for (const std::string &sentence : explanation->sentences)
      os << "\n            " << sentence;
    os << '\n';
    for (const auto &[key, value] : explanation->facts)
      os << "            " << left_justify(key, 15) << ' ' << value << '\n';
  }
  if (!last)
    os << "nothing to explain: no function was scheduled\n";
}

void seqc::printExplanationsJSON(raw_ostream &os, ArrayRef<Explanation> explanations) {
  json::Array remarks;
  for (const Explanation *explanation : sortByPlace(explanations)) {
    json::Object facts;
    for (const auto &[key, value] : explanation->facts)
      facts[json::fixUTF8(key)] = json::fixUTF8(value);
    json::Array sentences;
    for (const std::string &sentence : explanation->sentences)
      sentences.push_back(json::fixUTF8(sentence));
    remarks.push_back(json::Object{{"file", json::fixUTF8(explanation->place.file)},
                                   {"line", explanation->place.line},
                                   {"col", explanation->place.column},
                                   {"function", explanation->function},
                                   {"category", explanation->category},
                                   {"name", explanation->name},
                                   {"kind", explanation->kind},
                                   {"sentences", std::move(sentences)},
                                   {"facts", std::move(facts)}});
  }
  json::Value root = json::Object{{"schema", 1}, {"remarks", std::move(remarks)}};
  os << formatv("{0:2}", root) << '\n';
}
