//===- Invocation.h - What one command line asks for ----------------------===//
#ifndef SEQC_LIB_DRIVER_INVOCATION_H
#define SEQC_LIB_DRIVER_INVOCATION_H

#include "seqc/Pipeline/Compiler.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>
#include <string>

namespace seqc {

enum class EmitKind { Seq, Simplified, Scheduled, Lowered, LLVM, Asm, Obj, Lib, Header, None };

/// One row of the table of outputs.
struct EmitRow {
  EmitKind kind;
  /// Name for `--emit`; for the MLIR kinds also the stage's.
  llvm::StringLiteral name;
  /// Suffix of `-o` that means this kind, "" if none does.
  llvm::StringLiteral suffix;
};

/// All kinds, in the order of the stages.
llvm::ArrayRef<EmitRow> getEmitRows();
/// True for the kinds that are MLIR.
inline bool isMLIR(EmitKind kind) { return kind <= EmitKind::Lowered; }

enum class ExplainForm { None, Line, Text, JSON };

struct Invocation {
  enum class Action { Compile, Help, HelpAll, Version, CheckBytecode };
  Action action = Action::Compile;
  std::string input, output, explainFile, weights, linker;
  /// NVIDIA's assembler: none is a program on PATH, "" is none.
  std::optional<std::string> ptxas;
  EmitKind emit = EmitKind::None;
  ExplainForm explain = ExplainForm::None;
  bool bytecode = false, jsonDiagnostics = false, saveTemps = false, timePasses = false;
  CompileOptions options;
  /// The command line as it was typed, for reproducers.
  std::string commandLine;
};

/// Reads a command line. False and a sentence in `error` (and in `help`, if
/// there is advice) on wrong usage; `invocation.jsonDiagnostics` is set even
/// then.
bool parseCommandLine(llvm::ArrayRef<const char *> arguments, Invocation &invocation,
                      std::string &error, std::string &help);
/// Prints the options; `all` with the rare ones.
void printHelp(llvm::raw_ostream &os, bool all);

} // namespace seqc

#endif // SEQC_LIB_DRIVER_INVOCATION_H
