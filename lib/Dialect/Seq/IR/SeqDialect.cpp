// The dialect itself: registration, inlining, attributes.
#include "seqc/Dialect/Seq/IR/Seq.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/InliningUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace seqc::seq;

#include "seqc/Dialect/Seq/IR/SeqDialect.cpp.inc"
#include "seqc/Dialect/Seq/IR/SeqEnums.cpp.inc"
/// Names of the measured facts of a target, in printing order.
static constexpr StringLiteral targetFacts[] = {
    "clock_mhz", "memory_mbps", "l2_mbps", "all_memory_mbps", "division_cycles", "follows_rows"};

/// Any of the facts, in any order: `, clock_mhz = 4200, …`.
template <typename... Facts>
static ParseResult parseTargetFacts(AsmParser &parser, Facts &...facts) {
  int64_t values[std::size(targetFacts)] = {};
  while (succeeded(parser.parseOptionalComma())) {
    StringRef key;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&key))
      return failure();
    auto *fact = llvm::find(targetFacts, key);
    if (fact == std::end(targetFacts))
      return parser.emitError(loc, "expected a fact (clock_mhz, memory_mbps, l2_mbps, "
                                   "all_memory_mbps, division_cycles, follows_rows), but got '")
             << key << "'";
    int64_t &value = values[fact - targetFacts];
    if (parser.parseEqual())
      return failure();
    loc = parser.getCurrentLocation();
    if (parser.parseInteger(value))
      return failure();
    if (value < 0)
      return parser.emitError(loc, "expected a number of 0 or more for '")
             << key << "', but got " << value;
  }
  int64_t *next = values;
  ((facts = *next++), ...);
  return success();
}

/// Facts that are known.
template <typename... Facts> static void printTargetFacts(AsmPrinter &printer, Facts... facts) {
  const StringLiteral *name = targetFacts;
  for (int64_t value : {facts...}) {
    if (value)
      printer << ", " << *name << " = " << value;
    ++name;
  }
}

/// `, from = 2, below = 256`: what is not there is 0 or the largest number.
static ParseResult parseSizeRange(AsmParser &parser, int64_t &from, int64_t &below) {
  from = 0, below = INT64_MAX;
  while (succeeded(parser.parseOptionalComma())) {
    StringRef key;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&key))
      return failure();
    if (key != "from" && key != "below")
      return parser.emitError(loc, "expected 'from' or 'below', but got '") << key << "'";
    if (parser.parseEqual() || parser.parseInteger(key == "from" ? from : below))
      return failure();
  }
  return success();
}

static void printSizeRange(AsmPrinter &printer, int64_t from, int64_t below) {
  if (from != 0)
    printer << ", from = " << from;
  if (below != INT64_MAX)
    printer << ", below = " << below;
}

#define GET_ATTRDEF_CLASSES
#include "seqc/Dialect/Seq/IR/SeqAttrs.cpp.inc"

namespace {
/// Functions may be inlined into steps, and functions that hold seq ops may be inlined.
struct SeqInliner : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Operation *, bool) const override { return true; }
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const override { return true; }
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const override { return true; }
};
} // namespace

void SeqDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "seqc/Dialect/Seq/IR/SeqOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "seqc/Dialect/Seq/IR/SeqAttrs.cpp.inc"
      >();
  addInterfaces<SeqInliner>();
}

/// Checks that `function` can stand in for the one that `version` names.
static LogicalResult verifyVersion(Operation *op, VersionAttr version) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  auto other = SymbolTable::lookupNearestSymbolFrom<FunctionOpInterface>(op, version.getFunction());
  if (!function || !other || function == other || function.isPublic() ||
      function.getFunctionType() != other.getFunctionType())
    return op->emitOpError("expected attribute 'seq.version' on a private function of the same "
                           "type as ")
           << version.getFunction() << ", another function of this module";
  ArrayRef<Type> types = function.getArgumentTypes();
  Type type = version.getArgument() < int64_t(types.size()) ? types[version.getArgument()] : Type();
  auto tensor = dyn_cast_if_present<RankedTensorType>(type);
  int64_t rank = tensor ? tensor.getRank() : type && type.isIndex() ? 1 : 0;
  if (version.getDimension() >= rank)
    return op->emitOpError("expected 'seq.version' to name a size of an argument, but got ")
           << version;
  return success();
}

LogicalResult SeqDialect::verifyOperationAttribute(Operation *op, NamedAttribute attr) {
  if (attr.getName() == "seq.schedule" && !isa<ScheduleAttr>(attr.getValue()))
    return op->emitOpError("expected attribute 'seq.schedule' to be #seq.schedule<…>, but got ")
           << attr.getValue();
  if (attr.getName() != "seq.version")
    return success();
  auto versions = dyn_cast<ArrayAttr>(attr.getValue());
  if (!versions || versions.empty() || !llvm::all_of(versions, llvm::IsaPred<VersionAttr>))
    return op->emitOpError("expected attribute 'seq.version' to be [#seq.version<…>, …], but got ")
           << attr.getValue();
  for (auto version : versions.getAsRange<VersionAttr>())
    if (failed(verifyVersion(op, version)))
      return failure();
  return success();
}

LogicalResult VersionAttr::verify(function_ref<InFlightDiagnostic()> emitError, FlatSymbolRefAttr,
                                  int64_t argument, int64_t dimension, int64_t from,
                                  int64_t below) {
  if (argument >= 0 && dimension >= 0 && from >= 0 && from < below)
    return success();
  return emitError() << "expected an argument and a dimension of 0 or more and sizes from 0 up, "
                        "but got argument "
                     << argument << ", dimension " << dimension << ", from " << from << ", below "
                     << below;
}

namespace {
/// The numbers of a schedule by name, in printing order.
struct ScheduleField {
  StringLiteral name;
  int64_t (ScheduleAttr::*get)() const;
};
constexpr ScheduleField scheduleFields[] = {
    {"vector_bits", &ScheduleAttr::getVectorBits},
    {"batch_tile", &ScheduleAttr::getBatchTile},
    {"channel_tile", &ScheduleAttr::getChannelTile},
    {"chunk", &ScheduleAttr::getChunk},
    {"strip", &ScheduleAttr::getStrip},
    {"rows", &ScheduleAttr::getRows},
    {"vectors", &ScheduleAttr::getVectors},
    {"prefetch", &ScheduleAttr::getPrefetch},
    {"stream_bytes", &ScheduleAttr::getStreamBytes},
};
} // namespace

Attribute ScheduleAttr::parse(AsmParser &parser, Type) {
  StringRef planName;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword(&planName))
    return {};
  std::optional<Plan> plan = symbolizePlan(planName);
  if (!plan) {
    parser.emitError(loc, "expected a plan (reference, fused, scan, chunked, segments, newton), "
                          "but got '")
        << planName << "'";
    return {};
  }
  int64_t values[std::size(scheduleFields)] = {};
  Certificate certificate = Certificate::Bitwise;
  while (succeeded(parser.parseOptionalComma())) {
    StringRef key;
    loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&key))
      return {};
    if (key == "certificate") {
      StringRef name;
      if (parser.parseEqual())
        return {};
      loc = parser.getCurrentLocation();
      if (parser.parseKeyword(&name))
        return {};
      std::optional<Certificate> known = symbolizeCertificate(name);
      if (!known) {
        parser.emitError(loc, "expected a certificate (bitwise, backward), but got '")
            << name << "'";
        return {};
      }
      certificate = *known;
      continue;
    }
    auto *field = llvm::find_if(scheduleFields, [&](auto &f) { return f.name == key; });
    if (field == std::end(scheduleFields)) {
      parser.emitError(loc, "expected a number of a schedule (vector_bits, batch_tile, "
                            "channel_tile, chunk, strip, rows, vectors, prefetch, stream_bytes, "
                            "certificate), but got '")
          << key << "'";
      return {};
    }
    int64_t value = 0;
    loc = parser.getCurrentLocation();
    if (parser.parseEqual() || parser.parseInteger(value))
      return {};
    if (value < 0) {
      parser.emitError(loc, "expected a number of 0 or more for '")
          << key << "', but got " << value;
      return {};
    }
    values[field - scheduleFields] = value;
  }
  if (parser.parseGreater())
    return {};
  return ScheduleAttr::get(parser.getContext(), *plan, values[0], values[1], values[2], values[3],
                           values[4], values[5], values[6], values[7], values[8], certificate);
}

void ScheduleAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyPlan(getPlan());
  for (const ScheduleField &field : scheduleFields)
    if (int64_t value = (this->*field.get)())
      printer << ", " << field.name << " = " << value;
  if (getCertificate() != Certificate::Bitwise)
    printer << ", certificate = " << stringifyCertificate(getCertificate());
  printer << ">";
}
