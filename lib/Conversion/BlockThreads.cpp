// Words of code that the threads of a block of a GPU run together.
#include "BlockThreads.h"
#include "seqc/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

/// The address space of shared memory in NVIDIA's code.
static constexpr int64_t sharedSpace = 3;
static constexpr int64_t sharedAlignment = 16;

void seqc::makeBlocks(scf::ForallOp loop, int64_t threads) {
  loop->setAttr(threadsAttr, IntegerAttr::get(IntegerType::get(loop.getContext(), 64), threads));
}

Value seqc::threadOfBlock(OpBuilder &b, Location loc) {
  auto name = b.getStringAttr("llvm.nvvm.read.ptx.sreg.tid.x");
  Value thread =
      LLVM::CallIntrinsicOp::create(b, loc, b.getI32Type(), name, ValueRange{}).getResult(0);
  return arith::IndexCastUIOp::create(b, loc, b.getIndexType(), thread);
}

void seqc::waitForBlock(OpBuilder &b, Location loc) {
  auto name = b.getStringAttr("llvm.nvvm.barrier.cta.sync.aligned.all");
  Value barrier = LLVM::ConstantOp::create(b, loc, b.getI32Type(), b.getI32IntegerAttr(0));
  LLVM::CallIntrinsicOp::create(b, loc, name, ValueRange{barrier});
}

Value seqc::sharedBuffer(OpBuilder &b, Location loc, ArrayRef<int64_t> shape, Type element) {
  auto module = b.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  auto type = MemRefType::get(shape, element, MemRefLayoutAttrInterface(),
                              b.getI64IntegerAttr(sharedSpace));
  std::string name;
  for (unsigned n = 0; name.empty() || module.lookupSymbol(name); ++n)
    name = "seqc_shared_" + std::to_string(n);
  OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
  memref::GlobalOp::create(top, loc, name, b.getStringAttr("private"), type, top.getUnitAttr(),
                           /*constant=*/false, top.getI64IntegerAttr(sharedAlignment));
  return memref::GetGlobalOp::create(b, loc, type, name);
}

void seqc::eraseSharedBuffer(Value buffer) {
  auto get = buffer.getDefiningOp<memref::GetGlobalOp>();
  auto module = get->getParentOfType<ModuleOp>();
  module.lookupSymbol(get.getName())->erase();
  get.erase();
}

int64_t seqc::sharedBytesOf(ArrayRef<int64_t> shape, Type element) {
  int64_t bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  return llvm::alignTo(ShapedType::getNumElements(shape) * llvm::divideCeil(bits, 8),
                       sharedAlignment);
}
