// Words of code that the threads of a block of a GPU run together.
#include "BlockThreads.h"
#include "seqc/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

static IntegerAttr numberOf(Operation *op, int64_t v) {
  return IntegerAttr::get(IntegerType::get(op->getContext(), 64), v);
}

void seqc::keepLoop(scf::ForallOp loop) {
  // MLIR takes other loops of one item apart.
  auto block = gpu::GPUBlockMappingAttr::get(loop.getContext(), gpu::MappingId::DimX);
  loop.setMappingAttr(ArrayAttr::get(loop.getContext(), Attribute(block)));
}

void seqc::makeBlocks(scf::ForallOp loop, int64_t threads, int64_t onSm) {
  loop->setAttr(threadsAttr, numberOf(loop, threads));
  keepLoop(loop);
  if (onSm)
    askForBlocks(loop, onSm);
}

void seqc::askForBlocks(scf::ForallOp loop, int64_t onSm) {
  loop->setAttr(blocksAttr, numberOf(loop, onSm));
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
                              b.getI64IntegerAttr(seqc::sharedSpace));
  std::string name;
  for (unsigned n = 0; name.empty() || module.lookupSymbol(name); ++n)
    name = "seqc_shared_" + std::to_string(n);
  OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
  memref::GlobalOp::create(top, loc, name, b.getStringAttr("private"), type, top.getUnitAttr(),
                           /*constant=*/false, top.getI64IntegerAttr(seqc::sharedAlignment));
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
                       seqc::sharedAlignment);
}

//===-----------------------------------------------------------------------===//
// Lanes of a warp
//===-----------------------------------------------------------------------===//

/// The i32 `word` of lane `from`.
static Value wordFromLane(OpBuilder &b, Location loc, Value word, Value from) {
  auto number = [&](int64_t v) { return arith::ConstantIntOp::create(b, loc, v, 32); };
  auto name = b.getStringAttr("llvm.nvvm.shfl.sync.idx.i32");
  Value operands[] = {number(-1), word, from, number(seqc::warpSize - 1)}; // of all lanes
  return LLVM::CallIntrinsicOp::create(b, loc, b.getI32Type(), name, operands).getResult(0);
}

/// The integer `bits` of lane `from`.
static Value bitsFromLane(OpBuilder &b, Location loc, Value bits, Value from) {
  Type type = bits.getType(), word = b.getI32Type();
  unsigned width = type.getIntOrFloatBitWidth();
  if (width == 32)
    return wordFromLane(b, loc, bits, from);
  if (width < 32) {
    Value wide = wordFromLane(b, loc, arith::ExtUIOp::create(b, loc, word, bits), from);
    return arith::TruncIOp::create(b, loc, type, wide);
  }
  Value half = arith::ConstantIntOp::create(b, loc, 32, 64);
  Value high = arith::ShRUIOp::create(b, loc, bits, half);
  SmallVector<Value, 2> parts;
  for (Value part : {bits, high}) {
    part = wordFromLane(b, loc, arith::TruncIOp::create(b, loc, word, part), from);
    parts.push_back(arith::ExtUIOp::create(b, loc, type, part));
  }
  return arith::OrIOp::create(b, loc, parts[0], arith::ShLIOp::create(b, loc, parts[1], half));
}

Value seqc::fromLane(OpBuilder &b, Location loc, Value v, Value from) {
  if (auto vector = dyn_cast<VectorType>(v.getType())) {
    Value scalar = vector::ExtractOp::create(b, loc, v, ArrayRef<int64_t>{0});
    return vector::BroadcastOp::create(b, loc, vector, fromLane(b, loc, scalar, from));
  }
  Type type = v.getType();
  if (isa<IntegerType>(type))
    return bitsFromLane(b, loc, v, from);
  Type bits = b.getIntegerType(type.getIntOrFloatBitWidth());
  v = bitsFromLane(b, loc, arith::BitcastOp::create(b, loc, bits, v), from);
  return arith::BitcastOp::create(b, loc, type, v);
}

Value seqc::lanesWhere(OpBuilder &b, Location loc, Value condition) {
  auto name = b.getStringAttr("llvm.nvvm.vote.ballot.sync");
  Value operands[] = {arith::ConstantIntOp::create(b, loc, -1, 32), condition};
  return LLVM::CallIntrinsicOp::create(b, loc, b.getI32Type(), name, operands).getResult(0);
}

//===-----------------------------------------------------------------------===//
// Words that blocks wait for
//===-----------------------------------------------------------------------===//

/// Other blocks, of the same GPU.
static constexpr StringLiteral deviceScope = "device";

static Value placeOf(OpBuilder &b, Location loc, Value words, Value at) {
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, words);
  address = arith::IndexCastOp::create(b, loc, b.getI64Type(), address);
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value base = LLVM::IntToPtrOp::create(b, loc, pointer, address);
  Value index = arith::IndexCastOp::create(b, loc, b.getI64Type(), at);
  return LLVM::GEPOp::create(b, loc, pointer, b.getI32Type(), base, ArrayRef<LLVM::GEPArg>{index});
}

// LLVM prints neither order nor scope of an atomicrmw for a GPU: this one has none to lose.
Value seqc::takeTicket(OpBuilder &b, Location loc, Value words, Value at) {
  Value one = arith::ConstantIntOp::create(b, loc, 1, 32);
  return LLVM::AtomicRMWOp::create(b, loc, LLVM::AtomicBinOp::add, placeOf(b, loc, words, at), one,
                                   LLVM::AtomicOrdering::monotonic, deviceScope);
}

static Value loadWord(OpBuilder &b, Location loc, Value words, Value at,
                      LLVM::AtomicOrdering ordering) {
  return LLVM::LoadOp::create(b, loc, b.getI32Type(), placeOf(b, loc, words, at), /*alignment=*/4,
                              /*isVolatile=*/false, /*isNonTemporal=*/false,
                              /*isInvariant=*/false, /*isInvariantGroup=*/false, ordering,
                              deviceScope);
}

Value seqc::acquireWord(OpBuilder &b, Location loc, Value words, Value at) {
  return loadWord(b, loc, words, at, LLVM::AtomicOrdering::acquire);
}

Value seqc::peekWord(OpBuilder &b, Location loc, Value words, Value at) {
  return loadWord(b, loc, words, at, LLVM::AtomicOrdering::monotonic);
}

void seqc::acquireAll(OpBuilder &b, Location loc) {
  LLVM::FenceOp::create(b, loc, LLVM::AtomicOrdering::acquire, deviceScope);
}

static void storeWord(OpBuilder &b, Location loc, Value v, Value words, Value at,
                      LLVM::AtomicOrdering ordering) {
  LLVM::StoreOp::create(b, loc, v, placeOf(b, loc, words, at), /*alignment=*/4,
                        /*isVolatile=*/false, /*isNonTemporal=*/false, /*isInvariantGroup=*/false,
                        ordering, deviceScope);
}

void seqc::writeWord(OpBuilder &b, Location loc, Value v, Value words, Value at) {
  storeWord(b, loc, v, words, at, LLVM::AtomicOrdering::monotonic);
}

void seqc::releaseWord(OpBuilder &b, Location loc, Value v, Value words, Value at) {
  storeWord(b, loc, v, words, at, LLVM::AtomicOrdering::release);
}
