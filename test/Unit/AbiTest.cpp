// The interface as text: what changes its hash, and that its JSON reads back.
#include "seqc/Target/Abi.h"
#include "gtest/gtest.h"

using namespace seqc;

namespace {

/// f(u: f32[B, T, 3], h0: f32[B]) -> (f32[B, T], f32[B]), state h0.
ModuleSignature example() {
  FunctionSignature f;
  f.name = "f";
  f.symbols = {"B", "T"};
  f.arguments = {{"u", ElementType::F32, false, {{-1, 0}, {-1, 1}, {3, -1}}},
                 {"h0", ElementType::F32, false, {{-1, 0}}}};
  f.results = {{"y", ElementType::F32, false, {{-1, 0}, {-1, 1}}},
               {"last", ElementType::F32, false, {{-1, 0}}}};
  f.publicArguments = f.publicResults = 2;
  f.states = {{"h0", 1, 1}};
  f.streams = true;
  f.timeSymbol = 1;
  return {"model", "x86_64-unknown-linux-gnu", {"avx2", "fma"}, {"sm_80", "sm_90"}, {f}};
}

TEST(Abi, InfoReadsBack) {
  ModuleSignature module = example();
  auto read = parseModuleInfo(moduleInfo(module, "0.1.0"));
  ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
  EXPECT_EQ(read->name, "model");
  EXPECT_EQ(read->features, module.features);
  EXPECT_EQ(read->cuda, module.cuda);
  ASSERT_EQ(read->functions.size(), 1u);
  EXPECT_EQ(signatureText(read->functions[0]), signatureText(module.functions[0]));
  EXPECT_EQ(read->functions[0].timeSymbol, 1);
  EXPECT_TRUE(read->functions[0].streams);
}

TEST(Abi, DamagedInfoIsRefusedWithASentence) {
  for (const char *text : {"", "[]", "{", "{\"abi\": 99}"}) {
    auto read = parseModuleInfo(text);
    ASSERT_FALSE(bool(read)) << text;
    EXPECT_FALSE(llvm::toString(read.takeError()).empty());
  }
}

TEST(Abi, TheHashSeesWhatCallersRelyOn) {
  FunctionSignature f = example().functions[0];
  uint64_t hash = signatureHash(f);
  auto changed = [&](auto change) {
    FunctionSignature other = f;
    change(other);
    return signatureHash(other) != hash;
  };
  EXPECT_FALSE(changed([](FunctionSignature &) {}));
  EXPECT_TRUE(changed([](FunctionSignature &o) { o.name = "g"; }));
  EXPECT_TRUE(changed([](FunctionSignature &o) { o.arguments[0].elementType = ElementType::F64; }));
  EXPECT_TRUE(changed([](FunctionSignature &o) { o.arguments[0].dims[2].size = 4; }));
  EXPECT_TRUE(changed([](FunctionSignature &o) { o.results[0].dims[1].symbol = 0; }));
  EXPECT_TRUE(changed([](FunctionSignature &o) { o.states.clear(); }));
  EXPECT_EQ(signatureHashText(f).size(), 16u);
}

/// g(u: f32[T], cu: i32[M]) with N = 4 sequences in T steps.
static ModuleSignature packedExample() {
  ModuleSignature module = example();
  FunctionSignature &g = module.functions[0];
  g.states.clear();
  g.streams = false;
  g.symbols = {"T", "M"};
  g.arguments = {{"u", ElementType::F32, false, {{-1, 0}}},
                 {"cu", ElementType::I32, false, {{-1, 1}}}};
  g.results = {{"y", ElementType::F32, false, {{-1, 0}}}};
  g.publicResults = 1;
  g.timeSymbol = -1;
  g.arguments[1].offsets = OffsetsSignature{{-1, 0}, {4, -1}};
  return module;
}

TEST(Abi, OffsetsReadBackAndCount) {
  ModuleSignature module = packedExample();
  auto read = parseModuleInfo(moduleInfo(module, "0.1.0"));
  ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
  const FunctionSignature &g = read->functions[0];
  EXPECT_FALSE(g.arguments[0].offsets);
  ASSERT_TRUE(g.arguments[1].offsets);
  EXPECT_EQ(g.arguments[1].offsets->total.symbol, 0);
  EXPECT_EQ(g.arguments[1].offsets->sequences.size, 4);
  EXPECT_EQ(signatureHash(g), signatureHash(module.functions[0]));
  FunctionSignature other = g;
  other.arguments[1].offsets->sequences.size = 5;
  EXPECT_NE(signatureHash(g), signatureHash(other));
  other.arguments[1].offsets.reset();
  EXPECT_NE(signatureHash(g), signatureHash(other));
}

TEST(Abi, OffsetsThatNoRuntimeCanReadAreRefused) {
  auto refused = [](auto change) {
    ModuleSignature module = packedExample();
    change(module.functions[0]);
    llvm::Error error = checkSignature(module);
    bool failed = bool(error);
    llvm::consumeError(std::move(error));
    return failed;
  };
  EXPECT_FALSE(refused([](FunctionSignature &) {}));
  EXPECT_TRUE(refused([](FunctionSignature &g) { g.arguments[1].elementType = ElementType::F32; }));
  EXPECT_TRUE(refused([](FunctionSignature &g) { g.arguments[1].dims.push_back({2, -1}); }));
  EXPECT_TRUE(refused([](FunctionSignature &g) { g.arguments[1].offsets->total.symbol = -1; }));
  EXPECT_TRUE(refused([](FunctionSignature &g) { g.arguments[1].offsets->total.symbol = 2; }));
  EXPECT_TRUE(refused([](FunctionSignature &g) { g.results[0].offsets = OffsetsSignature{}; }));
}

TEST(Abi, CIdentifier) {
  EXPECT_EQ(cIdentifier("scan"), "scan");
  EXPECT_EQ(cIdentifier("my-model.v2"), "my_model_v2");
  EXPECT_EQ(cIdentifier("2fast"), "_2fast");
}

TEST(Abi, TwoFunctionsMayNotClaimOneSymbol) {
  ModuleSignature module = example();
  EXPECT_FALSE(bool(checkSignature(module)));
  module.functions.push_back(module.functions[0]);
  EXPECT_TRUE(bool(checkSignature(module)));
}

} // namespace
