// Locations in sentences.
#include "seqc/Analysis/Place.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/Path.h"

using namespace mlir;

std::string seqc::describePlace(Location loc) {
  std::string place = "an unknown place";
  loc->walk([&](Location inner) {
    auto file = dyn_cast<FileLineColLoc>(inner);
    if (!file)
      return WalkResult::advance();
    place = (llvm::sys::path::filename(file.getFilename().getValue()) + ":" +
             Twine(file.getLine()) + ":" + Twine(file.getColumn()))
                .str();
    return WalkResult::interrupt();
  });
  return place;
}

std::string seqc::describeOp(Operation *op) {
  return "'" + op->getName().getStringRef().str() + "' at " + describePlace(op->getLoc());
}
