// What generated code counts of its own work.
#include "CallStats.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace seqc;

static constexpr int64_t numbers = int64_t(Stat::OneByOne) + 1;
static constexpr StringLiteral runtimeName = "seqc_rt_report";

void CallStats::allocate(Value count) {
  rows = count;
  auto type = MemRefType::get({ShapedType::kDynamic, numbers}, b.getI64Type());
  buffer = memref::AllocOp::create(b, loc, type, rows);
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value none = arith::ConstantIntOp::create(b, loc, b.getI64Type(), 0);
  auto loop = scf::ForOp::create(b, loc, zero, rows, one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  for (int64_t i = 0; i < numbers; ++i) {
    Value at = arith::ConstantIndexOp::create(b, loc, i);
    memref::StoreOp::create(b, loc, none, buffer, ValueRange{loop.getInductionVar(), at});
  }
}

void CallStats::add(Value row, Stat stat, Value amount) {
  SmallVector<Value> at = {row, arith::ConstantIndexOp::create(b, loc, int64_t(stat))};
  Value before = memref::LoadOp::create(b, loc, buffer, at);
  Value more = arith::IndexCastOp::create(b, loc, b.getI64Type(), amount);
  Value after = arith::AddIOp::create(b, loc, before, more);
  memref::StoreOp::create(b, loc, after, buffer, at);
}

void CallStats::report(func::FuncOp function) {
  // Only the bodies of public functions have a caller that asks.
  if (!function.getName().starts_with("seqc_body_") || function.getNumArguments() != 4)
    return;
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto module = function->getParentOfType<ModuleOp>();
  auto runtime = module.lookupSymbol<func::FuncOp>(runtimeName);
  if (!runtime) {
    OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
    runtime = func::FuncOp::create(top, module.getLoc(), runtimeName,
                                   b.getFunctionType({pointer, pointer, b.getI64Type()}, {}));
    runtime.setPrivate();
  }
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, buffer);
  Value bits = arith::IndexCastOp::create(b, loc, b.getI64Type(), address);
  Value place = LLVM::IntToPtrOp::create(b, loc, pointer, bits);
  Value count = arith::IndexCastOp::create(b, loc, b.getI64Type(), rows);
  func::CallOp::create(b, loc, runtime, ValueRange{function.getArgument(3), place, count});
}
