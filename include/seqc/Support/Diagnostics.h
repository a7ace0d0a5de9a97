//===- Diagnostics.h - Messages to people and to programs -----------------===//
//
// Collects what a compilation says and renders it as text with carets or as one
// JSON object a line.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_SUPPORT_DIAGNOSTICS_H
#define SEQC_SUPPORT_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/SourceMgr.h"
#include <string>
#include <vector>

namespace seqc {

/// Where a message points: file, line and column from 1; line 0 means the whole
/// file, an empty file name no place at all.
struct SourcePlace {
  std::string file;
  unsigned line = 0, column = 0;
};

/// One message. `severity` is "error", "warning", "note", "remark" or "help".
struct Message {
  SourcePlace place;
  std::string severity, text;
  std::vector<Message> notes;
};

/// The place of `loc` that a user can open: of an inlined op the call, of fused
/// ones the first.
SourcePlace getPlace(mlir::Location loc);

/// Keeps all messages of one compilation. A note that begins with "help: "
/// becomes a help line. Thread-safe as far as MLIRContext's handlers are.
class MessageLog {
public:
  /// `sources` holds the texts that carets are shown from; it must live as long
  /// as the log.
  explicit MessageLog(llvm::SourceMgr &sources) : sources(sources) {}

  /// Adds a message; at most 20 errors are kept, the rest are counted.
  void add(Message message);
  /// Adds an error, with a help line unless `help` is empty.
  void addError(SourcePlace place, llvm::StringRef text, llvm::StringRef help = "");
  bool hasErrors() const { return errors != 0; }
  const std::vector<Message> &getMessages() const { return messages; }
  /// Forgets everything.
  void clear();
  /// Writes all messages: text with the source line and a caret, or JSON lines
  /// with the fields file, line, col, severity, message and notes.
  void print(llvm::raw_ostream &os, bool json, bool colors = false) const;

private:
  void printText(llvm::raw_ostream &os, const Message &message, bool colors) const;

  llvm::SourceMgr &sources;
  std::vector<Message> messages;
  unsigned errors = 0;
};

/// Sends the diagnostics of `context` to `log` while it lives. From then on the
/// context adds no note with the whole op to an error.
class MessageHandler {
public:
  MessageHandler(mlir::MLIRContext &context, MessageLog &log);

private:
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace seqc

#endif // SEQC_SUPPORT_DIAGNOSTICS_H
