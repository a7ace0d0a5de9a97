// Texts that must not reach the recursive parser.
#include "seqc/Frontend/Nesting.h"
#include "gtest/gtest.h"

#include <string>

namespace {

std::string nested(unsigned depth) { return std::string(depth, '(') + std::string(depth, ')'); }

TEST(Nesting, TheLimitItselfIsAllowed) {
  EXPECT_FALSE(seqc::findTextFault(nested(256), 256));
  EXPECT_TRUE(seqc::findTextFault(nested(257), 256));
}

TEST(Nesting, TheFaultIsAtTheBracketThatGoesTooDeep) {
  auto fault = seqc::findTextFault("ab" + nested(4), 3);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->offset, 5u);
  EXPECT_FALSE(fault->message.empty());
}

TEST(Nesting, BracketsInStringsAndCommentsDoNotCount) {
  EXPECT_FALSE(seqc::findTextFault("\"((((\" // ((((\n", 2));
}

TEST(Nesting, BracketsSideBySideDoNotAddUp) {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += "()";
  EXPECT_FALSE(seqc::findTextFault(text, 2));
}

TEST(Nesting, AZeroByteIsAFault) {
  auto fault = seqc::findTextFault(llvm::StringRef("a\0b", 3), 256);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->offset, 1u);
}

TEST(Nesting, AHundredThousandLevelsAreRefusedQuickly) {
  EXPECT_TRUE(seqc::findTextFault(nested(100000), 256));
}

} // namespace
