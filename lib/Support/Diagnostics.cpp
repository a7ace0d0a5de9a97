//===- Diagnostics.cpp - Messages to people and to programs ---------------===//
//
// Messages are kept as plain values until the end: only then is it known
// whether an error is the user's or a bug of ours, and two sinks (text, JSON)
// read the same list.
//
//===----------------------------------------------------------------------===//
#include "seqc/Support/Diagnostics.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace seqc;

static constexpr unsigned maxErrors = 20;

SourcePlace seqc::getPlace(mlir::Location loc) {
  if (auto file = dyn_cast<mlir::FileLineColRange>(loc))
    return {file.getFilename().str(), file.getStartLine(), file.getStartColumn()};
  if (auto name = dyn_cast<mlir::NameLoc>(loc))
    return getPlace(name.getChildLoc());
  // The callee of an inlined cell is our text, the caller is the user's.
  if (auto call = dyn_cast<mlir::CallSiteLoc>(loc)) {
    SourcePlace place = getPlace(call.getCaller());
    return place.file.empty() ? getPlace(call.getCallee()) : place;
  }
  if (auto opaque = dyn_cast<mlir::OpaqueLoc>(loc))
    return getPlace(opaque.getFallbackLocation());
  if (auto fused = dyn_cast<mlir::FusedLoc>(loc))
    for (mlir::Location part : fused.getLocations())
      if (SourcePlace place = getPlace(part); !place.file.empty())
        return place;
  return {};
}

void MessageLog::add(Message message) {
  if (message.severity == "error" && ++errors > maxErrors)
    return;
  messages.push_back(std::move(message));
}

void MessageLog::addError(SourcePlace place, StringRef text, StringRef help) {
  Message message{std::move(place), "error", text.str(), {}};
  if (!help.empty())
    message.notes.push_back({{}, "help", help.str(), {}});
  add(std::move(message));
}

void MessageLog::clear() {
  messages.clear();
  errors = 0;
}

/// The position of `place` in one of the texts of `sources`, or null.
static SMLoc findPosition(SourceMgr &sources, const SourcePlace &place) {
  if (place.line == 0 || place.column == 0)
    return {};
  for (unsigned id = 1; id <= sources.getNumBuffers(); ++id)
    if (sources.getMemoryBuffer(id)->getBufferIdentifier() == place.file)
      return sources.FindLocForLineAndColumn(id, place.line, place.column);
  return {};
}

static raw_ostream::Colors getColor(StringRef severity) {
  if (severity == "error")
    return raw_ostream::RED;
  return severity == "warning" ? raw_ostream::MAGENTA : raw_ostream::CYAN;
}

/// Writes the source line at `position` and a caret below its column. A tab
/// stays a tab and a byte that is not printable becomes '?', so that hostile
/// text cannot steer a terminal.
static void printCaret(raw_ostream &os, SMLoc position, const MemoryBuffer &buffer) {
  const char *begin = position.getPointer(), *end = begin;
  while (begin != buffer.getBufferStart() && begin[-1] != '\n')
    --begin;
  while (end != buffer.getBufferEnd() && *end != '\n')
    ++end;
  constexpr ptrdiff_t width = 200;
  if (position.getPointer() - begin > width / 2)
    begin = position.getPointer() - width / 2;
  if (end - begin > width)
    end = begin + width;
  for (const char *c = begin; c != end; ++c)
    os << ((static_cast<unsigned char>(*c) < 32 && *c != '\t') || *c == 127 ? '?' : *c);
  os << '\n';
  for (const char *c = begin; c != position.getPointer(); ++c)
    if (*c == '\t' || (*c & 0xC0) != 0x80) // one column for a UTF-8 sequence
      os << (*c == '\t' ? '\t' : ' ');
  os << "^\n";
}

void MessageLog::printText(raw_ostream &os, const Message &message, bool colors) const {
  const SourcePlace &place = message.place;
  if (message.severity != "help")
    os << (place.file.empty() ? "seqc" : place.file);
  if (place.line != 0)
    os << ':' << place.line << ':' << place.column;
  if (message.severity != "help")
    os << ": ";
  if (colors)
    os.changeColor(getColor(message.severity), true);
  os << message.severity << ": ";
  if (colors)
    os.resetColor();
  os << message.text << '\n';
  if (SMLoc position = findPosition(sources, place); position.isValid()) {
    unsigned id = sources.FindBufferContainingLoc(position);
    printCaret(os, position, *sources.getMemoryBuffer(id));
  }
  for (const Message &note : message.notes)
    printText(os, note, colors);
}

static json::Object toJSON(const Message &message) {
  json::Object object{{"file", json::fixUTF8(message.place.file)},
                      {"line", message.place.line},
                      {"col", message.place.column},
                      {"severity", message.severity},
                      {"message", json::fixUTF8(message.text)}};
  json::Array notes;
  for (const Message &note : message.notes)
    notes.push_back(toJSON(note));
  object["notes"] = std::move(notes);
  return object;
}

void MessageLog::print(raw_ostream &os, bool json, bool colors) const {
  auto print = [&](const Message &message) {
    if (json)
      os << llvm::json::Value(toJSON(message)) << '\n';
    else
      printText(os, message, colors);
  };
  for (const Message &message : messages)
    print(message);
  if (errors > maxErrors)
    print({{}, "note", std::to_string(errors - maxErrors) + " more errors are not shown", {}});
}

static StringRef getSeverityName(mlir::DiagnosticSeverity severity) {
  switch (severity) {
  case mlir::DiagnosticSeverity::Error:
    return "error";
  case mlir::DiagnosticSeverity::Warning:
    return "warning";
  case mlir::DiagnosticSeverity::Note:
    return "note";
  case mlir::DiagnosticSeverity::Remark:
    return "remark";
  }
  return "error";
}

static Message toMessage(mlir::Diagnostic &diagnostic) {
  Message message{getPlace(diagnostic.getLocation()),
                  getSeverityName(diagnostic.getSeverity()).str(),
                  diagnostic.str(),
                  {}};
  for (mlir::Diagnostic &note : diagnostic.getNotes()) {
    Message added = toMessage(note);
    if (StringRef(added.text).starts_with("help: "))
      added = {{}, "help", added.text.substr(6), {}};
    message.notes.push_back(std::move(added));
  }
  return message;
}

MessageHandler::MessageHandler(mlir::MLIRContext &context, MessageLog &log)
    : handler(&context, [&log](mlir::Diagnostic &diagnostic) {
        log.add(toMessage(diagnostic));
        return mlir::success();
      }) {
  // The place and its line say more than the op in generic form.
  context.printOpOnDiagnostic(false);
}
