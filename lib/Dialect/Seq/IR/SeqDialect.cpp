// The dialect itself: registration, inlining, attributes.
#include "seqc/Dialect/Seq/IR/Seq.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
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

LogicalResult SeqDialect::verifyOperationAttribute(Operation *op, NamedAttribute attr) {
  if (attr.getName() == "seq.schedule" && !isa<ScheduleAttr>(attr.getValue()))
    return op->emitOpError("expected attribute 'seq.schedule' to be #seq.schedule<…>, but got ")
           << attr.getValue();
  return success();
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
