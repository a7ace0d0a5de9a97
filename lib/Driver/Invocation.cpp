//===- Invocation.cpp - What one command line asks for --------------------===//
//
// Everything that can be judged without reading a file is judged here, and
// every wrong word is answered with the nearest right one.
//
//===----------------------------------------------------------------------===//
#include "Invocation.h"
#include "seqc/Support/Spelling.h"
#include "seqc/Target/NVPTX.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Option/ArgList.h"
#include "llvm/Option/OptTable.h"
#include "llvm/Option/Option.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace llvm::opt;
using namespace seqc;

namespace {
enum OptionID {
  OPT_INVALID = 0,
#define OPTION(...) LLVM_MAKE_OPT_ID(__VA_ARGS__),
#include "seqc/Driver/Options.inc"
#undef OPTION
};

#define OPTTABLE_STR_TABLE_CODE
#include "seqc/Driver/Options.inc"
#undef OPTTABLE_STR_TABLE_CODE

#define OPTTABLE_PREFIXES_TABLE_CODE
#include "seqc/Driver/Options.inc"
#undef OPTTABLE_PREFIXES_TABLE_CODE

constexpr OptTable::Info optionInfos[] = {
#define OPTION(...) LLVM_CONSTRUCT_OPT_INFO(__VA_ARGS__),
#include "seqc/Driver/Options.inc"
#undef OPTION
};

struct SeqcOptTable : GenericOptTable {
  SeqcOptTable() : GenericOptTable(OptionStrTable, OptionPrefixesTable, optionInfos) {}
};

/// Reads one command line into an invocation; the first fault ends it.
class CommandLine {
public:
  CommandLine(const InputArgList &args, Invocation &out, std::string &error, std::string &help)
      : args(args), out(out), error(error), help(help) {}
  bool read();

private:
  bool fail(const Twine &message, const Twine &advice = "") {
    error = message.str();
    help = advice.str();
    return false;
  }
  bool failNearest(StringRef option, StringRef value, ArrayRef<StringRef> values);
  bool readDiagnostics();
  bool checkNames();
  bool readAction();
  bool readInput();
  bool readEmit();
  bool readOutput();
  bool readExplain();
  bool readPlan();
  bool readAssume();
  bool readTarget();
  bool readCuda();
  bool readCudaArchs(SmallVectorImpl<StringRef> &archs);
  bool readCpu(StringRef target);

  const InputArgList &args;
  Invocation &out;
  std::string &error, &help;
};
} // namespace

ArrayRef<EmitRow> seqc::getEmitRows() {
  static constexpr EmitRow rows[] = {{EmitKind::Seq, "seq", ""},
                                     {EmitKind::Simplified, "simplified", ""},
                                     {EmitKind::Scheduled, "scheduled", ""},
                                     {EmitKind::Lowered, "lowered", ""},
                                     {EmitKind::LLVM, "llvm", ".ll"},
                                     {EmitKind::Asm, "asm", ".s"},
                                     {EmitKind::Obj, "obj", ".o"},
                                     {EmitKind::Lib, "lib", ".so"},
                                     {EmitKind::Header, "header", ".h"}};
  return rows;
}

bool CommandLine::failNearest(StringRef option, StringRef value, ArrayRef<StringRef> values) {
  StringRef near = nearestName(value, values);
  return fail("expected " + joinNames(values) + " for " + option + ", but got '" + value + "'",
              near.empty() ? "" : "did you mean '" + near + "'?");
}

bool CommandLine::readDiagnostics() {
  StringRef form = args.getLastArgValue(OPT_diagnostics, "text");
  if (form != "text" && form != "json")
    return failNearest("--diagnostics", form, {"text", "json"});
  out.jsonDiagnostics = form == "json";
  return true;
}

/// Refuses unknown options and those that have no effect yet.
bool CommandLine::checkNames() {
  if (const Arg *unknown = args.getLastArgNoClaim(OPT_UNKNOWN)) {
    std::string spelled = unknown->getAsString(args), nearest;
    SeqcOptTable().findNearest(spelled, nearest, 0, HelpHidden, 4, 4);
    StringRef name = StringRef(spelled).split('=').first;
    return fail("unknown option '" + name + "'",
                nearest.empty() ? "--help lists the options"
                                : "did you mean '" + StringRef(nearest).split('=').first + "'?");
  }
  for (const Arg *arg : args)
    for (unsigned id : {OPT_later_export, OPT_later_prefix})
      if (arg->getOption().matches(id))
        return fail("option '" + StringRef(arg->getSpelling()).rtrim('=') +
                    "' is not available yet");
  return true;
}

bool CommandLine::readAction() {
  if (args.hasArg(OPT_check_bytecode))
    out.action = Invocation::Action::CheckBytecode;
  else if (args.hasArg(OPT_version))
    out.action = Invocation::Action::Version;
  else if (args.hasArg(OPT_help))
    out.action = Invocation::Action::Help;
  else if (const Arg *arg = args.getLastArg(OPT_help_EQ)) {
    if (StringRef(arg->getValue()) != "all")
      return failNearest("--help", arg->getValue(), {"all"});
    out.action = Invocation::Action::HelpAll;
  }
  return true;
}

bool CommandLine::readInput() {
  std::vector<std::string> inputs = args.getAllArgValues(OPT_INPUT);
  if (inputs.empty())
    return fail("expected an input file (- is stdin)", "seqc model.mlir -o model.so");
  if (inputs.size() > 1)
    return fail("expected one input file, but got '" + inputs[0] + "' and '" + inputs[1] + "'");
  out.input = inputs[0];
  return true;
}

bool CommandLine::readEmit() {
  const Arg *arg = args.getLastArg(OPT_emit);
  if (!arg)
    return true;
  StringRef value = arg->getValue();
  if (value == "report")
    return fail("--emit=" + value + " is not available yet");
  // The assembly of GPUs has a name of its own.
  if (value == "ptx")
    out.emit = EmitKind::Asm;
  for (const EmitRow &row : getEmitRows())
    if (row.name == value)
      out.emit = row.kind;
  if (out.emit != EmitKind::None)
    return true;
  auto names =
      map_to_vector(getEmitRows(), [](const EmitRow &row) -> StringRef { return row.name; });
  return failNearest("--emit", value, names);
}

/// Decides where the output goes and what it is: by `--emit`, or by the suffix
/// of `-o`.
bool CommandLine::readOutput() {
  bool given = args.hasArg(OPT_output), chosen = out.emit != EmitKind::None;
  out.output = args.getLastArgValue(OPT_output).str();
  bool explains = args.hasArg(OPT_explain, OPT_explain_EQ);
  if (!given && !chosen && explains)
    return true;
  if (!given && chosen && out.emit != EmitKind::Lib && out.emit != EmitKind::Obj)
    out.output = "-";
  if (out.output.empty())
    return fail("expected an output, -o FILE", "seqc model.mlir -o model.so");
  if (out.output == "-") {
    if (out.emit == EmitKind::Lib)
      return fail("expected a file for a library and its header, but got '-'");
    return chosen || fail("expected --emit to say what goes to stdout");
  }
  StringRef suffix = sys::path::extension(out.output);
  EmitKind bySuffix = EmitKind::None;
  for (const EmitRow &row : getEmitRows())
    if (!row.suffix.empty() && suffix == row.suffix)
      bySuffix = row.kind;
  if (suffix == ".ptx")
    bySuffix = EmitKind::Asm;
  bool mlir = suffix == ".mlir" || suffix == ".mlirbc";
  out.bytecode = suffix == ".mlirbc";
  if (!chosen) {
    if (mlir)
      bySuffix = EmitKind::Seq;
    out.emit = bySuffix;
    return bySuffix != EmitKind::None ||
           fail("expected an output that ends in .so, .o, .s, .ptx, .ll, .mlir, "
                ".mlirbc or .h, but got '" +
                    out.output + "'",
                "--emit says what to write to a file of any name");
  }
  bool known = mlir || bySuffix != EmitKind::None;
  bool agrees = mlir ? isMLIR(out.emit) : bySuffix == out.emit;
  if (known && !agrees)
    return fail("expected an output that fits --emit=" + args.getLastArgValue(OPT_emit) +
                ", but got '" + out.output + "'");
  return true;
}

bool CommandLine::readExplain() {
  const Arg *arg = args.getLastArg(OPT_explain, OPT_explain_EQ);
  if (!arg)
    return true;
  out.explain = ExplainForm::Line;
  if (arg->getOption().matches(OPT_explain))
    return true;
  auto [form, file] = StringRef(arg->getValue()).split(':');
  if (form == "html")
    return fail("--explain=html is not available yet");
  if (form != "text" && form != "json")
    return failNearest("--explain", form, {"text", "json"});
  if (StringRef(arg->getValue()).contains(':') && file.empty())
    return fail("expected a file behind '--explain=" + form + ":'");
  out.explain = form == "json" ? ExplainForm::JSON : ExplainForm::Text;
  out.explainFile = file.str();
  return true;
}

bool CommandLine::readPlan() {
  StringRef plan = args.getLastArgValue(OPT_schedule, "auto");
  if (plan == "chunked")
    return fail("--schedule=" + plan + " is not available yet");
  if (!is_contained(scheduleNames(), plan))
    return failNearest("--schedule", plan, scheduleNames());
  out.options.schedule = plan.str();
  out.options.streamingExact = args.hasArg(OPT_streaming_exact);
  if (out.options.streamingExact && plan == "scan")
    return fail("--schedule=scan and --streaming-exact exclude each other");
  StringRef certificate = args.getLastArgValue(OPT_certificate, "bitwise");
  if (!is_contained(certificateNames(), certificate))
    return failNearest("--certificate", certificate, certificateNames());
  out.options.certificate = certificate.str();
  if (out.options.streamingExact && certificate == "backward")
    return fail("--certificate=backward and --streaming-exact exclude each other");
  StringRef threads = args.getLastArgValue(OPT_threads, "1");
  if (threads.getAsInteger(10, out.options.threads) || out.options.threads < 1 ||
      out.options.threads > 1024)
    return fail("expected 1 to 1024 for --threads, but got '" + threads + "'");
  StringRef level = args.getLastArgValue(OPT_opt_level, "3");
  if (level.getAsInteger(10, out.options.optLevel) || out.options.optLevel > 3)
    return fail("expected 0 to 3 for --opt-level, but got '" + level + "'");
  return true;
}

bool CommandLine::readAssume() {
  for (const std::string &value : args.getAllArgValues(OPT_assume)) {
    SmallVector<StringRef> parts;
    StringRef(value).split(parts, ',');
    for (StringRef part : parts) {
      auto [name, number] = part.split('=');
      int64_t size = 0;
      if (!isCIdentifier(name) || number.getAsInteger(10, size) || size < 1)
        return fail("expected NAME=SIZE,… for --assume, but got '" + part + "'",
                    "--assume=B=8,T=4096");
      out.options.assume.emplace_back(name.str(), size);
    }
  }
  return true;
}

bool CommandLine::readTarget() {
  StringRef target = args.getLastArgValue(OPT_target, "native");
  if (target == "cuda" || target.starts_with("nvptx"))
    return readCuda();
  if (StringRef(out.output).ends_with(".ptx") || args.getLastArgValue(OPT_emit) == "ptx")
    return fail("expected --target=cuda for PTX, but got '" + target + "'");
  for (auto [id, name] :
       {std::pair(OPT_cuda_arch, "--cuda-arch"), {OPT_device, "--device"}, {OPT_ptxas, "--ptxas"}})
    if (args.hasArg(id))
      return fail(Twine("expected --target=cuda with ") + name + ", but got '" + target + "'");
  if (target != "native")
    out.options.triple = target.str();
  return readCpu(target);
}

bool CommandLine::readCpu(StringRef target) {
  out.options.targetFacts = args.getLastArgValue(OPT_target_facts).str();
  if (args.hasArg(OPT_target_facts) && out.options.targetFacts.empty())
    return fail("expected a file behind '--target-facts='");
  // Another machine has no "native" features.
  out.options.march =
      args.getLastArgValue(OPT_march, target == "native" ? "native" : "generic").str();
  return true;
}

/// The architectures of GPUs, each once.
bool CommandLine::readCudaArchs(SmallVectorImpl<StringRef> &archs) {
  StringRef given = args.getLastArgValue(OPT_cuda_arch, cudaArchitectures().front());
  given.split(archs, ',');
  for (auto [i, arch] : enumerate(archs)) {
    if (!is_contained(cudaArchitectures(), arch))
      return failNearest("--cuda-arch", arch, cudaArchitectures());
    if (is_contained(ArrayRef(archs).take_front(i), arch))
      return fail("expected each architecture once in --cuda-arch, but got '" + given + "'");
  }
  return true;
}

/// A GPU: a library for it and this machine, or PTX and what comes before it.
bool CommandLine::readCuda() {
  SmallVector<StringRef> archs;
  if (!readCudaArchs(archs))
    return false;
  StringRef device = args.getLastArgValue(OPT_device);
  if (args.hasArg(OPT_device) && device != "emulate")
    return failNearest("--device", device, {"emulate"});
  out.options.emulate = device == "emulate";
  if (out.options.emulate && !is_contained({EmitKind::Lib, EmitKind::None}, out.emit))
    return fail("expected --emit=lib with --device=emulate");
  if (out.emit == EmitKind::Obj)
    return fail("expected --emit=lib, header, ptx or a kind before it with --target=cuda, but got "
                "'obj'");
  bool library = is_contained({EmitKind::Lib, EmitKind::Header}, out.emit);
  if (library && !out.options.emulate) {
    out.options.cudaArchs.assign(archs.begin(), archs.end());
    if (args.hasArg(OPT_ptxas))
      out.ptxas = args.getLastArgValue(OPT_ptxas).str();
    return readCpu("native");
  }
  for (auto [id, name] : {std::pair(OPT_march, "--march"),
                          {OPT_target_facts, "--target-facts"},
                          {OPT_ptxas, "--ptxas"}})
    if (args.hasArg(id))
      return fail(Twine("expected no ") + name +
                  " with --target=cuda, but for a library, which is for a CPU, too");
  if (archs.size() != 1)
    return fail("expected one architecture in --cuda-arch for PTX or --device=emulate, but got '" +
                args.getLastArgValue(OPT_cuda_arch) + "'");
  out.options.triple = "nvptx64-nvidia-cuda";
  out.options.march = archs.front().str();
  return true;
}

bool CommandLine::read() {
  if (!readDiagnostics() || !checkNames() || !readAction())
    return false;
  if (out.action != Invocation::Action::Compile)
    return true;
  out.weights = args.getLastArgValue(OPT_weights).str();
  if (args.hasArg(OPT_weights) && out.weights.empty())
    return fail("expected a file for --weights");
  out.linker = args.getLastArgValue(OPT_linker).str();
  out.saveTemps = args.hasArg(OPT_save_temps);
  out.timePasses = args.hasArg(OPT_time_passes);
  out.options.precise = args.hasArg(OPT_precise);
  out.options.weaken = args.getLastArgValue(OPT_test_weaken).str();
  return readInput() && readEmit() && readOutput() && readExplain() && readPlan() && readAssume() &&
         readTarget();
}

bool seqc::parseCommandLine(ArrayRef<const char *> arguments, Invocation &invocation,
                            std::string &error, std::string &help) {
  SeqcOptTable table;
  unsigned missingIndex = 0, missingCount = 0;
  invocation.commandLine = "seqc";
  for (const char *argument : arguments)
    invocation.commandLine += std::string(" ") + argument;
  InputArgList args = table.ParseArgs(arguments, missingIndex, missingCount);
  if (missingCount != 0) {
    error = std::string("expected a value behind '") + args.getArgString(missingIndex) + "'";
    return false;
  }
  return CommandLine(args, invocation, error, help).read();
}

void seqc::printHelp(raw_ostream &os, bool all) {
  SeqcOptTable().printHelp(os, "seqc model.mlir -o model.so",
                           "compiles recurrences in MLIR to a shared library and a C header", all);
  os << "\nExit: 0 done, 1 the input or a file is wrong, 2 wrong usage, 3 a "
        "bug in seqc (writes a "
        "reproducer)\n";
}
