// Hidden states become arguments and results, so that one body serves both the
// whole-sequence call and the step call: the runtime points an initial state at
// the caller's blob, or at the value that `@seqc_init_f` computed.
#include "Rebuild.h"
#include "seqc/Analysis/InferSignature.h"
#include "seqc/Analysis/Streaming.h"
#include "seqc/Dialect/Seq/Transforms/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"

namespace seqc {
#define GEN_PASS_DEF_EXPOSESTATESPASS
#include "seqc/Dialect/Seq/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {
/// One state that needs a hidden argument: the value it starts with and who
/// reads it.
struct Hidden {
  Value initial;
  SmallVector<OpOperand *> uses;
  /// The state in question, or null for a value that a stream keeps unchanged.
  StreamState *state = nullptr;
};
} // namespace

/// True if `use` leads to `initial`, perhaps through reshapes.
static bool leadsTo(OpOperand &use, OpOperand *initial) {
  if (&use == initial)
    return true;
  Operation *op = use.getOwner();
  return isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op) &&
         llvm::any_of(op->getResult(0).getUses(),
                      [&](OpOperand &u) { return leadsTo(u, initial); });
}

/// The hidden states of `function`. Besides those without an argument, a state
/// argument that is read elsewhere (to restore it where `resets` is true) means
/// its value at the start of the stream there: a state that never changes.
static SmallVector<Hidden> findHidden(func::FuncOp function, Streaming &streaming) {
  SmallVector<Hidden> hidden;
  for (StreamState &state : streaming.states)
    if (state.argument < 0)
      hidden.push_back({state.initial->get(), {state.initial}, &state});
  for (StreamState &state : streaming.states) {
    if (state.argument < 0)
      continue;
    Hidden kept;
    kept.initial = function.getArgument(state.argument);
    for (OpOperand &use : kept.initial.getUses()) {
      bool hiddenElsewhere = llvm::any_of(
          hidden, [&](const Hidden &h) { return h.state && leadsTo(use, h.state->initial); });
      if (!isa<tensor::DimOp>(use.getOwner()) && !leadsTo(use, state.initial) && !hiddenElsewhere)
        kept.uses.push_back(&use);
    }
    if (!kept.uses.empty())
      hidden.push_back(std::move(kept));
  }
  return hidden;
}

/// `@seqc_init_f`: the function's arguments to the initial values of its hidden
/// states.
static void createInit(func::FuncOp function, ArrayRef<Hidden> hidden) {
  OpBuilder b(function);
  b.setInsertionPointAfter(function);
  SmallVector<Type> types;
  for (const Hidden &h : hidden)
    types.push_back(h.initial.getType());
  auto init = func::FuncOp::create(b, function.getLoc(), (initPrefix + function.getName()).str(),
                                   b.getFunctionType(function.getArgumentTypes(), types));
  init.setPrivate();
  IRMapping map;
  function.getBody().cloneInto(&init.getBody(), map);
  Operation *ret = init.front().getTerminator();
  SmallVector<Value> values;
  for (const Hidden &h : hidden)
    values.push_back(map.lookup(h.initial));
  ret->setOperands(values);
  eraseDead(init.front());
}

static BlockArgument addArgument(func::FuncOp function, Type type, int64_t number) {
  Builder b(function.getContext());
  NamedAttribute name = b.getNamedAttr("seqc.name", b.getStringAttr("state" + Twine(number)));
  unsigned position = function.getNumArguments();
  (void)function.insertArgument(position, type, b.getDictionaryAttr(name), function.getLoc());
  return function.getArgument(position);
}

static int64_t addResult(func::FuncOp function, Value v) {
  Operation *ret = function.front().getTerminator();
  unsigned position = ret->getNumOperands();
  ret->insertOperands(position, v);
  (void)function.insertResult(position, v.getType(), DictionaryAttr());
  return position;
}

static void exposeStates(func::FuncOp function, Streaming &streaming) {
  OpBuilder b(function.getContext());
  function->setAttr(publicArgumentsAttr, b.getI64IntegerAttr(function.getNumArguments()));
  function->setAttr(publicResultsAttr, b.getI64IntegerAttr(function.getNumResults()));
  SmallVector<Hidden> hidden = findHidden(function, streaming);
  createInit(function, hidden);
  SmallVector<std::pair<int64_t, int64_t>> pairs;
  for (auto [i, h] : llvm::enumerate(hidden)) {
    BlockArgument arg = addArgument(function, h.initial.getType(), i);
    for (OpOperand *use : h.uses)
      use->set(arg);
    if (h.state)
      h.state->argument = arg.getArgNumber();
    else
      pairs.push_back({arg.getArgNumber(), addResult(function, arg)});
  }
  for (StreamState &state : streaming.states) {
    if (state.result < 0)
      state.result = addResult(function, state.final);
    pairs.push_back({state.argument, state.result});
  }
  // Callers list initial states in the order of the arguments.
  llvm::sort(pairs);
  function->setAttr(statesAttr,
                    b.getArrayAttr(llvm::map_to_vector(pairs, [&](auto pair) -> Attribute {
                      return b.getDenseI64ArrayAttr({pair.first, pair.second});
                    })));
  // Initial values that only hidden states used are computed by @seqc_init_f
  // alone.
  eraseDead(function.front());
}

/// Reshapes of empty destinations become destinations of that shape: an initial
/// value must be written where it is returned.
static void foldDestinations(ModuleOp module) {
  module.walk([](tensor::ExpandShapeOp expand) {
    if (!expand.getSrc().getDefiningOp<tensor::EmptyOp>())
      return;
    OpBuilder b(expand);
    Value empty = tensor::EmptyOp::create(b, expand.getLoc(), expand.getMixedOutputShape(),
                                          expand.getResultType().getElementType());
    if (empty.getType() != expand.getResultType())
      empty = tensor::CastOp::create(b, expand.getLoc(), expand.getResultType(), empty);
    expand.replaceAllUsesWith(empty);
    expand.erase();
  });
}

namespace {
struct ExposeStatesPass : seqc::impl::ExposeStatesPassBase<ExposeStatesPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::FuncOp> functions;
    for (auto function : module.getOps<func::FuncOp>())
      if (function.isPublic() && !function.isExternal() && !function->hasAttr(statesAttr) &&
          !function->hasAttr(notStreamableAttr))
        functions.push_back(function);
    for (func::FuncOp function : functions) {
      DimSymbols symbols(function);
      Streaming streaming = analyzeStreaming(function, symbols);
      if (!SymbolTable::symbolKnownUseEmpty(function, module))
        streaming.obstacle = "another function calls it";
      if (streaming.streams()) {
        exposeStates(function, streaming);
        continue;
      }
      function->setAttr(notStreamableAttr, StringAttr::get(&getContext(), streaming.obstacle));
      remark::missed(
          function.getLoc(),
          remark::RemarkOpts::name("stream").category("seqc.simplify").function(function.getName()))
          << remark::reason("no step function: {0}", streaming.obstacle);
    }
    foldDestinations(module);
  }
};
} // namespace
