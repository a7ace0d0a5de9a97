// What LLVM says while code is made is kept or dropped: never printed, and never the process's end.
#include "seqc/Target/CPU.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <gtest/gtest.h>

using namespace seqc;

/// The error of `emitCode` where LLVM says `texts`, or empty; in `printed` what stderr got
/// meanwhile.
static std::string errorAfter(llvm::DiagnosticSeverity severity, llvm::ArrayRef<const char *> texts,
                              std::string &printed) {
  mlir::MLIRContext mlir;
  mlir.loadDialect<seq::SeqDialect>();
  std::string error;
  auto target = cpuTarget(&mlir, "", "native", error);
  auto machine = makeTargetMachine(*target, 2, error);
  auto context = makeContext();
  llvm::Module module("empty", *context);
  applyTarget(module, *target, *machine);
  testing::internal::CaptureStderr();
  for (const char *text : texts)
    context->diagnose(llvm::DiagnosticInfoGeneric(text, severity));
  llvm::SmallVector<char> code;
  bool done = emitCode(module, *machine, /*assembly=*/false, code, error);
  printed = testing::internal::GetCapturedStderr();
  EXPECT_EQ(done, error.empty());
  return error;
}

TEST(Codegen, ErrorsOfLlvmAreReturned) {
  std::string printed;
  EXPECT_EQ(errorAfter(llvm::DS_Error, {"first", "second"}, printed), "first");
  EXPECT_EQ(printed, "");
}

TEST(Codegen, WarningsOfLlvmAreDropped) {
  std::string printed;
  EXPECT_EQ(errorAfter(llvm::DS_Warning, {"loop not unrolled"}, printed), "");
  EXPECT_EQ(printed, "");
}
