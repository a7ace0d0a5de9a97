//===- Compile.cpp - One command line carried out -------------------------===//
//
// Files are judged before any work is done, and written when all of it is done:
// a compile that fails leaves the outputs as they were.
//
//===----------------------------------------------------------------------===//
#include "Compile.h"
#include "CrashReport.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "seqc/Frontend/Load.h"
#include "seqc/Link/Header.h"
#include "seqc/Support/Spelling.h"
#include "seqc/Support/Version.h"
#include "seqc/Target/CPU.h"
#include "seqc/Target/EmitAbi.h"
#include "seqc/Target/NVPTX.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Target/TargetMachine.h"
#include <chrono>
#include <unistd.h>

using namespace llvm;
using namespace seqc;

bool Compilation::fail(StringRef text, StringRef help) {
  log.addError({}, text, help);
  return false;
}

bool Compilation::failUsage(StringRef text, StringRef help) {
  status = 2;
  return fail(text, help);
}

bool Compilation::checkTarget(mlir::MLIRContext &context) {
  context.getOrLoadDialect<seq::SeqDialect>();
  std::string error;
  if (failed(targetOf(&context, options, error)))
    return failUsage(error);
  return true;
}

/// The header beside a library.
static std::string getHeaderPath(StringRef library) {
  SmallString<256> path = library;
  sys::path::replace_extension(path, "h");
  return path.str().str();
}

/// A sentence if no file can be written at `path`, "" if one can.
static std::string findOutputFault(StringRef path) {
  sys::fs::file_status status;
  if (!sys::fs::status(path, status)) {
    if (sys::fs::is_directory(status))
      return ("cannot write '" + path + "': it is a directory").str();
    if (::access(path.str().c_str(), W_OK) != 0)
      return ("cannot write '" + path + "': " + std::strerror(errno)).str();
    if (!sys::fs::is_regular_file(status))
      return "";
  }
  StringRef folder = sys::path::parent_path(path);
  std::string parent = folder.empty() ? "." : folder.str();
  if (::access(parent.c_str(), W_OK | X_OK) != 0)
    return ("cannot write '" + path + "': " + std::strerror(errno)).str();
  return "";
}

/// Checks every file that will be written, before any work is done.
bool Compilation::checkFiles() {
  std::vector<std::string> outputs;
  if (invocation.output != "-" && !invocation.output.empty())
    outputs.push_back(invocation.output);
  if (invocation.emit == EmitKind::Lib)
    outputs.push_back(getHeaderPath(invocation.output));
  if (!invocation.explainFile.empty() && invocation.explainFile != "-")
    outputs.push_back(invocation.explainFile);
  StringSet<> seen;
  for (const std::string &output : outputs) {
    for (const std::string &source : {invocation.input, invocation.weights})
      if (!source.empty() && (output == source || sys::fs::equivalent(output, source)))
        return failUsage("expected an output other than the input '" + source + "'");
    if (!seen.insert(output).second)
      return failUsage("expected different files for the outputs, but got '" + output + "' twice");
    if (std::string fault = findOutputFault(output); !fault.empty())
      return fail(fault);
  }
  if (invocation.emit != EmitKind::Lib)
    return true;
  Expected<std::string> linker = findLinker(invocation.linker);
  return linker ? true : fail(toString(linker.takeError()));
}

/// Every name that `--assume` gives a size must be one that `seqc.dims` gives.
bool Compilation::checkAssume(mlir::ModuleOp module) {
  StringSet<> names;
  for (auto function : module.getOps<mlir::func::FuncOp>())
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (auto dims = function.getArgAttrOfType<mlir::ArrayAttr>(i, "seqc.dims"))
        for (mlir::Attribute name : dims)
          if (auto text = dyn_cast<mlir::StringAttr>(name))
            names.insert(text.getValue());
  for (const auto &[name, size] : options.assume) {
    if (names.contains(name))
      continue;
    SmallVector<StringRef> known(names.keys());
    llvm::sort(known);
    std::string help = known.empty() ? "seqc.dims = [\"B\", \"T\"] on an argument names its '?'"
                                     : "the model names " + joinNames(known, "and");
    return failUsage("expected a size that seqc.dims names for --assume, but got '" + name + "'",
                     help);
  }
  return true;
}

static double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Where a bug leaves its reproducer: in the working directory, named after the
/// input.
static std::string getReproducerPath(StringRef input, bool bytecode) {
  StringRef stem = input == "-" ? "stdin" : sys::path::stem(input);
  return (stem + ".seqc-reproducer" + (bytecode ? ".mlirbc" : ".mlir")).str();
}

bool Compilation::load(mlir::MLIRContext &context) {
  std::string error;
  std::unique_ptr<MemoryBuffer> buffer = readInput(invocation.input, error);
  if (!buffer)
    return fail(error);
  auto start = std::chrono::steady_clock::now();
  bool bytecode = buffer->getBuffer().starts_with("ML\xefR");
  installCrashReport(getReproducerPath(invocation.input, bytecode), invocation.commandLine,
                     buffer->getBuffer(), bytecode);
  LoadOptions loadOptions{invocation.weights,
                          findChecker(reinterpret_cast<void *>(&runOnOwnStack))};
  module = loadModule(std::move(buffer), context, sources, loadOptions);
  time("load", secondsSince(start));
  return module && checkAssume(*module);
}

void Compilation::watchStages() {
  options.timing = [this](StringRef stage, double seconds) { time(stage, seconds); };
  options.afterStage = [this](StringRef stage, mlir::ModuleOp after) {
    reachedStage = stage.str();
    if (invocation.explain != ExplainForm::None && stage == "llvm")
      findTasks(after);
    if (!invocation.saveTemps)
      return;
    std::string text;
    raw_string_ostream(text) << after << '\n';
    saveTemp((forKernels ? "gpu-" : "") + stage.str(), "mlir", text);
  };
  options.atKernels = [this](bool begins) { forKernels = begins; };
}

void Compilation::findTasks(mlir::ModuleOp lowered) {
  for (mlir::Operation &op : *lowered.getBody())
    if (auto symbol = dyn_cast<mlir::SymbolOpInterface>(op))
      tasks[symbol.getName()] = getPlace(op.getLoc());
}

void Compilation::explainKernels(const LoweredModule &lowered) {
  std::map<std::string, int64_t> sizes(options.assume.begin(), options.assume.end());
  for (const KernelFacts &kernel : lowered.kernels)
    explanations.push_back(explainKernel(kernel, tasks.lookup(kernel.task), sizes));
}

/// Writes one stage's module next to the output, e.g. `model.3-scheduled.mlir`.
void Compilation::saveTemp(StringRef stage, StringRef suffix, StringRef contents) {
  SmallString<256> path = StringRef(invocation.output);
  if (path.empty() || path == "-")
    path = invocation.input == "-" ? StringRef("stdin") : sys::path::stem(invocation.input);
  sys::path::replace_extension(path, Twine(++tempCount) + "-" + stage + "." + suffix);
  writeFiles({{path.str().str(), contents, false}});
}

bool Compilation::writeFiles(ArrayRef<OutputFile> files) {
  Error error = writeOutputs(files, /*removeOnSignal=*/true);
  return error ? fail(toString(std::move(error))) : true;
}

bool Compilation::writeText(StringRef contents) {
  if (invocation.output != "-")
    return writeFiles({{invocation.output, contents, false}});
  outs() << contents;
  outs().flush();
  if (!outs().has_error())
    return true;
  std::string reason = outs().error().message();
  outs().clear_error();
  return fail("cannot write to stdout: " + reason);
}

bool Compilation::emitMLIR() {
  StringRef stage = getEmitRows()[static_cast<size_t>(invocation.emit)].name;
  if (failed(runStages(*module, options, stage)))
    return false;
  std::string contents;
  raw_string_ostream os(contents);
  if (!invocation.bytecode)
    os << *module << '\n';
  else if (failed(mlir::writeBytecodeToFile(*module, os)))
    return fail("cannot write the module as bytecode");
  return writeText(contents);
}

/// The C name of the module: the output's or the input's file name, made an
/// identifier.
static std::string getModuleName(const Invocation &invocation) {
  StringRef path =
      invocation.output.empty() || invocation.output == "-" ? invocation.input : invocation.output;
  std::string name = path == "-" ? "model" : sys::path::stem(path).str();
  for (char &c : name)
    if (!isAlnum(c) && c != '_')
      c = '_';
  if (!isCIdentifier(name))
    name = "_" + name;
  return name;
}

/// Puts the code of kernels into a library: a cubin for each architecture where NVIDIA's assembler
/// is there, and PTX, which drivers compile for every later one.
bool Compilation::addImages(LoweredModule &lowered) {
  if (invocation.saveTemps)
    saveTemp("ptx", "ptx", lowered.ptx);
  Expected<std::string> ptxas = findPtxas(invocation.ptxas);
  if (!ptxas)
    return fail(toString(ptxas.takeError()));
  auto start = std::chrono::steady_clock::now();
  std::vector<std::string> cubins;
  for (const std::string &arch : options.cudaArchs) {
    if (ptxas->empty())
      break;
    Expected<Cubin> cubin = assemblePtx(*ptxas, lowered.ptx, arch, {"", /*removeOnSignal=*/true});
    if (!cubin)
      return fail(toString(cubin.takeError()), "--ptxas= makes a library with PTX alone");
    if (invocation.saveTemps)
      saveTemp(arch, "cubin", cubin->image);
    cubins.push_back(std::move(cubin->image));
    for (KernelFacts &kernel : lowered.kernels)
      if (auto found = cubin->registers.find(kernel.name); found != cubin->registers.end())
        kernel.registers.emplace_back(arch, found->second);
  }
  SmallVector<CudaImage> images;
  for (auto [arch, cubin] : zip(options.cudaArchs, cubins))
    images.push_back({arch, cubin, /*isPtx=*/false});
  images.push_back({lowestArchitecture(options.cudaArchs), lowered.ptx, /*isPtx=*/true});
  embedImages(*lowered.module, images);
  time("ptxas", secondsSince(start));
  if (ptxas->empty() && !invocation.ptxas)
    log.add({{},
             "remark",
             "no ptxas on PATH: the library has PTX alone, which the driver compiles at the first "
             "call",
             {}});
  return true;
}

bool Compilation::emitLibrary(LoweredModule &lowered) {
  if (!lowered.ptx.empty() && !addImages(lowered))
    return false;
  SmallVector<char, 0> object;
  std::string error;
  auto start = std::chrono::steady_clock::now();
  if (failed(emitMachineCode(lowered, /*assembly=*/false, object, error)))
    return fail(error);
  time("codegen", secondsSince(start));
  StringRef bytes(object.data(), object.size());
  if (invocation.saveTemps)
    saveTemp("obj", "o", bytes);
  start = std::chrono::steady_clock::now();
  Expected<StringRef> runtime =
      getRuntimeObject(lowered.machine->getTargetTriple(), RuntimeHost::Library);
  if (!runtime)
    return fail(toString(runtime.takeError()));
  SmallVector<StringRef> parts = {bytes, *runtime};
  if (lowered.emulates) {
    Expected<StringRef> emulator =
        getEmulatorObject(lowered.machine->getTargetTriple(), RuntimeHost::Library);
    if (!emulator)
      return fail(toString(emulator.takeError()));
    parts.push_back(*emulator);
  }
  if (!lowered.ptx.empty()) {
    Expected<StringRef> cuda = getCudaObject(lowered.machine->getTargetTriple());
    if (!cuda)
      return fail(toString(cuda.takeError()));
    parts.push_back(*cuda);
  }
  Expected<std::string> library = linkSharedLibrary(parts, sys::path::filename(invocation.output),
                                                    {invocation.linker, /*removeOnSignal=*/true});
  if (!library)
    return fail(toString(library.takeError()));
  time("link", secondsSince(start));
  std::string header = writeHeader(lowered.signature, getVersion());
  return writeFiles({{invocation.output, *library, /*executable=*/true},
                     {getHeaderPath(invocation.output), header, false}});
}

/// Everything behind the MLIR stages that one file holds.
bool Compilation::emitCode(LoweredModule &lowered) {
  // What leaves as one file stands alone.
  bool gpu = lowered.machine->getTargetTriple().isNVPTX();
  if (gpu && is_contained({EmitKind::Lib, EmitKind::Obj}, invocation.emit))
    return fail(gpuLibraryError);
  if (!gpu && is_contained({EmitKind::LLVM, EmitKind::Asm, EmitKind::Obj}, invocation.emit))
    if (Error error = linkRuntime(*lowered.module))
      return fail(toString(std::move(error)));
  std::string ir;
  if (invocation.emit == EmitKind::LLVM || invocation.saveTemps) {
    raw_string_ostream os(ir);
    lowered.module->print(os, nullptr);
  }
  if (invocation.saveTemps)
    saveTemp("llvm", "ll", ir);
  if (invocation.emit == EmitKind::None)
    return true;
  if (invocation.emit == EmitKind::Lib)
    return emitLibrary(lowered);
  if (invocation.emit == EmitKind::LLVM)
    return writeText(ir);
  if (invocation.emit == EmitKind::Header)
    return writeText(writeHeader(lowered.signature, getVersion()));
  SmallVector<char, 0> code;
  std::string error;
  auto start = std::chrono::steady_clock::now();
  if (failed(emitMachineCode(lowered, invocation.emit == EmitKind::Asm, code, error)))
    return fail(error);
  time("codegen", secondsSince(start));
  return writeText(StringRef(code.data(), code.size()));
}

bool Compilation::compile() {
  if (invocation.emit != EmitKind::None && isMLIR(invocation.emit))
    return emitMLIR();
  mlir::FailureOr<LoweredModule> lowered =
      compileModule(*module, getModuleName(invocation), options);
  if (failed(lowered))
    return false;
  reachedStage = "codegen";
  bool isWritten = emitCode(*lowered);
  if (invocation.explain != ExplainForm::None)
    explainKernels(*lowered); // with what an assembler said
  return isWritten;
}

bool Compilation::writeExplanations() {
  if (invocation.explain == ExplainForm::None)
    return true;
  std::string text;
  raw_string_ostream os(text);
  if (invocation.explain == ExplainForm::JSON)
    printExplanationsJSON(os, explanations);
  else if (invocation.explain == ExplainForm::Line)
    printExplanationLines(os, explanations);
  else
    printExplanations(os, explanations);
  if (!invocation.explainFile.empty() && invocation.explainFile != "-")
    return writeFiles({{invocation.explainFile, text, false}});
  // Standard output belongs to the artefact if that goes there.
  raw_ostream &stream = invocation.output == "-" ? errs() : outs();
  stream << text;
  stream.flush();
  return true;
}

void Compilation::printTimes() const {
  double total = 0;
  for (const auto &[stage, seconds] : times)
    total += seconds;
  for (const auto &[stage, seconds] : times)
    errs() << left_justify(stage, 12) << format("%9.1f ms\n", seconds * 1e3);
  errs() << left_justify("total", 12) << format("%9.1f ms\n", total * 1e3);
}

bool seqc::isBugMessage(StringRef text, StringRef reached) {
  // Before the contract of stage `seq`, every error is about the input.
  if (reached == "load")
    return false;
  for (StringRef phrase : {"failed to legalize", "explicitly marked illegal", "was not bufferized",
                           "unrealized_conversion_cast", "does not dominate this use"})
    if (text.contains(phrase))
      return true;
  bool decided = is_contained({"scheduled", "lowered", "llvm"}, reached);
  return decided && !text.contains("expected ") && !text.contains("not available yet") &&
         !text.starts_with("cannot write to ") && !text.starts_with("could not write ");
}

/// Hides what upstream said behind a sentence, and keeps it in the reproducer.
int Compilation::reportBug() {
  std::string reason = "after stage '" + reachedStage + "':";
  for (const Message &message : log.getMessages())
    if (message.severity == "error")
      reason += "\n" + message.text;
  log.clear();
  std::string path = writeReproducer(reason);
  log.addError({invocation.input, 0, 0},
               "seqc cannot compile this model after stage '" + reachedStage +
                   "'; this is a bug in seqc, not in the model",
               path.empty() ? "" : "please report it with '" + path + "'");
  return exitBug;
}

int Compilation::run() {
  useSignalStack();
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  MessageHandler handler(context, log);
  if (!checkTarget(context) || !checkFiles())
    return status;
  if (invocation.explain != ExplainForm::None &&
      !collectExplanations(context, explanations, forKernels))
    return fail("the remark engine is not available"), exitBug;
  watchStages();
  bool ok = load(context) && compile() && writeExplanations();
  if (invocation.timePasses)
    printTimes();
  module = nullptr;
  if (ok && !log.hasErrors())
    return 0;
  bool bug = llvm::any_of(log.getMessages(), [&](const Message &message) {
    return message.severity == "error" && isBugMessage(message.text, reachedStage);
  });
  // A stage that fails without a word is a bug, too.
  return bug || !log.hasErrors() ? reportBug() : status;
}
