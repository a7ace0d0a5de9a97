// seqc-opt: runs single passes and stages on textual IR; the tool of the tests.
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "seqc/Pipeline/Compiler.h"
#include "seqc/Pipeline/Stages.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  seqc::registerDialects(registry);
  seqc::registerPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "seqc's passes and stages on MLIR\n", registry));
}
