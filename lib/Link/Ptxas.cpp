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

/// What `text`, of ptxas -v, says of each kernel: "… entry function 'f_0' … Used 40 registers".
static std::map<std::string, int64_t> registersIn(StringRef text) {
  std::map<std::string, int64_t> registers;
  while (!text.empty()) {
    StringRef name, part;
    std::tie(part, text) = text.split("entry function '");
    std::tie(name, part) = text.split('\'');
    part = part.split("entry function '").first.split("Used ").second;
    int64_t count = 0;
    if (!part.consumeInteger(10, count) && part.starts_with(" registers"))
      registers[name.str()] = count;
  }
  return registers;
}

static Expected<Cubin> runPtxas(StringRef ptxas, StringRef ptx, StringRef arch,
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
  if (runProcess({ptxas.str(), "-v", "-arch=" + arch.str(), input->path(), "-o", output->path()},
                 text))
    return ptxasFailed(ptxas, arch, text);
  ErrorOr<std::unique_ptr<MemoryBuffer>> cubin =
      MemoryBuffer::getFile(output->path(), /*IsText=*/false, /*RequiresNullTerminator=*/false,
                            /*IsVolatile=*/true);
  if (!cubin || !(*cubin)->getBuffer().starts_with("\x7f"
                                                   "ELF"))
    return ptxasFailed(ptxas, arch, "it wrote no cubin. " + text);
  return Cubin{(*cubin)->getBuffer().str(), registersIn(text)};
}

Expected<Cubin> assemblePtx(StringRef ptxas, StringRef ptx, StringRef arch,
                            const LinkOptions &options) {
  Expected<Cubin> cubin = runPtxas(ptxas, ptx, arch, options);
  if (!cubin)
    waitIfInterrupted();
  return cubin;
}

} // namespace seqc
