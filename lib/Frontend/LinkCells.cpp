//===- LinkCells.cpp - Cells by name --------------------------------------===//
//
// `func.func private @seq.cells.gru(types)` names a file of lib/Cells. The
// declaration is replaced by that cell for those types, and every call of it by
// its body, so that the stages which follow see only recurrences.
//
//===----------------------------------------------------------------------===//
#include "CellTemplate.h"
#include "LoadParts.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Parser/Parser.h"
#include "seqc/Cells/Cells.h"
#include "seqc/Support/Spelling.h"

using namespace llvm;
using namespace mlir;
using namespace seqc;

static constexpr StringRef prefix = "seq.cells.";

/// The cell that the declaration `function` names, or null after an error.
static const Cell *findCell(func::FuncOp function) {
  StringRef name = function.getName().drop_front(prefix.size()).split('.').first;
  ArrayRef<Cell> cells = getCells();
  auto found = llvm::find_if(cells, [&](const Cell &cell) { return cell.name == name; });
  if (found != cells.end())
    return found;
  auto names = llvm::map_to_vector(cells, [](const Cell &cell) { return cell.name; });
  auto error = function.emitError()
               << "expected a cell (" << joinNames(names) << "), but got '" << name << "'";
  if (StringRef near = nearestName(name, names); !near.empty())
    error.attachNote() << "help: did you mean '" << near << "'?";
  return nullptr;
}

static LogicalResult checkCount(func::FuncOp function, StringRef name, StringRef what,
                                size_t expected, size_t got) {
  if (expected == got)
    return success();
  return function.emitError() << "expected " << expected << " " << what << " of cell '" << name
                              << "', but got " << got;
}

/// Matches the declared `types` against the cell's.
static LogicalResult matchTypes(func::FuncOp function, CellTemplate &cell, StringRef name,
                                StringRef what, ArrayRef<StringRef> patterns, TypeRange types) {
  for (auto [i, pattern, type] : enumerate(patterns, types)) {
    if (cell.match(pattern, type))
      continue;
    auto error = function.emitError() << "expected " << what << " " << i << " of cell '" << name
                                      << "' to be " << cell.render(pattern) << ", but got " << type;
    error.attachNote() << "help: sizes other than batch and time are static, "
                          "elements f32 or f64";
    return failure();
  }
  return success();
}

/// Replaces `call` by the body of `cell`.
static void inlineCell(func::CallOp call, func::FuncOp cell) {
  IRMapping mapping;
  Block &body = cell.getBody().front();
  mapping.map(body.getArguments(), call.getOperands());
  OpBuilder builder(call);
  for (Operation &op : body.without_terminator())
    builder.clone(op, mapping)->walk([&](Operation *inner) {
      inner->setLoc(CallSiteLoc::get(inner->getLoc(), call.getLoc()));
    });
  for (auto [result, value] : zip(call.getResults(), body.getTerminator()->getOperands()))
    result.replaceAllUsesWith(mapping.lookupOrDefault(value));
  call.erase();
}

/// Specialises and inlines the cell that `function` declares, and erases the
/// declaration.
static LogicalResult linkCell(ModuleOp module, func::FuncOp function) {
  const Cell *cell = findCell(function);
  if (!cell)
    return failure();
  CellTemplate text(cell->name, cell->text);
  if (!text.isValid())
    return function.emitError() << "cell '" << cell->name << "' has no function of that name";
  FunctionType type = function.getFunctionType();
  StringRef name = cell->name;
  if (failed(checkCount(function, name, "arguments", text.getArguments().size(),
                        type.getNumInputs())) ||
      failed(
          checkCount(function, name, "results", text.getResults().size(), type.getNumResults())) ||
      failed(matchTypes(function, text, name, "argument", text.getArguments(), type.getInputs())) ||
      failed(matchTypes(function, text, name, "result", text.getResults(), type.getResults())))
    return failure();
  OwningOpRef<ModuleOp> library = parseSourceString<ModuleOp>(
      text.instantiate(), module.getContext(), ("lib/Cells/" + name + ".mlir").str());
  if (!library)
    return function.emitError() << "cell '" << name << "' does not allow these sizes";
  func::FuncOp body = *library->getOps<func::FuncOp>().begin();
  SmallVector<func::CallOp> calls;
  module.walk([&](func::CallOp call) {
    if (call.getCallee() == function.getName())
      calls.push_back(call);
  });
  for (func::CallOp call : calls)
    inlineCell(call, body);
  if (!SymbolTable::symbolKnownUseEmpty(function, module))
    return function.emitError() << "expected cell '" << name
                                << "' to be called, not used as a value";
  function.erase();
  return success();
}

LogicalResult seqc::linkCells(ModuleOp module) {
  bool ok = true;
  for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
    if (function.isDeclaration() && function.getName().starts_with(prefix))
      ok &= succeeded(linkCell(module, function));
  return success(ok);
}
