// The function boundary. A public function f(tensors) -> tensors becomes
//
//   seqc_body_f(ptrs, dims, scratch, par)   reads arguments and writes results in memory
//   seqc_shapes_f(dims)                     computes the results' sizes from the arguments'
//
// where `ptrs` are arguments and results in order and `dims` all their sizes in order; an index
// argument is a size itself, and has one place in `dims` for its value. Inputs become tensors that
// bufferization may not write to; results are materialised in place.
//
// A function with versions becomes a body for each of them, of which seqc_body_f calls one, and
// seqc_scratch_f asks the same one how much scratch it needs.
#include "seqc/Analysis/InferSignature.h"
#include "seqc/Conversion/Passes.h"
#include "seqc/Conversion/RawBuffers.h"
#include "seqc/Conversion/ResultSizes.h"

#include "mlir/IR/IRMapping.h"

namespace seqc {
#define GEN_PASS_DEF_EXPOSEBUFFERSPASS
#include "seqc/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

static constexpr StringLiteral bodyPrefix = "seqc_body_", scratchPrefix = "seqc_scratch_";

namespace {
/// Where one argument or result sits in the runtime's arrays.
struct Slot {
  Type type;
  /// Sizes that the runtime knows: all but the 2 of a complex tensor's parts.
  int64_t rank = 0;
  int64_t pointer = 0;
  int64_t firstSize = 0;
};

/// What calls run in place of a function where their sizes are in `ranges`.
struct Version {
  func::FuncOp callee;
  ArrayAttr ranges;
};

/// Rewrites one function.
struct BoundaryRewrite {
  func::FuncOp func;
  OpBuilder b;
  Location loc;
  SmallVector<Slot> arguments, results;
  Value pointers, dims;

  explicit BoundaryRewrite(func::FuncOp func)
      : func(func), b(func.getContext()), loc(func.getLoc()) {}

  void assignSlots();
  MemRefType bufferType(RankedTensorType type);
  Value buffer(const Slot &slot);
  Value readArgument(const Slot &slot);
  void writeResult(Value value, const Slot &slot);
  void convertBody(StringRef name, unsigned rawArguments);
  LogicalResult storeSizes(OpBuilder &inside, Value sizes, Operation *terminator,
                           ArrayRef<Slot> slots);
  LogicalResult makeShapes(StringRef name, func::FuncOp init);
  void dispatch(StringRef name, ArrayRef<Version> versions);
};
} // namespace

void BoundaryRewrite::assignSlots() {
  int64_t pointer = 0, size = 0;
  auto add = [&](TypeRange types, SmallVector<Slot> &slots, bool isArgument) {
    for (auto [i, type] : llvm::enumerate(types)) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      bool inParts =
          bool(isArgument ? func.getArgAttr(i, complexAttr) : func.getResultAttr(i, complexAttr));
      int64_t rank = tensor ? tensor.getRank() - inParts : 0;
      slots.push_back({type, rank, pointer++, size});
      if (tensor)
        size += rank;
      else if (isArgument && type.isIndex())
        ++size;
    }
  };
  add(func.getArgumentTypes(), arguments, true);
  add(func.getResultTypes(), results, false);
}

/// bool is one byte in memory.
MemRefType BoundaryRewrite::bufferType(RankedTensorType type) {
  Type element = type.getElementType();
  return MemRefType::get(type.getShape(), element.isInteger(1) ? b.getI8Type() : element);
}

Value BoundaryRewrite::buffer(const Slot &slot) {
  auto tensor = cast<RankedTensorType>(slot.type);
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < tensor.getRank(); ++i)
    if (tensor.isDynamicDim(i))
      sizes.push_back(loadSize(b, loc, dims, slot.firstSize + i));
  return bufferFromPointer(b, loc, loadPointer(b, loc, pointers, slot.pointer), bufferType(tensor),
                           sizes);
}

/// The bytes that `v`, a tensor of bools, was made of by `convertBool`, or null.
static Value bytesBehind(Value v) {
  auto read = v.getDefiningOp<linalg::GenericOp>();
  if (!read || read->getNumOperands() != 2 ||
      !llvm::all_of(read.getIndexingMapsArray(), [](AffineMap map) { return map.isIdentity(); }))
    return {};
  auto test = read.getBody()->getTerminator()->getOperand(0).getDefiningOp<arith::CmpIOp>();
  return test && test.getPredicate() == arith::CmpIPredicate::ne &&
                 test.getLhs() == read.getBody()->getArgument(0) &&
                 test.getLhs().getType().isInteger(8) && matchPattern(test.getRhs(), m_Zero())
             ? read.getInputs().front()
             : Value();
}

/// An elementwise conversion of a tensor between i1 and i8.
static Value convertBool(OpBuilder &b, Location loc, Value v, Type element) {
  auto type = cast<RankedTensorType>(v.getType()).clone(element);
  Value init = tensor::EmptyOp::create(b, loc, tensor::getMixedSizes(b, loc, v), element);
  // A filled tensor needs no memory of its own, which @seqc_init_f has not.
  if (auto fill = v.getDefiningOp<linalg::FillOp>(); fill && !element.isInteger(1)) {
    Value byte = arith::ExtUIOp::create(b, loc, element, fill.value());
    return linalg::FillOp::create(b, loc, byte, init).getResult(0);
  }
  // Neither do bytes that are handed on.
  if (Value bytes = element.isInteger(1) ? Value() : bytesBehind(v))
    v = bytes;
  AffineMap id = b.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, loc, init.getType(), v, init, ArrayRef<AffineMap>{id, id}, loops,
             [&](OpBuilder &nested, Location l, ValueRange args) {
               Value out = args[0];
               if (!out.getType().isInteger(1))
                 out = arith::CmpIOp::create(
                     nested, l, arith::CmpIPredicate::ne, out,
                     arith::ConstantIntOp::create(nested, l, out.getType(), 0));
               if (!element.isInteger(1))
                 out = arith::ExtUIOp::create(nested, l, element, out);
               linalg::YieldOp::create(nested, l, out);
             })
      .getResult(0);
}

Value BoundaryRewrite::readArgument(const Slot &slot) {
  if (auto type = dyn_cast<RankedTensorType>(slot.type)) {
    Value memory = buffer(slot);
    Value tensor = bufferization::ToTensorOp::create(
        b, loc,
        RankedTensorType::get(type.getShape(), cast<MemRefType>(memory.getType()).getElementType()),
        memory, /*restrict=*/true, /*writable=*/false);
    return type.getElementType().isInteger(1) ? convertBool(b, loc, tensor, b.getI1Type()) : tensor;
  }
  if (slot.type.isIndex())
    return loadSize(b, loc, dims, slot.firstSize);
  Value pointer = loadPointer(b, loc, pointers, slot.pointer);
  if (slot.type.isInteger(1))
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                                 LLVM::LoadOp::create(b, loc, b.getI8Type(), pointer),
                                 arith::ConstantIntOp::create(b, loc, b.getI8Type(), 0));
  return LLVM::LoadOp::create(b, loc, slot.type, pointer);
}

void BoundaryRewrite::writeResult(Value value, const Slot &slot) {
  if (isa<RankedTensorType>(slot.type)) {
    if (cast<RankedTensorType>(slot.type).getElementType().isInteger(1))
      value = convertBool(b, loc, value, b.getI8Type());
    bufferization::MaterializeInDestinationOp::create(b, loc, Type(), value, buffer(slot),
                                                      /*restrict=*/true, /*writable=*/true);
    return;
  }
  if (slot.type.isIndex())
    value = arith::IndexCastOp::create(b, loc, b.getI64Type(), value);
  if (slot.type.isInteger(1))
    value = arith::ExtUIOp::create(b, loc, b.getI8Type(), value);
  LLVM::StoreOp::create(b, loc, value, loadPointer(b, loc, pointers, slot.pointer));
}

/// Sizes of computed tensors become sizes of arguments, so that no size keeps a tensor alive.
static void resolveSizes(func::FuncOp func) {
  Block &entry = func.getBody().front();
  OpBuilder b = OpBuilder::atBlockBegin(&entry);
  SmallVector<tensor::DimOp> dims;
  func.walk([&](tensor::DimOp op) {
    auto arg = dyn_cast<BlockArgument>(op.getSource());
    if (!op->getParentOfType<seq::RecurrenceOp>() && (!arg || arg.getOwner() != &entry) &&
        op.getConstantIndex())
      dims.push_back(op);
  });
  for (tensor::DimOp op : dims) {
    FailureOr<Value> size = resultSize(
        b, op.getSource(), *op.getConstantIndex(), [&](BlockArgument arg, int64_t d) -> Value {
          return arg.getType().isIndex()
                     ? Value(arg)
                     : tensor::DimOp::create(b, op.getLoc(), arg, d).getResult();
        });
    if (succeeded(size)) {
      op.getResult().replaceAllUsesWith(*size);
      op.erase();
    }
  }
}

void BoundaryRewrite::convertBody(StringRef name, unsigned rawArguments) {
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  Block &entry = func.getBody().front();
  unsigned count = entry.getNumArguments();
  SmallVector<Value> raw;
  for (unsigned i = 0; i < rawArguments; ++i)
    raw.push_back(entry.addArgument(pointer, loc));
  pointers = raw[0];
  dims = raw[1];
  b.setInsertionPointToStart(&entry);
  for (unsigned i = 0; i < count; ++i)
    if (!entry.getArgument(i).use_empty())
      entry.getArgument(i).replaceAllUsesWith(readArgument(arguments[i]));
  entry.eraseArguments(0, count);
  Operation *terminator = entry.getTerminator();
  b.setInsertionPoint(terminator);
  for (auto [value, slot] : llvm::zip_equal(terminator->getOperands(), results))
    writeResult(value, slot);
  terminator->setOperands({});
  func.setFunctionType(b.getFunctionType(SmallVector<Type>(rawArguments, pointer), {}));
  func.setName(name);
  func.removeArgAttrsAttr();
  func.removeResAttrsAttr();
}

/// Writes the sizes of what `terminator` returns into `slots`.
LogicalResult BoundaryRewrite::storeSizes(OpBuilder &inside, Value sizes, Operation *terminator,
                                          ArrayRef<Slot> slots) {
  for (auto [i, value, slot] : llvm::enumerate(terminator->getOperands(), slots)) {
    auto type = dyn_cast<RankedTensorType>(slot.type);
    for (int64_t dim = 0; type && dim < slot.rank; ++dim) {
      FailureOr<Value> size =
          resultSize(inside, value, dim, [&](BlockArgument arg, int64_t d) -> Value {
            return loadSize(inside, loc, sizes, arguments[arg.getArgNumber()].firstSize + d);
          });
      if (failed(size))
        return func.emitOpError("expected the size of result #")
               << i << " to follow from the arguments' sizes, but dimension " << dim << " of "
               << type << " depends on data";
      storeSize(inside, loc, sizes, slot.firstSize + dim, *size);
    }
  }
  return success();
}

LogicalResult BoundaryRewrite::makeShapes(StringRef name, func::FuncOp init) {
  b.setInsertionPoint(func);
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto shapes = func::FuncOp::create(b, loc, name, b.getFunctionType({pointer}, {}));
  Block *body = shapes.addEntryBlock();
  Value sizes = body->getArgument(0);
  OpBuilder inside = OpBuilder::atBlockEnd(body);
  // Hidden states first: results may have their sizes.
  if (init && failed(storeSizes(inside, sizes, init.getBody().front().getTerminator(),
                                ArrayRef<Slot>(arguments).take_back(init.getNumResults()))))
    return failure();
  if (failed(storeSizes(inside, sizes, func.getBody().front().getTerminator(), results)))
    return failure();
  func::ReturnOp::create(inside, loc);
  return success();
}

/// Calls the first of `versions` that the sizes in `sizes` allow, else `usual`; returns what that
/// returns.
static ValueRange callVersion(OpBuilder &b, Location loc, func::FuncOp usual,
                              ArrayRef<Version> versions, ArrayRef<Slot> arguments,
                              ValueRange operands, Value sizes) {
  if (versions.empty())
    return func::CallOp::create(b, loc, usual, operands).getResults();
  Value hit = arith::ConstantIntOp::create(b, loc, b.getI1Type(), 0);
  for (auto range : versions[0].ranges.getAsRange<seq::VersionAttr>()) {
    Value size =
        loadSize(b, loc, sizes, arguments[range.getArgument()].firstSize + range.getDimension());
    Value inside = arith::ConstantIntOp::create(b, loc, b.getI1Type(), 1);
    auto compare = [&](arith::CmpIPredicate predicate, int64_t bound) {
      Value holds = arith::CmpIOp::create(b, loc, predicate, size,
                                          arith::ConstantIndexOp::create(b, loc, bound));
      inside = arith::AndIOp::create(b, loc, inside, holds);
    };
    if (range.getFrom() > 0)
      compare(arith::CmpIPredicate::sge, range.getFrom());
    if (range.getBelow() < INT64_MAX)
      compare(arith::CmpIPredicate::slt, range.getBelow());
    hit = arith::OrIOp::create(b, loc, hit, inside);
  }
  auto choice = scf::IfOp::create(b, loc, usual.getResultTypes(), hit, /*addElse=*/true);
  for (bool taken : {true, false}) {
    OpBuilder inside = OpBuilder::atBlockBegin(taken ? choice.thenBlock() : choice.elseBlock());
    ValueRange results = callVersion(inside, loc, taken ? versions[0].callee : usual,
                                     taken ? ArrayRef<Version>() : versions.drop_front(), arguments,
                                     operands, sizes);
    if (!results.empty())
      scf::YieldOp::create(inside, loc, results);
  }
  return choice.getResults();
}

/// `seqc_body_f` and `seqc_scratch_f` for the body of f and those of its versions.
void BoundaryRewrite::dispatch(StringRef name, ArrayRef<Version> versions) {
  auto make = [&](StringRef prefix, FunctionType type, unsigned sizes, func::FuncOp usual,
                  ArrayRef<Version> others) {
    b.setInsertionPoint(func);
    auto whole = func::FuncOp::create(b, loc, (prefix + name).str(), type);
    OpBuilder inside = OpBuilder::atBlockEnd(whole.addEntryBlock());
    ValueRange results = callVersion(inside, loc, usual, others, arguments, whole.getArguments(),
                                     whole.getArgument(sizes));
    func::ReturnOp::create(inside, loc, results);
  };
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  FunctionType type = b.getFunctionType({pointer}, {b.getI64Type()});
  auto declareScratch = [&](func::FuncOp body) {
    std::string own = body.getName().drop_front(bodyPrefix.size()).str();
    b.setInsertionPoint(body);
    auto scratch = func::FuncOp::create(b, loc, (scratchPrefix + own).str(), type);
    scratch.setPrivate();
    return scratch;
  };
  func::FuncOp scratch = declareScratch(func);
  SmallVector<Version> scratches;
  for (const Version &version : versions)
    scratches.push_back({declareScratch(version.callee), version.ranges});
  make(bodyPrefix, func.getFunctionType(), /*sizes=*/1, func, versions);
  make(scratchPrefix, type, /*sizes=*/0, scratch, scratches);
}

namespace {
struct ExposeBuffersPass : seqc::impl::ExposeBuffersPassBase<ExposeBuffersPass> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp func : functions)
      if (!func.isDeclaration() && func.isPublic() && !func.getName().starts_with(initPrefix) &&
          failed(convert(func)))
        return signalPassFailure();
  }

  /// Rewrites a public function and the one that computes its hidden initial states.
  LogicalResult convert(func::FuncOp func) {
    std::string name = func.getName().str();
    auto init = getOperation().lookupSymbol<func::FuncOp>((initPrefix + name).str());
    resolveSizes(func);
    BoundaryRewrite rewrite(func);
    rewrite.assignSlots();
    if (failed(rewrite.makeShapes("seqc_shapes_" + name, init)))
      return failure();
    SmallVector<Version> versions;
    for (func::FuncOp other : versionsOf(func))
      versions.push_back({other, other->getAttrOfType<ArrayAttr>(versionAttr)});
    rewrite.convertBody((bodyPrefix + name + (versions.empty() ? "" : ".0")).str(), 4);
    for (auto [i, version] : llvm::enumerate(versions)) {
      resolveSizes(version.callee);
      version.callee->removeAttr(versionAttr);
      BoundaryRewrite its(version.callee);
      its.assignSlots();
      its.convertBody((bodyPrefix + name + "." + Twine(i + 1)).str(), 4);
    }
    if (!versions.empty()) {
      func.setPrivate();
      rewrite.dispatch(name, versions);
    }
    if (!init)
      return success();
    BoundaryRewrite hidden(init);
    hidden.assignSlots();
    // Its results are the hidden states, the last arguments of the function.
    hidden.results.assign(rewrite.arguments.end() - init.getNumResults(), rewrite.arguments.end());
    init.setPublic();
    hidden.convertBody((initPrefix + name).str(), 2);
    return success();
  }
};
} // namespace
