//===- CheckInput.cpp - The contract of stage 1 ---------------------------===//
//
// One walk over functions, one over ops: each rule is a function that reports
// and goes on, so that a user sees all that is wrong at once.
//
//===----------------------------------------------------------------------===//
#include "CheckSizes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/SymbolTable.h"
#include "seqc/Dialect/Seq/IR/Seq.h"
#include "seqc/Frontend/Passes.h"
#include "seqc/Frontend/TypeNames.h"
#include "seqc/Support/Spelling.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace mlir;
using namespace seqc;

namespace seqc {
#define GEN_PASS_DEF_CHECKINPUTPASS
#include "seqc/Frontend/Passes.h.inc"
} // namespace seqc

static constexpr int64_t maxRank = 16;
/// Far beyond any memory, and small enough that offsets never overflow 64 bits.
static constexpr uint64_t maxTensorBytes = uint64_t(1) << 47;
static constexpr StringRef dialects[] = {"func",   "arith",  "math", "complex",
                                         "tensor", "linalg", "scf",  "seq"};
/// What a public function `f` exports besides itself: `f_call`, ….
static constexpr StringRef companions[] = {
    "call", "shapes",       "scratch_bytes", "state_bytes", "state_init", "step",      "ex",
    "raw",  "stream_bytes", "stream_init",   "stream_step", "info",       "last_error"};

static bool isSupportedElement(Type type) {
  if (type.isIndex() || type.isF64() || type.isF32() || type.isF16() || type.isBF16())
    return true;
  if (auto complex = dyn_cast<ComplexType>(type))
    return complex.getElementType().isF32() || complex.getElementType().isF64();
  return type.isSignlessInteger() &&
         is_contained({1u, 8u, 16u, 32u, 64u}, type.getIntOrFloatBitWidth());
}

static uint64_t bytesOf(Type element) {
  if (auto complex = dyn_cast<ComplexType>(element))
    return 2 * bytesOf(complex.getElementType());
  return element.isIndex() ? 8 : divideCeil(element.getIntOrFloatBitWidth(), 8);
}

/// Reports `type` of `what` if no later stage can hold such a value.
static LogicalResult checkType(Type type, Location loc, const Twine &what) {
  if (isSupportedElement(type))
    return success();
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return emitError(loc) << "expected " << what << " to be a ranked tensor or a scalar (f64, f32, "
                          << "f16, bf16, i64, i32, i16, i8, i1, index), but got " << type;
  if (!isSupportedElement(tensor.getElementType()))
    return emitError(loc) << "expected elements of f64, f32, f16, bf16, i64, "
                             "i32, i16, i8, i1, "
                          << "index, complex<f32> or complex<f64> in " << what << ", but got "
                          << tensor.getElementType();
  if (tensor.getEncoding())
    return emitError(loc) << "expected a dense tensor as " << what << ", but got the encoding "
                          << tensor.getEncoding();
  if (tensor.getRank() > maxRank)
    return emitError(loc) << "expected at most " << maxRank << " dimensions in " << what
                          << ", but got " << tensor.getRank();
  uint64_t bytes = bytesOf(tensor.getElementType());
  for (int64_t size : tensor.getShape())
    if (!ShapedType::isDynamic(size))
      bytes = SaturatingMultiply<uint64_t>(bytes, size == 0 ? 1 : size);
  if (bytes > maxTensorBytes)
    return emitError(loc) << "expected " << what << " to have at most 2^47 bytes, but got "
                          << describeType(type);
  return success();
}

/// Checks one argument's `seqc.*` attributes.
static LogicalResult checkDims(func::FuncOp function, unsigned index, Attribute attr) {
  Location loc =
      function.isDeclaration() ? function.getLoc() : function.getArgument(index).getLoc();
  auto names = dyn_cast<ArrayAttr>(attr);
  auto type = dyn_cast<RankedTensorType>(function.getArgumentTypes()[index]);
  int64_t expected = type ? type.getNumDynamicDims() : 0;
  if (!names || int64_t(names.size()) != expected)
    return emitError(loc) << "expected seqc.dims to name the " << expected << " '?' of "
                          << describeType(function.getArgumentTypes()[index]) << ", but got "
                          << attr;
  for (Attribute name : names)
    if (auto text = dyn_cast<StringAttr>(name); !text || !isCIdentifier(text.getValue()))
      return emitError(loc) << "expected names in seqc.dims that C can use, but got " << name;
  return success();
}

static LogicalResult checkArgumentAttributes(func::FuncOp function, unsigned index) {
  static constexpr StringRef known[] = {"seqc.dims", "seqc.param", "seqc.name"};
  Location loc =
      function.isDeclaration() ? function.getLoc() : function.getArgument(index).getLoc();
  bool ok = true;
  DictionaryAttr attributes = function.getArgAttrDict(index);
  if (!attributes)
    return success();
  for (NamedAttribute attr : attributes) {
    StringRef name = attr.getName();
    if (name == "seqc.dims") {
      ok &= succeeded(checkDims(function, index, attr.getValue()));
    } else if (is_contained(known, name)) {
      if (!isa<StringAttr>(attr.getValue())) {
        emitError(loc) << "expected a string as " << name << ", but got " << attr.getValue();
        ok = false;
      }
    } else if (name.starts_with("seqc.")) {
      InFlightDiagnostic error = emitError(loc)
                                 << "expected an argument attribute of seqc (" << joinNames(known)
                                 << "), but got '" << name << "'";
      if (StringRef near = nearestName(name, known); !near.empty())
        error.attachNote() << "help: did you mean '" << near << "'?";
      ok = false;
    }
  }
  return success(ok);
}

/// Complex numbers cross the border in tensors.
static LogicalResult checkBorderType(Type type, Location loc, const Twine &what) {
  if (!isa<ComplexType>(type))
    return checkType(type, loc, what);
  return emitError(loc) << "expected " << what << " to be a tensor of " << type
                        << " (a 0-d one for a single number), but got " << type;
}

/// Checks name, types and attributes of a public function.
static LogicalResult checkPublicFunction(func::FuncOp function) {
  bool ok = true;
  if (!isCIdentifier(function.getName())) {
    function.emitError() << "expected a public function's name to be a C identifier, but got '"
                         << function.getName() << "'";
    ok = false;
  }
  for (auto [i, type] : enumerate(function.getArgumentTypes())) {
    Location loc = function.isDeclaration() ? function.getLoc() : function.getArgument(i).getLoc();
    ok &= succeeded(
        checkBorderType(type, loc, "argument " + Twine(i) + " of '" + function.getName() + "'"));
    ok &= succeeded(checkArgumentAttributes(function, i));
  }
  for (auto [i, type] : enumerate(function.getResultTypes()))
    ok &= succeeded(checkBorderType(type, function.getLoc(),
                                    "result " + Twine(i) + " of '" + function.getName() + "'"));
  return success(ok);
}

/// Reports public functions whose name is what another one exports.
static LogicalResult checkClashes(ModuleOp module) {
  SymbolTable symbols(module);
  bool ok = true;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function.isPublic())
      continue;
    for (StringRef companion : companions) {
      std::string name = (function.getName() + "_" + companion).str();
      auto other = symbols.lookup<func::FuncOp>(name);
      if (!other || !other.isPublic())
        continue;
      auto error = other.emitError()
                   << "expected another name than '" << name << "', which the library exports for '"
                   << function.getName() << "'";
      error.attachNote(function.getLoc()) << "the other function is here";
      ok = false;
    }
  }
  return success(ok);
}

/// Checks what a module says of itself: `seqc.target` is ours, other `seqc.`
/// names are unknown.
static LogicalResult checkModuleAttributes(ModuleOp module) {
  bool ok = true;
  for (NamedAttribute attr : module->getDiscardableAttrs()) {
    StringRef name = attr.getName();
    if (name == "seqc.target" ? isa<seq::TargetAttr>(attr.getValue()) : !name.starts_with("seqc."))
      continue;
    module.emitError() << "expected no module attribute of seqc but seqc.target = "
                          "#seq.target<…>, but got "
                       << name << " = " << attr.getValue();
    ok = false;
  }
  return success(ok);
}

static LogicalResult checkFunctions(ModuleOp module) {
  bool ok = succeeded(checkModuleAttributes(module)), anyPublic = false;
  for (Operation &op : *module.getBody()) {
    auto function = dyn_cast<func::FuncOp>(op);
    if (!function) {
      op.emitError() << "expected only functions in a module, but got '" << op.getName() << "'";
      ok = false;
      continue;
    }
    if (function.isDeclaration()) {
      auto error = function.emitError()
                   << "expected a body for function '" << function.getName() << "'";
      error.attachNote() << "help: a model calls no foreign code; cells are declared as "
                            "'func.func private @seq.cells.<name>(…)'";
      ok = false;
    }
    if (function->hasAttr("seq.version")) {
      function.emitError() << "expected no attribute 'seq.version' in a model: stage 'scheduled' "
                              "makes versions of functions";
      ok = false;
    }
    anyPublic |= function.isPublic();
    if (function.isPublic())
      ok &= succeeded(checkPublicFunction(function));
  }
  if (ok && !anyPublic)
    return module.emitError() << "expected at least one public function", failure();
  return success(ok && succeeded(checkClashes(module)));
}

/// What to write in place of an op of a known dialect that has no lowering, or "".
static StringRef insteadOf(Operation *op) {
  return llvm::StringSwitch<StringRef>(op->getName().getStringRef())
      .Case("tensor.gather", "read elements by tensor.extract in the body of a linalg.generic")
      .Case("tensor.scatter", "write slices by tensor.insert_slice in an scf.for")
      .Case("tensor.bitcast", "use arith.bitcast")
      .Cases({"linalg.pack", "linalg.unpack"}, "layouts are the compiler's business: leave it out")
      .StartsWith("linalg.winograd_", "use the convolution itself")
      .Default("");
}

/// Reports a constant whose bytes are not in the text's resources.
static LogicalResult checkResource(Operation *op) {
  auto constant = dyn_cast<arith::ConstantOp>(op);
  auto resource = constant ? dyn_cast<DenseResourceElementsAttr>(constant.getValue()) : nullptr;
  if (!resource)
    return success();
  StringRef key = resource.getRawHandle().getKey();
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  if (!blob)
    return op->emitError() << "expected a resource named '" << key << "', but the text has none";
  ShapedType type = resource.getType();
  uint64_t bytes =
      type.hasStaticShape() ? type.getNumElements() * bytesOf(type.getElementType()) : 0;
  if (blob->getData().size() != bytes)
    return op->emitError() << "expected " << bytes << " bytes in resource '" << key << "', but got "
                           << blob->getData().size();
  return success();
}

/// Reports a dimension that becomes several of unknown size: LLVM's lowering has no formula for
/// their strides, and nothing would compare their product with what there is.
static LogicalResult checkExpansion(Operation *op) {
  auto expand = dyn_cast<tensor::ExpandShapeOp>(op);
  if (!expand)
    return success();
  for (const ReassociationIndices &group : expand.getReassociationIndices()) {
    int64_t unknown = llvm::count_if(
        group, [&](int64_t dim) { return expand.getResultType().isDynamicDim(dim); });
    if (unknown < 2)
      continue;
    auto error =
        op->emitError() << "expected at most one dynamic size of those that a dimension is "
                           "expanded to, but got "
                        << unknown;
    error.attachNote() << "help: leave the dimensions apart: a linalg.generic contracts the last "
                          "one of any number of them";
    return failure();
  }
  return success();
}

/// Reports ops of other dialects and values of other types.
static LogicalResult checkOp(Operation *op) {
  StringRef dialect = op->getName().getDialectNamespace();
  if (isa<ModuleOp, func::FuncOp>(op))
    return op->getParentOp() && isa<ModuleOp>(op)
               ? op->emitError() << "expected no module inside a module"
               : success();
  if (!is_contained(dialects, dialect) || isa<func::ConstantOp, func::CallIndirectOp>(op)) {
    auto error = op->emitError() << "expected an op of " << joinNames(dialects) << ", but got '"
                                 << op->getName() << "'";
    if (dialect == "affine")
      error.attachNote() << "help: compute indices with arith ops";
    if (dialect == "memref" || dialect == "bufferization")
      error.attachNote() << "help: a model computes on tensors; the compiler "
                            "makes the buffers";
    return failure();
  }
  if (StringRef instead = insteadOf(op); !instead.empty()) {
    auto error = op->emitError() << "expected an op that loops over elements can express, but got '"
                                 << op->getName() << "'";
    error.attachNote() << "help: " << instead;
    return failure();
  }
  if (failed(checkResource(op)) || failed(checkExpansion(op)))
    return failure();
  for (auto [i, result] : enumerate(op->getResults()))
    if (failed(checkType(result.getType(), op->getLoc(),
                         "result " + Twine(i) + " of '" + op->getName().getStringRef() + "'")))
      return failure();
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (BlockArgument argument : block.getArguments())
        if (failed(checkType(argument.getType(), argument.getLoc(), "a region's argument")))
          return failure();
  return success();
}

namespace {
/// Depth-first search over calls; `active` are the functions on the current
/// path.
struct CallSearch {
  explicit CallSearch(SymbolTable &symbols) : symbols(symbols) {}

  SymbolTable &symbols;
  llvm::DenseMap<Operation *, bool> active;

  /// Reports the call that closes a cycle through `function`.
  LogicalResult visit(func::FuncOp function) {
    active[function] = true;
    bool ok = true;
    function.walk([&](func::CallOp call) {
      auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
      if (!ok || !callee)
        return;
      auto known = active.find(callee);
      if (known == active.end()) {
        ok = succeeded(visit(callee));
      } else if (known->second) {
        call.emitError() << "expected no recursion, but this call leads back to '"
                         << callee.getName() << "'";
        ok = false;
      }
    });
    active[function] = false;
    return success(ok);
  }
};

struct CheckInputPass : seqc::impl::CheckInputPassBase<CheckInputPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    bool ok = succeeded(checkFunctions(module));
    module.walk([&](Operation *op) { ok &= succeeded(checkOp(op)); });
    if (ok) {
      SymbolTable symbols(module);
      CallSearch search(symbols);
      for (auto function : module.getOps<func::FuncOp>())
        if (ok && !search.active.contains(function))
          ok = succeeded(search.visit(function));
    }
    if (!ok || failed(checkSizes(module)))
      signalPassFailure();
  }
};
} // namespace
