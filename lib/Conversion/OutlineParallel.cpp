// Parallel loops. Work that may be shared between threads is an scf.forall over one index; here
// each becomes a function of a range of it. The function rebuilds buffers and sizes from the
// same arrays that the caller had, so nothing has to be passed through a closure. How the range
// is cut does not change any result: iterations are independent. Where the host of a GPU starts one
// in each turn of a loop, the function gets the turn's number, too.
#include "seqc/Conversion/Passes.h"
#include "seqc/Schedule/Passes.h"
#include "seqc/Support/GpuShape.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"

namespace seqc {
#define GEN_PASS_DEF_OUTLINEPARALLELPASS
#include "seqc/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

static constexpr StringLiteral runtimeName = "seqc_rt_parallel_for";
/// The same, on GPUs only, with a number that the task gets last, and how many of these there are.
static constexpr StringLiteral stepRuntimeName = "seqc_rt_parallel_step";

/// for i in [lower, upper): the body of `loop`, at `b`.
static void inlineAsLoop(OpBuilder &b, scf::ForallOp loop, Value lower, Value upper,
                         IRMapping &map) {
  Location loc = loop.getLoc();
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  auto serial = scf::ForOp::create(b, loc, lower, upper, one);
  map.map(loop.getInductionVar(0), serial.getInductionVar());
  OpBuilder body = OpBuilder::atBlockBegin(serial.getBody());
  for (Operation &op : loop.getBody()->without_terminator())
    body.clone(op, map);
}

static void makeSerial(scf::ForallOp loop) {
  OpBuilder b(loop);
  IRMapping map;
  Value zero = arith::ConstantIndexOp::create(b, loop.getLoc(), 0);
  inlineAsLoop(b, loop, zero, loop.getUpperBound(b).front(), map);
  loop.erase();
}

static func::FuncOp declareRuntime(ModuleOp module, bool ofStep) {
  StringRef name = ofStep ? stepRuntimeName : runtimeName;
  if (auto func = module.lookupSymbol<func::FuncOp>(name))
    return func;
  OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  SmallVector<Type> types(5, pointer);
  types.append(ofStep ? 3 : 1, b.getI64Type());
  auto func = func::FuncOp::create(b, module.getLoc(), name, b.getFunctionType(types, {}));
  func.setPrivate();
  return func;
}

/// The loop of the host over 0, 1, … in each turn of which `loop` starts, or null.
static scf::ForOp hostLoopAround(scf::ForallOp loop) {
  auto around = dyn_cast<scf::ForOp>(loop->getParentOp());
  if (!around || !isa<func::FuncOp>(around->getParentOp()) || around.getNumResults() ||
      !isGpu(around->getParentOfType<ModuleOp>()) ||
      getConstantIntValue(around.getLowerBound()) != 0 ||
      getConstantIntValue(around.getStep()) != 1)
    return nullptr;
  return around;
}

/// Makes a function of the loop and calls it; a loop whose values can't be rebuilt runs in place.
static void outline(func::FuncOp func, scf::ForallOp loop, unsigned number) {
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(loop.getRegion(), captured);
  SetVector<Operation *> needed;
  scf::ForOp steps = hostLoopAround(loop);
  Value step = steps ? steps.getInductionVar() : Value();
  for (Value v : captured)
    if (failed(collectRematerializable(v, needed, step)))
      return makeSerial(loop);
  Location loc = loop.getLoc();
  OpBuilder b(func);
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  Type i64 = b.getI64Type();
  std::string name =
      "seqc_task_" + func.getName().drop_front(10).str() + "_" + std::to_string(number);
  SmallVector<Type> types = {pointer, pointer, pointer, i64, i64};
  if (steps)
    types.push_back(i64);
  auto task = func::FuncOp::create(b, loc, name, b.getFunctionType(types, {}));
  task.setPrivate();
  SmallVector<Attribute> toLlvm;
  for (StringRef attribute : {threadsAttr, blocksAttr})
    if (auto number = loop->getAttrOfType<IntegerAttr>(attribute)) {
      Attribute pair[] = {b.getStringAttr(attribute),
                          b.getStringAttr(std::to_string(number.getInt()))};
      toLlvm.push_back(b.getArrayAttr(pair));
    }
  if (!toLlvm.empty())
    task->setAttr("passthrough", b.getArrayAttr(toLlvm));
  Block *entry = task.addEntryBlock();
  b.setInsertionPointToStart(entry);
  IRMapping map;
  for (unsigned i = 0; i < 3; ++i)
    map.map(func.getArgument(i), entry->getArgument(i));
  if (steps)
    map.map(
        step,
        arith::IndexCastOp::create(b, loc, b.getIndexType(), entry->getArgument(5)).getResult());
  for (Operation *op : needed)
    b.clone(*op, map);
  Value lower = arith::IndexCastOp::create(b, loc, b.getIndexType(), entry->getArgument(3));
  Value upper = arith::IndexCastOp::create(b, loc, b.getIndexType(), entry->getArgument(4));
  inlineAsLoop(b, loop, lower, upper, map);
  func::ReturnOp::create(b, loc);

  func::FuncOp runtime = declareRuntime(func->getParentOfType<ModuleOp>(), bool(steps));
  b.setInsertionPoint(loop);
  Value count = arith::IndexCastOp::create(b, loc, i64, loop.getUpperBound(b).front());
  Value address = UnrealizedConversionCastOp::create(
                      b, loc, pointer,
                      func::ConstantOp::create(b, loc, task.getFunctionType(), name).getResult())
                      .getResult(0);
  SmallVector<Value> given = {func.getArgument(3), address,
                              func.getArgument(0), func.getArgument(1),
                              func.getArgument(2), count};
  if (steps)
    for (Value number : {step, steps.getUpperBound()})
      given.push_back(arith::IndexCastOp::create(b, loc, i64, number));
  func::CallOp::create(b, loc, runtime, given);
  loop.erase();
}

bool seqc::runsOnHostOfGpu(Operation *op) {
  return isa<func::FuncOp, func::CallOp, func::ReturnOp, scf::ForallOp, LLVM::LoadOp,
             memref::AllocaOp>(op) ||
         (op->getNumRegions() == 0 && isMemoryEffectFree(op)) ||
         (isa<scf::ForOp, scf::IfOp>(op) && llvm::all_of(op->getRegions(), [](Region &region) {
            return llvm::all_of(region.getOps(),
                                [](Operation &inner) { return runsOnHostOfGpu(&inner); });
          }));
}

/// True for work that threads of a block share: one thread alone cannot do it.
static bool hasBlocks(Operation *op) {
  return op
      ->walk([](scf::ForallOp loop) {
        return loop->hasAttr(threadsAttr) ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// True for a loop of the host that starts kernels: what stands before it happens before it.
static bool startsInLoop(Operation *op) {
  return isa<scf::ForOp>(op) && runsOnHostOfGpu(op) &&
         op->walk([](scf::ForallOp) { return WalkResult::interrupt(); }).wasInterrupted();
}

/// Work between parallel loops that touches memory becomes a loop of one item: a GPU's host has no
/// access to it. What hands values on from there stays, and is refused later.
static void gatherRest(func::FuncOp func) {
  SmallVector<SmallVector<Operation *>> groups(1);
  DenseSet<Operation *> inGroup;
  for (Operation &op : func.getBody().front()) {
    if (isa<scf::ForallOp, func::CallOp>(op) || hasBlocks(&op)) {
      groups.emplace_back();
      inGroup.clear();
      continue;
    }
    bool reads = false;
    op.walk([&](Operation *inner) {
      for (Value v : inner->getOperands())
        reads |= v.getDefiningOp() && inGroup.contains(v.getDefiningOp());
    });
    if (!op.hasTrait<OpTrait::IsTerminator>() && (reads || !runsOnHostOfGpu(&op))) {
      groups.back().push_back(&op);
      inGroup.insert(&op);
    } else if (startsInLoop(&op)) {
      groups.emplace_back();
      inGroup.clear();
    }
  }
  for (ArrayRef<Operation *> group : groups) {
    auto staysInside = [&](Operation *op) {
      return llvm::all_of(op->getUsers(), [&](Operation *user) {
        return llvm::any_of(group, [&](Operation *member) { return member->isAncestor(user); });
      });
    };
    auto hasOwnMemory = [&](Operation *op) { // what a task allocates, no other one sees
      return !op->walk([&](Operation *inner) {
                  for (Value v : inner->getOperands())
                    if (auto alloca = v.getDefiningOp<memref::AllocaOp>();
                        alloca && alloca->getBlock() == op->getBlock() && !staysInside(alloca))
                      return WalkResult::interrupt();
                  return WalkResult::advance();
                }).wasInterrupted();
    };
    if (group.empty() || !llvm::all_of(group, staysInside) || !llvm::all_of(group, hasOwnMemory))
      continue;
    OpBuilder b(group.back());
    auto once =
        scf::ForallOp::create(b, group.front()->getLoc(), ArrayRef<OpFoldResult>{b.getIndexAttr(1)},
                              ValueRange{}, std::nullopt);
    for (Operation *op : group)
      op->moveBefore(once.getBody()->getTerminator());
  }
}

/// Makes functions of the outermost parallel loops of `func`, numbered from `number`; returns the
/// next number.
static unsigned outlineLoops(func::FuncOp func, unsigned number) {
  SmallVector<scf::ForallOp> loops;
  func.walk([&](scf::ForallOp loop) { loops.push_back(loop); });
  for (scf::ForallOp loop : loops)
    if (loop->getParentOfType<scf::ForallOp>())
      makeSerial(loop);
    else
      outline(func, loop, number++);
  return number;
}

/// `seqc_fill_f`: what `init`, `seqc_init_f`, does, as tasks for a GPU whose memory the host does
/// not reach. Their numbers begin with `number`, where those of the body end.
static void makeFill(func::FuncOp init, unsigned number) {
  func::FuncOp fill = init.clone();
  fill.setName("seqc_fill_" + init.getName().drop_front(StringRef("seqc_init_").size()).str());
  init->getBlock()->getOperations().insertAfter(init->getIterator(), fill);
  auto pointer = LLVM::LLVMPointerType::get(init.getContext());
  for (int i = 0; i < 2; ++i) // scratch and the context of parallel loops
    fill.getBody().front().addArgument(pointer, init.getLoc());
  fill.setFunctionType(
      FunctionType::get(init.getContext(), SmallVector<Type>(4, pointer), TypeRange()));
  gatherRest(fill);
  outlineLoops(fill, number);
}

namespace {
struct OutlineParallelPass : seqc::impl::OutlineParallelPassBase<OutlineParallelPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (func::FuncOp func : llvm::to_vector(module.getOps<func::FuncOp>())) {
      StringRef name = func.getName();
      if (!name.consume_front("seqc_body_"))
        continue;
      if (isGpu(module))
        gatherRest(func);
      unsigned tasks = outlineLoops(func, 0);
      auto init = module.lookupSymbol<func::FuncOp>(("seqc_init_" + name).str());
      if (init && isGpu(module))
        makeFill(init, tasks);
    }
    SmallVector<scf::ForallOp> rest;
    module.walk([&](scf::ForallOp loop) { rest.push_back(loop); });
    for (scf::ForallOp loop : rest)
      makeSerial(loop);
  }
};
} // namespace
