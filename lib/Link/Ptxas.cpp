//===- Ptxas.cpp - NVIDIA's assembler as a child process ------------------===//
#include "Process.h"
#include "TempFile.h"
#include "seqc/Link/Link.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

using namespace llvm;

namespace seqc {

Expected<std::string> findPtxas(const std::optional<std::string> &given) {
  if (given && given->empty())
    return "";
  ErrorOr<std::string> path = sys::findProgramByName(given ? *given : "ptxas");
  if (path && sys::fs::can_execute(*path))
    return *path;
  if (!given)
    return "";
  return createStringError("expected NVIDIA's ptxas, but found no program '" + *given + "'");
}

static Error ptxasFailed(StringRef ptxas, StringRef arch, StringRef text) {
  text = text.trim();
  return createStringError("ptxas '" + ptxas.str() + "' failed for " + arch.str() + ": " +
                           (text.empty() ? "it wrote nothing" : text.str()));
}

static Expected<std::string> runPtxas(StringRef ptxas, StringRef ptx, StringRef arch,
                                      const LinkOptions &options) {
  Expected<TempFile> input =
      TempFile::create("", "seqc-ptx", /*executable=*/false, options.removeOnSignal);
  Expected<TempFile> output =
      TempFile::create("", "seqc-cubin", /*executable=*/false, options.removeOnSignal);
  if (!input || !output)
    return createStringError("could not create a temporary file: " +
                             toString(joinErrors(input.takeError(), output.takeError())));
  for (auto [file, contents] : {std::pair(&*input, ptx), {&*output, StringRef()}})
    if (Error error = file->write(contents))
      return createStringError("could not write a temporary file: " + toString(std::move(error)));
  std::string text;
  if (runProcess({ptxas.str(), "-arch=" + arch.str(), input->path(), "-o", output->path()}, text))
    return ptxasFailed(ptxas, arch, text);
  ErrorOr<std::unique_ptr<MemoryBuffer>> cubin =
      MemoryBuffer::getFile(output->path(), /*IsText=*/false, /*RequiresNullTerminator=*/false,
                            /*IsVolatile=*/true);
  if (!cubin || !(*cubin)->getBuffer().starts_with("\x7f"
                                                   "ELF"))
    return ptxasFailed(ptxas, arch, "it wrote no cubin. " + text);
  return (*cubin)->getBuffer().str();
}

Expected<std::string> assemblePtx(StringRef ptxas, StringRef ptx, StringRef arch,
                                  const LinkOptions &options) {
  Expected<std::string> cubin = runPtxas(ptxas, ptx, arch, options);
  if (!cubin)
    waitIfInterrupted();
  return cubin;
}

} // namespace seqc
