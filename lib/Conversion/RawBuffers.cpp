// Buffers from raw pointers. MLIR has no op for it, so the descriptor that memref values are
// lowered to is built here and cast to a memref; the casts meet at LLVM lowering.
#include "seqc/Conversion/RawBuffers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

static Value entry(OpBuilder &b, Location loc, Value array, Type type, int64_t index) {
  if (index == 0)
    return array;
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  return LLVM::GEPOp::create(b, loc, pointer, type, array,
                             ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
}

Value seqc::loadPointer(OpBuilder &b, Location loc, Value pointers, int64_t index) {
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  return LLVM::LoadOp::create(b, loc, pointer, entry(b, loc, pointers, pointer, index));
}

Value seqc::loadSize(OpBuilder &b, Location loc, Value dims, int64_t index) {
  Value size =
      LLVM::LoadOp::create(b, loc, b.getI64Type(), entry(b, loc, dims, b.getI64Type(), index));
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), size);
}

void seqc::storeSize(OpBuilder &b, Location loc, Value dims, int64_t index, Value size) {
  Value wide = arith::IndexCastOp::create(b, loc, b.getI64Type(), size);
  LLVM::StoreOp::create(b, loc, wide, entry(b, loc, dims, b.getI64Type(), index));
}

Value seqc::bufferFromPointer(OpBuilder &b, Location loc, Value pointer, MemRefType type,
                              ValueRange dynamicSizes) {
  auto ptr = LLVM::LLVMPointerType::get(b.getContext());
  Type i64 = b.getI64Type();
  int64_t rank = type.getRank();
  SmallVector<Type> fields = {ptr, ptr, i64};
  if (rank)
    fields.append(2, LLVM::LLVMArrayType::get(i64, rank));
  auto structType = LLVM::LLVMStructType::getLiteral(b.getContext(), fields);
  auto constant = [&](int64_t v) -> Value {
    return LLVM::ConstantOp::create(b, loc, i64, b.getI64IntegerAttr(v));
  };
  Value d = LLVM::UndefOp::create(b, loc, structType);
  auto insert = [&](Value v, ArrayRef<int64_t> at) {
    d = LLVM::InsertValueOp::create(b, loc, d, v, at);
  };
  insert(pointer, 0);
  insert(pointer, 1);
  insert(constant(0), 2);
  SmallVector<Value> sizes;
  for (int64_t i = 0, next = 0; i < rank; ++i)
    sizes.push_back(type.isDynamicDim(i)
                        ? Value(arith::IndexCastOp::create(b, loc, i64, dynamicSizes[next++]))
                        : constant(type.getDimSize(i)));
  Value stride = constant(1);
  for (int64_t i = rank - 1; i >= 0; --i) {
    insert(sizes[i], {3, i});
    insert(stride, {4, i});
    if (i > 0)
      stride = LLVM::MulOp::create(b, loc, stride, sizes[i]);
  }
  return UnrealizedConversionCastOp::create(b, loc, type, d).getResult(0);
}
