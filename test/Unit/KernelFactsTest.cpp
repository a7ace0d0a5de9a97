// Formulas in the names of sizes: how they are written, and their values; how they are read off
// code.
#include "seqc/Support/KernelFacts.h"

#include "seqc/Support/Signature.h"
#include "seqc/Target/NVPTX.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SourceMgr.h"

#include <gtest/gtest.h>

using namespace seqc;
using Kind = SizeFormula::Kind;

static SizeFormula number(int64_t n) { return SizeFormula::ofNumber(n); }
static SizeFormula name(const char *text) { return SizeFormula::ofName(text); }

TEST(SizeFormula, NumbersAreFolded) {
  EXPECT_EQ(SizeFormula::of(Kind::Product, number(3), number(4)).text(), "12");
  EXPECT_EQ(SizeFormula::of(Kind::Ceiling, number(9), number(4)).text(), "3");
  EXPECT_EQ(SizeFormula::of(Kind::Product, number(1), name("B")).text(), "B");
  EXPECT_EQ(SizeFormula::of(Kind::Ceiling, name("B"), number(1)).text(), "B");
  EXPECT_EQ(SizeFormula::of(Kind::Sum, name("B"), number(0)).text(), "B");
}

TEST(SizeFormula, TextIsReadAsItWasMeant) {
  SizeFormula steps = SizeFormula::of(Kind::Sum, name("T"), number(1));
  SizeFormula items = SizeFormula::of(Kind::Product, name("B"), steps);
  EXPECT_EQ(items.text(), "B·(T + 1)");
  EXPECT_EQ(SizeFormula::of(Kind::Product, number(64), name("B")).text(), "B·64");
  EXPECT_EQ(SizeFormula::of(Kind::Ceiling, items, number(8)).text(), "ceil(B·(T + 1) / 8)");
  EXPECT_EQ(SizeFormula::of(Kind::Difference, name("T"), steps).text(), "T - (T + 1)");
  SizeFormula half = SizeFormula::of(Kind::Quotient, name("T"), number(2));
  EXPECT_EQ(SizeFormula::of(Kind::Product, half, name("B")).text(), "floor(T / 2)·B");
  EXPECT_EQ(SizeFormula::of(Kind::Quotient, name("T"), items).text(), "floor(T / (B·(T + 1)))");
  EXPECT_EQ(SizeFormula::of(Kind::Product, SizeFormula(), name("B")).text(), "?·B");
}

TEST(SizeFormula, ValuesNeedAllNames) {
  SizeFormula blocks = SizeFormula::of(
      Kind::Ceiling, SizeFormula::of(Kind::Product, name("B"), name("T")), number(8));
  EXPECT_EQ(blocks.valueAt({{"B", 3}, {"T", 11}}), 5);
  EXPECT_EQ(blocks.valueAt({{"B", 0}, {"T", 11}}), 0);
  EXPECT_FALSE(blocks.valueAt({{"B", 3}}));
  EXPECT_FALSE(SizeFormula::of(Kind::Sum, SizeFormula(), number(1)).valueAt({}));
  // No number of this type.
  EXPECT_FALSE(blocks.valueAt({{"B", INT64_MAX}, {"T", 2}}));
  EXPECT_FALSE(SizeFormula::of(Kind::Quotient, number(1), number(0)).valueAt({}));
}

/// "where" of a kernel that starts if the two lines of `test` make %c of size B, %b, true.
static std::string whereOf(const std::string &test, bool isElse = false) {
  std::string text = R"(
declare void @seqc_rt_parallel_for(ptr, ptr, ptr, ptr, ptr, i64)
define internal void @task(ptr %a, ptr %s, ptr %m, i64 %first, i64 %end) {
  ret void
}
define internal void @seqc_body_f(ptr %p, ptr %s, ptr %a, ptr %m) {
  %b = load i64, ptr %s
)" + test + R"(
  br i1 %c, label )" +
                     (isElse ? "%done, label %run" : "%run, label %done") + R"(
run:
  call void @seqc_rt_parallel_for(ptr %p, ptr @task, ptr %a, ptr %s, ptr %m, i64 %b)
  br label %done
done:
  ret void
}
)";
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(text, diagnostic, context);
  if (!module)
    return diagnostic.getMessage().str();
  ModuleSignature signature;
  FunctionSignature &f = signature.functions.emplace_back();
  f.name = "f";
  f.symbols = {"B"};
  DimSignature size;
  size.size = -1;
  size.symbol = 0;
  f.arguments.emplace_back().dims = {size};
  std::vector<KernelFacts> kernels = describeKernels(*module, signature);
  return kernels.size() == 1 ? kernels[0].items.text() + ": " + kernels[0].where : "no kernel";
}

TEST(KernelFacts, OneBoundIsReadEitherWay) {
  EXPECT_EQ(whereOf("%c = icmp sgt i64 %b, 511"), "B: B >= 512");
  EXPECT_EQ(whereOf("%c = icmp sgt i64 %b, 511", /*isElse=*/true), "B: B < 512");
  EXPECT_EQ(whereOf("%c = icmp ult i64 %b, 3"), "B: B < 3");
}

// What LLVM makes of B >= 2 and B < 512, and of its opposite.
TEST(KernelFacts, TwoBoundsMayBeOneOfADistance) {
  std::string test = "%d = add i64 %b, -2\n  %c = icmp ult i64 %d, 510";
  EXPECT_EQ(whereOf(test), "B: B >= 2 and B < 512");
  EXPECT_EQ(whereOf(test, /*isElse=*/true), "B: B < 2 or B >= 512");
}

TEST(KernelFacts, ConditionsAreJoined) {
  std::string both = "%l = icmp sgt i64 %b, 1\n %r = icmp slt i64 %b, 512\n"
                     " %c = select i1 %l, i1 %r, i1 false";
  EXPECT_EQ(whereOf(both), "B: B >= 2 and B < 512");
  EXPECT_EQ(whereOf(both, /*isElse=*/true), "B: B < 2 or B >= 512");
}

// Less may be said than is known, never more.
TEST(KernelFacts, WhatIsNotABoundIsLeftOut) {
  EXPECT_EQ(whereOf("%c = icmp eq i64 %b, 4"), "B: ");
  EXPECT_EQ(whereOf("%d = and i64 %b, 7\n  %c = icmp ult i64 %d, 4"), "B: ");
}
