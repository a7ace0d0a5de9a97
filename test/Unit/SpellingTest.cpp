// Names that were probably meant, and names that C can spell.
#include "seqc/Support/Spelling.h"
#include "gtest/gtest.h"

using llvm::StringRef;

namespace {

TEST(Spelling, NearestNameForgivesTypingErrors) {
  StringRef names[] = {"schedule", "target", "emit"};
  EXPECT_EQ(seqc::nearestName("shedule", names), "schedule");
  EXPECT_EQ(seqc::nearestName("TARGET", names), "target");
  EXPECT_EQ(seqc::nearestName("emot", names), "emit");
}

TEST(Spelling, NearestNameIsEmptyWhenNoneIsNear) {
  StringRef names[] = {"schedule", "target"};
  EXPECT_EQ(seqc::nearestName("weights", names), "");
  EXPECT_EQ(seqc::nearestName("target", {}), "");
}

TEST(Spelling, JoinNames) {
  EXPECT_EQ(seqc::joinNames({}), "");
  EXPECT_EQ(seqc::joinNames({"a"}), "a");
  EXPECT_EQ(seqc::joinNames({"a", "b", "c"}), "a, b or c");
  EXPECT_EQ(seqc::joinNames({"a", "b"}, "and"), "a and b");
}

TEST(Spelling, CIdentifiers) {
  for (StringRef good : {"f", "_f", "scan2", "a_b"})
    EXPECT_TRUE(seqc::isCIdentifier(good)) << good.str();
  for (StringRef bad : {"", "2f", "a-b", "a.b", "int", "while", "class"})
    EXPECT_FALSE(seqc::isCIdentifier(bad)) << bad.str();
}

} // namespace
