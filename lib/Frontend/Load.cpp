//===- Load.cpp - Stage 1: bytes become a checked module ------------------===//
//
// The order matters: bytes are judged before upstream's parser sees them, cells
// are linked before weights, so that a weight may be a cell's argument.
//
//===----------------------------------------------------------------------===//
#include "seqc/Frontend/Load.h"
#include "LoadParts.h"
#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "seqc/Frontend/Nesting.h"
#include "seqc/Support/Spelling.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/thread.h"

using namespace llvm;
using namespace mlir;
using namespace seqc;

/// Holds 256 levels of every kind of nesting with a wide margin (measured: 4000
/// levels of regions need 8 MiB).
static constexpr unsigned stackBytes = 64u << 20;

void seqc::runOnOwnStack(llvm::function_ref<void()> work) {
  llvm::thread worker(std::optional<unsigned>(stackBytes), [&] { work(); });
  worker.join();
}

std::unique_ptr<MemoryBuffer> seqc::copyInput(StringRef bytes, StringRef name) {
  return MemoryBuffer::getMemBufferCopy(bytes, name);
}

/// Everything in a file, a pipe or a device, or a little more than is allowed.
static Error readAll(StringRef path, std::string &bytes) {
  Expected<sys::fs::file_t> file =
      path == "-" ? sys::fs::getStdinHandle() : sys::fs::openNativeFileForRead(path);
  if (!file)
    return file.takeError();
  static constexpr size_t piece = 1 << 20;
  size_t count = piece;
  Error problem = Error::success();
  while (count && !problem && bytes.size() <= maxInputBytes) {
    size_t before = bytes.size();
    bytes.resize(before + piece);
    Expected<size_t> read =
        sys::fs::readNativeFile(*file, MutableArrayRef<char>(&bytes[before], piece));
    count = read ? *read : 0;
    if (!read)
      problem = joinErrors(std::move(problem), read.takeError());
    bytes.resize(before + count);
  }
  if (path != "-")
    sys::fs::closeFile(*file);
  return problem;
}

std::unique_ptr<MemoryBuffer> seqc::readInput(StringRef path, std::string &error) {
  if (path != "-") {
    sys::fs::file_status status;
    if (std::error_code code = sys::fs::status(path, status)) {
      error = "cannot read '" + path.str() + "': " + code.message();
      return nullptr;
    }
    if (sys::fs::is_directory(status)) {
      error = "cannot read '" + path.str() + "': it is a directory";
      return nullptr;
    }
    if (status.type() == sys::fs::file_type::regular_file && status.getSize() > maxInputBytes) {
      error = "expected at most 1 GiB in '" + path.str() + "', but got " +
              std::to_string(status.getSize()) + " bytes";
      return nullptr;
    }
  }
  // Read, not mapped: another process may shorten the file while it is parsed.
  std::string bytes;
  if (Error problem = readAll(path, bytes)) {
    error = "cannot read '" + path.str() + "': " + toString(std::move(problem));
    return nullptr;
  }
  if (bytes.size() > maxInputBytes) {
    error = "expected at most 1 GiB in '" + path.str() + "', but got more";
    return nullptr;
  }
  return copyInput(bytes, path == "-" ? "<stdin>" : path);
}

/// Reports what must not reach the parser, at its line and column.
static LogicalResult checkText(const MemoryBuffer &input, MLIRContext &context) {
  StringRef text = input.getBuffer();
  std::optional<TextFault> fault = findTextFault(text, maxNesting);
  if (!fault)
    return success();
  StringRef before = text.take_front(fault->offset);
  unsigned line = before.count('\n') + 1;
  unsigned column = before.size() - (before.rfind('\n') + 1) + 1;
  return emitError(FileLineColLoc::get(&context, input.getBufferIdentifier(), line, column))
         << fault->message;
}

static LogicalResult checkSize(const MemoryBuffer &input, MLIRContext &context) {
  if (input.getBufferSize() <= maxInputBytes)
    return success();
  return emitError(FileLineColLoc::get(&context, input.getBufferIdentifier(), 0, 0))
         << "expected at most 1 GiB, but got " << input.getBufferSize() << " bytes";
}

/// The name behind the `%` at `line` and `column` of `text`, "" if C cannot use
/// it.
static StringRef readName(SourceMgr &sources, unsigned id, StringRef text, unsigned line,
                          unsigned column) {
  SMLoc at = sources.FindLocForLineAndColumn(id, line, column);
  if (!at.isValid())
    return "";
  StringRef rest = text.drop_front(at.getPointer() - text.data());
  if (!rest.consume_front("%"))
    return "";
  StringRef name =
      rest.take_while([](char c) { return isAlnum(c) || StringRef("_$.-").contains(c); });
  return isCIdentifier(name) ? name : "";
}

/// The parser forgets `%u`, and the header and call-time errors should say it:
/// the name goes into the argument's location.
static void nameArguments(ModuleOp module, SourceMgr &sources, unsigned id) {
  const MemoryBuffer &buffer = *sources.getMemoryBuffer(id);
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isDeclaration())
      continue;
    for (BlockArgument argument : function.getArguments()) {
      auto loc = dyn_cast<FileLineColRange>(argument.getLoc());
      if (!loc || loc.getFilename() != buffer.getBufferIdentifier())
        continue;
      StringRef name =
          readName(sources, id, buffer.getBuffer(), loc.getStartLine(), loc.getStartColumn());
      if (!name.empty())
        argument.setLoc(NameLoc::get(StringAttr::get(module.getContext(), name), loc));
    }
  }
}

OwningOpRef<ModuleOp> seqc::loadModule(std::unique_ptr<MemoryBuffer> input, MLIRContext &context,
                                       SourceMgr &sources, const LoadOptions &options) {
  const MemoryBuffer &bytes = *input;
  unsigned id = sources.AddNewSourceBuffer(std::move(input), SMLoc());
  if (failed(checkSize(bytes, context)))
    return nullptr;
  bool binary = isBytecode(bytes.getMemBufferRef());
  if (failed(binary ? checkBytecodeInChild(bytes, context, options.checker)
                    : checkText(bytes, context)))
    return nullptr;
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(bytes.getBuffer(), &context, bytes.getBufferIdentifier());
  if (!module)
    return nullptr;
  if (!binary)
    nameArguments(*module, sources, id);
  if (failed(linkCells(*module)))
    return nullptr;
  if (!options.weights.empty() && failed(bindWeights(*module, options.weights)))
    return nullptr;
  return module;
}
