// Files of weights: what is read, and that damage is refused with a sentence.
#include "seqc/Frontend/Safetensors.h"
#include "gtest/gtest.h"

using namespace seqc;

namespace {

/// A file with the JSON `header` and `bytes` bytes of data.
std::string file(std::string header, size_t bytes) {
  std::string text(8, '\0');
  for (size_t i = 0, length = header.size(); i < 8; ++i, length >>= 8)
    text[i] = char(length & 255);
  return text + header + std::string(bytes, 'x');
}

TEST(Safetensors, ReadsNamesShapesAndBytes) {
  std::string contents = file(
      R"({"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})", 24);
  Safetensors tensors;
  std::string error;
  ASSERT_TRUE(tensors.parse(contents, error)) << error;
  ASSERT_EQ(tensors.getTensors().count("w"), 1u);
  const StoredTensor &w = tensors.getTensors().find("w")->second;
  EXPECT_EQ(w.dtype, "F32");
  EXPECT_EQ(w.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(w.bytes.size(), 24u);
}

TEST(Safetensors, DamageIsRefusedWithASentence) {
  const std::string damaged[] = {
      "",
      "1234567",
      std::string(8, '\xff'),
      file("[]", 0),
      file("{", 0),
      file(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4),
      file(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 4),
      file(R"({"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4),
      file(R"({"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", 0),
  };
  for (const std::string &contents : damaged) {
    Safetensors tensors;
    std::string error;
    EXPECT_FALSE(tensors.parse(contents, error)) << contents;
    EXPECT_FALSE(error.empty()) << contents;
  }
}

} // namespace
