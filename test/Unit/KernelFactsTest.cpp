// Formulas in the names of sizes: how they are written, and their values.
#include "seqc/Support/KernelFacts.h"

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
