// The interface of a function: element types, sizes with the symbols that tie
// them, states.
#include "seqc/Analysis/InferSignature.h"
#include "seqc/Analysis/DimSymbols.h"
#include "seqc/Analysis/Streaming.h"
#include "seqc/Dialect/Seq/IR/Seq.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace seqc;

static std::optional<ElementType> elementType(Type type) {
  if (auto f = dyn_cast<FloatType>(type)) {
    if (f.isF64())
      return ElementType::F64;
    if (f.isF32())
      return ElementType::F32;
    if (f.isF16())
      return ElementType::F16;
    if (f.isBF16())
      return ElementType::BF16;
  }
  if (auto complex = dyn_cast<ComplexType>(type)) {
    if (complex.getElementType().isF64())
      return ElementType::Complex128;
    if (complex.getElementType().isF32())
      return ElementType::Complex64;
  }
  if (type.isIndex())
    return ElementType::Index;
  if (auto i = dyn_cast<IntegerType>(type); i && i.isSignless()) {
    switch (i.getWidth()) {
    case 1:
      return ElementType::Bool;
    case 8:
      return ElementType::I8;
    case 16:
      return ElementType::I16;
    case 32:
      return ElementType::I32;
    case 64:
      return ElementType::I64;
    }
  }
  return std::nullopt;
}

namespace {
/// Fills one signature.
struct SignatureBuilder {
  func::FuncOp function;
  DimSymbols symbols;
  FunctionSignature signature;
  /// Class of each symbol made so far.
  SmallVector<unsigned> classes;

  explicit SignatureBuilder(func::FuncOp function) : function(function), symbols(function) {}

  int32_t symbolOf(unsigned c, bool make);
  std::string nameOf(Value v, DictionaryAttr attrs, StringRef fallback, unsigned position);
  LogicalResult add(Value v, DictionaryAttr attrs, bool result, unsigned position);
  DimSignature sizeOf(unsigned c, bool make);
  LogicalResult addOffsets(Operation *op, const seq::PackedSequences &packed);
  void addStates();
  void nameSymbols();
  void addNumbers(func::FuncOp body);
  FailureOr<FunctionSignature> build();
};
} // namespace

int32_t SignatureBuilder::symbolOf(unsigned c, bool make) {
  for (auto [i, known] : llvm::enumerate(classes))
    if (symbols.same(known, c))
      return i;
  if (!make)
    return -1;
  classes.push_back(c);
  return classes.size() - 1;
}

DimSignature SignatureBuilder::sizeOf(unsigned c, bool make) {
  DimSignature dim;
  if (std::optional<int64_t> size = symbols.staticSize(c))
    dim.size = *size;
  else
    dim.symbol = symbolOf(c, make);
  return dim;
}

std::string SignatureBuilder::nameOf(Value v, DictionaryAttr attrs, StringRef fallback,
                                     unsigned position) {
  if (auto name = attrs ? attrs.getAs<StringAttr>("seqc.name") : StringAttr())
    return name.str();
  if (auto name = dyn_cast<NameLoc>(v.getLoc()); name && isa<BlockArgument>(v))
    return name.getName().str();
  return (fallback + Twine(position)).str();
}

LogicalResult SignatureBuilder::add(Value v, DictionaryAttr attrs, bool result, unsigned position) {
  TensorSignature tensor;
  auto type = dyn_cast<RankedTensorType>(v.getType());
  // After `seq-expand-complex` the last dimension holds the two parts of a number.
  bool inParts = attrs && attrs.contains(complexAttr);
  Type held = type ? type.getElementType() : v.getType();
  std::optional<ElementType> element = elementType(inParts ? ComplexType::get(held) : held);
  if (!element)
    return function.emitOpError() << "expected tensors and scalars of f64, f32, f16, bf16, i64, "
                                     "i32, i16, i8, i1, index and tensors of complex "
                                     "f64 or f32, but got "
                                  << v.getType() << " as " << (result ? "result" : "argument")
                                  << " #" << position;
  tensor.elementType = *element;
  tensor.isScalar = !type;
  tensor.name = nameOf(v, attrs, result ? "result" : "arg", position);
  for (int64_t i = 0, e = type ? type.getRank() - inParts : 0; i < e; ++i) {
    tensor.dims.push_back(sizeOf(symbols.classOf(v, i), /*make=*/!result));
  }
  (result ? signature.results : signature.arguments).push_back(std::move(tensor));
  return success();
}

static bool isKnown(const DimSignature &dim) { return dim.size >= 0 || dim.symbol >= 0; }

static bool differ(const DimSignature &a, const DimSignature &b) {
  return a.size != b.size || (a.size < 0 && a.symbol != b.symbol);
}

/// Adds what one more op needs of its offsets to what is known of them. Each op is compared with
/// its own sizes: that two ops have the same offsets does not make their sizes equal.
static LogicalResult merge(Operation *op, std::optional<OffsetsSignature> &known,
                           OffsetsSignature checks) {
  StringRef help = " (help: equal names in 'seqc.dims' make sizes of arguments equal)";
  if (known && differ(known->total, checks.total))
    return op->emitOpError("expected all packed sequences with these offsets to have the same "
                           "number of steps, but got another than before")
           << help;
  bool counted = known && isKnown(known->sequences);
  if (counted && isKnown(checks.sequences) && differ(known->sequences, checks.sequences))
    return op->emitOpError("expected all packed sequences with these offsets to be equally many, "
                           "but got another number than before")
           << help;
  if (counted)
    checks.sequences = known->sequences;
  known = checks;
  return success();
}

/// Notes what a call must check of the offsets of `op`: no code is safe with values that nobody
/// checked.
LogicalResult SignatureBuilder::addOffsets(Operation *op, const seq::PackedSequences &packed) {
  int32_t argument = argumentBehind(packed.offsets);
  if (argument < 0)
    return op->emitOpError("expected 'cu_seqlens' to be an argument of the function, whose values "
                           "are checked before a call runs, but it is computed");
  unsigned sequences = symbols.classOf(packed.perSequence, 0);
  OffsetsSignature checks;
  checks.total = sizeOf(packed.perStep ? symbols.classOf(packed.perStep, 0)
                                       : symbols.classOfIndex(packed.steps),
                        /*make=*/false);
  checks.sequences = sizeOf(sequences, /*make=*/false);
  if (!isKnown(checks.total))
    return op->emitOpError("expected the number of steps of packed sequences to be a size of an "
                           "argument, with which 'cu_seqlens' is compared, but it is computed");
  unsigned offsets = symbols.classOf(function.getArgument(argument), 0);
  if (!isKnown(checks.sequences) && !symbols.isOneLess(sequences, offsets))
    return op->emitOpError("expected the number of packed sequences to be a size of an argument, "
                           "or that of 'cu_seqlens' less 1, but it is computed");
  return merge(op, signature.arguments[argument].offsets, checks);
}

void SignatureBuilder::nameSymbols() {
  llvm::StringSet<> used;
  for (unsigned c : classes)
    used.insert(symbols.nameOf(c));
  unsigned next = 0;
  for (unsigned c : classes) {
    std::string name = symbols.nameOf(c);
    while (name.empty() || (symbols.nameOf(c).empty() && used.contains(name)))
      name = "d" + std::to_string(next++);
    signature.symbols.push_back(name);
  }
}

void SignatureBuilder::addStates() {
  auto addState = [&](int32_t argument, int32_t result) {
    signature.states.push_back({signature.arguments[argument].name, argument, result});
  };
  if (auto reason = function->getAttrOfType<StringAttr>(notStreamableAttr)) {
    signature.notStreamable = reason.str();
    return;
  }
  Streaming streaming = analyzeStreaming(function, symbols);
  if (auto states = function->getAttrOfType<ArrayAttr>(statesAttr)) {
    signature.streams = true;
    for (auto pair : states.getAsRange<DenseI64ArrayAttr>())
      addState(pair[0], pair[1]);
  } else {
    signature.streams = streaming.streams();
    signature.notStreamable = streaming.obstacle;
    for (const StreamState &state : streaming.states)
      if (state.argument >= 0 && state.result >= 0)
        addState(state.argument, state.result);
  }
  if (signature.streams && streaming.time && !symbols.staticSize(*streaming.time))
    signature.timeSymbol = symbolOf(*streaming.time, /*make=*/false);
}

/// Notes what the plans of `body`, the function or a version of it, leave of its bits.
void SignatureBuilder::addNumbers(func::FuncOp body) {
  body.walk([&](seq::RecurrenceOp op) {
    auto schedule = op.getScheduleAttr();
    if (schedule && schedule.getCertificate() == seq::Certificate::Backward)
      signature.numbers = "backward";
    else if (schedule && schedule.getPlan() == seq::Plan::Scan && signature.numbers == "bitwise")
      signature.numbers = "tolerance";
  });
}

FailureOr<FunctionSignature> SignatureBuilder::build() {
  signature.name = function.getName().str();
  auto count = [&](StringRef name, unsigned fallback) -> int32_t {
    auto attr = function->getAttrOfType<IntegerAttr>(name);
    return attr ? attr.getInt() : fallback;
  };
  signature.publicArguments = count(publicArgumentsAttr, function.getNumArguments());
  signature.publicResults = count(publicResultsAttr, function.getNumResults());
  for (BlockArgument arg : function.getArguments())
    if (failed(add(arg, function.getArgAttrDict(arg.getArgNumber()), false, arg.getArgNumber())))
      return failure();
  for (auto [i, v] : llvm::enumerate(function.front().getTerminator()->getOperands()))
    if (failed(add(v, function.getResultAttrDict(i), true, i)))
      return failure();
  for (BlockArgument arg : function.getArguments())
    if (arg.getType().isIndex())
      signature.arguments[arg.getArgNumber()].symbol =
          symbolOf(symbols.classOfIndex(arg), /*make=*/false);
  WalkResult packed = function.walk([&](Operation *op) {
    std::optional<seq::PackedSequences> sequences = seq::getPackedSequences(op);
    return sequences && failed(addOffsets(op, *sequences)) ? WalkResult::interrupt()
                                                           : WalkResult::advance();
  });
  if (packed.wasInterrupted())
    return failure();
  addStates();
  nameSymbols();
  addNumbers(function);
  for (func::FuncOp version : versionsOf(function))
    addNumbers(version);
  return std::move(signature);
}

SmallVector<func::FuncOp> seqc::versionsOf(func::FuncOp function) {
  SmallVector<func::FuncOp> versions;
  for (auto other : function->getParentOfType<ModuleOp>().getOps<func::FuncOp>())
    if (auto ranges = other->getAttrOfType<ArrayAttr>(versionAttr);
        ranges &&
        cast<seq::VersionAttr>(ranges[0]).getFunction().getAttr() == function.getNameAttr())
      versions.push_back(other);
  return versions;
}

FailureOr<FunctionSignature> seqc::inferSignature(func::FuncOp function) {
  return SignatureBuilder(function).build();
}
