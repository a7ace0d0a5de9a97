// Where buffers live. After bufferization a function allocates; a library call must not.
//
//  1. Allocations move to the function's entry (a buffer of a loop body is one buffer, reused).
//  2. A buffer whose contents end up in a result, by one whole copy, becomes that result.
//  3. The others get consecutive 64-byte aligned places in the caller's scratch memory, staggered
//     so that equal-sized buffers do not collide in a cache's sets.
#include "ParallelLoops.h"
#include "seqc/Conversion/Passes.h"
#include "seqc/Conversion/RawBuffers.h"
#include "seqc/Schedule/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace seqc {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "seqc/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

/// Distance in bytes that is added to each buffer's size.
static constexpr int64_t stagger = 1280;

/// Ops that `value` needs and that can run anywhere: no effects, or reads of the runtime's
/// arrays of pointers and sizes, which never change. In order. Fails at anything else.
LogicalResult seqc::collectRematerializable(Value value, SetVector<Operation *> &ops, Value known) {
  Operation *op = value.getDefiningOp();
  if (value == known)
    return success();
  if (!op)
    return success(isa<func::FuncOp>(cast<BlockArgument>(value).getOwner()->getParentOp()));
  if (ops.contains(op))
    return success();
  bool constantLoad = isa<LLVM::LoadOp>(op);
  bool ofTile = isa<memref::AllocaOp>(op); // each task has its own
  if (op->getNumRegions() || !(constantLoad || ofTile || isMemoryEffectFree(op)))
    return failure();
  for (Value operand : op->getOperands())
    if (failed(collectRematerializable(operand, ops, known)))
      return failure();
  ops.insert(op);
  return success();
}

/// The parallel loop around `op`, or null.
static scf::ForallOp tasksAround(Operation *op) {
  scf::ForallOp outermost;
  for (auto at = op->getParentOfType<scf::ForallOp>(); at;
       at = at->getParentOfType<scf::ForallOp>())
    outermost = at;
  return outermost;
}

/// Moves every allocation, with what its sizes need, to the function's entry; one of a task goes to
/// the task's. What is on the stack would grow with each iteration of a loop.
static LogicalResult hoistAllocations(func::FuncOp func) {
  SmallVector<memref::AllocaOp> allocas;
  func.walk([&](memref::AllocaOp alloca) { allocas.push_back(alloca); });
  for (memref::AllocaOp alloca : llvm::reverse(allocas))
    if (alloca->getOperands().empty())
      alloca->moveBefore(&func.getBody().front(), func.getBody().front().begin());
  SmallVector<memref::AllocOp> allocs;
  func.walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
  for (memref::AllocOp alloc : allocs) {
    scf::ForallOp tasks = tasksAround(alloc);
    Block &entry = tasks ? *tasks.getBody() : func.getBody().front();
    SetVector<Operation *> needed;
    for (Value size : alloc.getDynamicSizes())
      if (failed(collectRematerializable(size, needed)))
        return emitError(alloc.getLoc())
               << "expected sizes that follow from the arguments' sizes, but got one that depends "
                  "on data or on what a loop hands on";
    OpBuilder b = OpBuilder::atBlockBegin(&entry);
    IRMapping map;
    for (Operation *op : needed)
      b.clone(*op, map);
    Operation *fresh = b.clone(*alloc, map);
    alloc.getMemref().replaceAllUsesWith(fresh->getResult(0));
    alloc.erase();
  }
  return success();
}

/// True if `result` is the memory of a result: built from the runtime's pointers.
static bool isArgumentMemory(Value v) {
  return v.getDefiningOp<UnrealizedConversionCastOp>() != nullptr;
}

/// Size `dim` of a buffer that was built from pointers and sizes: one of those sizes.
static Value sizeOfRaw(OpBuilder &b, Location loc, UnrealizedConversionCastOp cast, int64_t dim) {
  Value part = cast.getOperand(0);
  while (auto insert = part.getDefiningOp<LLVM::InsertValueOp>()) {
    if (insert.getPosition() == ArrayRef<int64_t>{3, dim})
      return arith::IndexCastOp::create(b, loc, b.getIndexType(), insert.getValue());
    part = insert.getContainer();
  }
  return {};
}

/// Size `dim` of `buffer` from the sizes with which it was made; null if that is not known.
static Value sizeOf(OpBuilder &b, Location loc, Value buffer, int64_t dim) {
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.isDynamicDim(dim))
    return arith::ConstantIndexOp::create(b, loc, type.getDimSize(dim));
  if (auto cast = buffer.getDefiningOp<UnrealizedConversionCastOp>())
    return sizeOfRaw(b, loc, cast, dim);
  if (auto alloc = buffer.getDefiningOp<memref::AllocOp>())
    return alloc.getDynamicSizes()[type.getDynamicDimIndex(dim)];
  if (auto cast = buffer.getDefiningOp<memref::CastOp>();
      cast && isa<MemRefType>(cast.getSource().getType()))
    return sizeOf(b, loc, cast.getSource(), dim);
  if (auto collapse = buffer.getDefiningOp<memref::CollapseShapeOp>()) {
    Value product;
    ReassociationIndices group = collapse.getReassociationIndices()[dim];
    for (int64_t d : group) {
      Value size = sizeOf(b, loc, collapse.getSrc(), d);
      if (!size)
        return {};
      product = product ? arith::MulIOp::create(b, loc, product, size).getResult() : size;
    }
    return product;
  }
  return {};
}

/// Sizes of buffers become sizes of arguments, so that they do not depend on pointers.
static void resolveSizes(func::FuncOp func) {
  SmallVector<memref::DimOp> dims;
  func.walk([&](memref::DimOp op) { dims.push_back(op); });
  for (memref::DimOp op : dims) {
    std::optional<int64_t> dim = op.getConstantIndex();
    OpBuilder b(op);
    if (!dim || !isa<MemRefType>(op.getSource().getType()))
      continue;
    if (Value size = sizeOf(b, op.getLoc(), op.getSource(), *dim)) {
      op.replaceAllUsesWith(size);
      op.erase();
    }
  }
}

/// Copies of a whole buffer into a result: the buffer becomes the result.
static void forwardToResults(func::FuncOp func) {
  Block &entry = func.getBody().front();
  SmallVector<Operation *> copies;
  for (Operation &op : entry)
    if (isa<memref::CopyOp, linalg::CopyOp>(op))
      copies.push_back(&op);
  for (Operation *op : copies) {
    Value source = op->getOperand(0), target = op->getOperand(1);
    auto alloc = source.getDefiningOp<memref::AllocOp>();
    if (!alloc || !isArgumentMemory(target) || !target.hasOneUse() ||
        cast<MemRefType>(source.getType()).getShape() !=
            cast<MemRefType>(target.getType()).getShape() ||
        !cast<MemRefType>(source.getType()).getLayout().isIdentity())
      continue;
    SetVector<Operation *> needed;
    if (failed(collectRematerializable(target, needed)))
      continue;
    OpBuilder b(alloc);
    IRMapping map;
    for (Operation *dep : needed)
      b.clone(*dep, map);
    op->erase();
    alloc.getMemref().replaceAllUsesWith(map.lookup(target));
    alloc.erase();
  }
}

/// Copies that are left become loops: the C++ routine that upstream would call is not in libc.
static LogicalResult expandCopies(func::FuncOp func) {
  SmallVector<memref::CopyOp> copies;
  func.walk([&](memref::CopyOp copy) { copies.push_back(copy); });
  IRRewriter rewriter(func.getContext());
  for (memref::CopyOp copy : copies) {
    if (copy.getSource() != copy.getTarget()) {
      rewriter.setInsertionPoint(copy);
      auto op = linalg::CopyOp::create(rewriter, copy.getLoc(), copy.getSource(), copy.getTarget());
      if (failed(lowerOnBuffers(rewriter, op)))
        return failure();
    }
    rewriter.eraseOp(copy);
  }
  return success();
}

static Value alignUp(OpBuilder &b, Location loc, Value bytes) {
  Value mask = arith::ConstantIndexOp::create(b, loc, 63);
  Value up = arith::AddIOp::create(b, loc, bytes, mask);
  return arith::AndIOp::create(b, loc, up, arith::ConstantIndexOp::create(b, loc, ~int64_t(63)));
}

static Value bytesOf(OpBuilder &b, Location loc, MemRefType type, ValueRange dynamicSizes) {
  unsigned bits = type.getElementType().isIndex() ? 64 : type.getElementTypeBitWidth();
  int64_t fixed = (bits + 7) / 8;
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      fixed *= size;
  Value bytes = arith::ConstantIndexOp::create(b, loc, fixed);
  for (Value size : dynamicSizes)
    bytes = arith::MulIOp::create(b, loc, bytes, size);
  Value padded =
      arith::AddIOp::create(b, loc, bytes, arith::ConstantIndexOp::create(b, loc, stagger));
  return alignUp(b, loc, padded);
}

/// Replaces the allocations by places in scratch and writes `seqc_scratch_f`.
static LogicalResult placeInScratch(func::FuncOp func, StringRef name) {
  SmallVector<memref::AllocOp> allocs;
  func.walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
  Location loc = func.getLoc();
  OpBuilder b(func);
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  std::string scratchName = ("seqc_scratch_" + name).str();
  // That of one of several versions is declared already.
  auto scratch = func->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>(scratchName);
  if (scratch && !scratch.isDeclaration())
    return success();
  if (!scratch)
    scratch =
        func::FuncOp::create(b, loc, scratchName, b.getFunctionType({pointer}, {b.getI64Type()}));
  OpBuilder sizes = OpBuilder::atBlockEnd(scratch.addEntryBlock());
  IRMapping toScratch;
  toScratch.map(func.getArgument(1), scratch.getArgument(0));
  Value total = arith::ConstantIndexOp::create(sizes, loc, 0);
  Block &entry = func.getBody().front();
  Value offset;
  for (memref::AllocOp alloc : allocs) {
    scf::ForallOp tasks = tasksAround(alloc); // each has a buffer of its own
    SmallVector<Value> needs(alloc.getDynamicSizes());
    if (tasks)
      llvm::append_range(needs, tasks.getDynamicUpperBound());
    SetVector<Operation *> needed;
    for (Value size : needs)
      if (failed(collectRematerializable(size, needed)))
        return failure();
    SmallVector<Value> outside;
    for (Operation *op : needed)
      if (!toScratch.contains(op))
        sizes.clone(*op, toScratch);
    for (Value size : alloc.getDynamicSizes())
      outside.push_back(toScratch.lookup(size));
    auto times = [&](OpBuilder &at, Value bytes, IRMapping &map) {
      if (!tasks)
        return bytes;
      OpFoldResult count = tasks.getMixedUpperBound().front();
      if (auto value = dyn_cast<Value>(count))
        count = map.lookupOrDefault(value);
      return arith::MulIOp::create(at, loc, bytes, getValueOrCreateConstantIndexOp(at, loc, count))
          .getResult();
    };
    Value bytes = bytesOf(sizes, loc, alloc.getType(), outside);
    total = arith::AddIOp::create(sizes, loc, total, times(sizes, bytes, toScratch));

    if (!offset) {
      OpBuilder first = OpBuilder::atBlockBegin(&entry);
      offset = arith::ConstantIndexOp::create(first, loc, 0);
    }
    b.setInsertionPoint(tasks ? tasks.getOperation() : alloc.getOperation());
    IRMapping same, before;
    for (Operation *op : needed)
      if (tasks && tasks->isAncestor(op))
        b.clone(*op, before);
    SmallVector<Value> own;
    for (Value size : alloc.getDynamicSizes())
      own.push_back(before.lookupOrDefault(size));
    Value ownBytes = bytesOf(b, loc, alloc.getType(), own), first = offset;
    offset = arith::AddIOp::create(b, loc, offset, times(b, ownBytes, same));
    b.setInsertionPoint(alloc);
    if (tasks)
      first = arith::AddIOp::create(
          b, loc, first, arith::MulIOp::create(b, loc, ownBytes, tasks.getInductionVar(0)));
    Value wide = arith::IndexCastOp::create(b, loc, b.getI64Type(), first);
    Value place = LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), func.getArgument(2),
                                      ArrayRef<LLVM::GEPArg>{wide});
    Value buffer = bufferFromPointer(b, loc, place, alloc.getType(), alloc.getDynamicSizes());
    alloc.getMemref().replaceAllUsesWith(buffer);
    alloc.erase();
  }
  func::ReturnOp::create(sizes, loc,
                         Value(arith::IndexCastOp::create(sizes, loc, sizes.getI64Type(), total)));
  return success();
}

/// Loops over sequences whose iterations hand nothing on become parallel.
static void makeSequencesParallel(func::FuncOp func) {
  for (auto loop : llvm::to_vector(func.getBody().front().getOps<scf::ForOp>())) {
    if (!loop->hasAttr(sequencesAttr) || loop.getNumResults())
      continue;
    OpBuilder b(loop);
    auto tasks = scf::ForallOp::create(
        b, loop.getLoc(), ArrayRef<OpFoldResult>{getAsOpFoldResult(loop.getUpperBound())},
        ValueRange{}, std::nullopt);
    loop.getInductionVar().replaceAllUsesWith(tasks.getInductionVar(0));
    Block *body = loop.getBody();
    body->getTerminator()->erase();
    tasks.getBody()->getOperations().splice(tasks.getBody()->begin(), body->getOperations());
    loop.erase();
  }
}

namespace {
struct PlanMemoryPass : seqc::impl::PlanMemoryPassBase<PlanMemoryPass> {
  void runOnOperation() override {
    for (func::FuncOp func : llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      if (func.isDeclaration())
        continue;
      StringRef name = func.getName();
      func.walk([](memref::DeallocOp op) { op.erase(); });
      resolveSizes(func);
      forwardToResults(func);
      if (name.starts_with("seqc_init_") && failed(expandCopies(func)))
        return signalPassFailure();
      if (!name.consume_front("seqc_body_"))
        continue;
      if (isGpu(getOperation()))
        makeSequencesParallel(func);
      if (failed(expandCopies(func)) || failed(hoistAllocations(func)) ||
          failed(placeInScratch(func, name)))
        return signalPassFailure();
    }
  }
};
} // namespace
