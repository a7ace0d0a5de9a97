//===- Driver.cpp - The command line as a library -------------------------===//
//
// Reads the arguments, does what they say on a large stack, prints all messages
// at the end.
//
//===----------------------------------------------------------------------===//
#include "seqc/Driver/Driver.h"
#include "Compile.h"
#include "Invocation.h"
#include "seqc/Frontend/Load.h"
#include "seqc/Support/Version.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/TargetParser/Host.h"
#include <csignal>
#include <cstdlib>
#include <unistd.h>

using namespace llvm;
using namespace seqc;

static void printVersion(raw_ostream &os) {
  os << "seqc " << getVersion() << ", LLVM " << getLLVMVersion() << "\nhost "
     << sys::getDefaultTargetTriple() << "\nfeatures";
  SmallVector<StringRef> features;
  StringMap<bool> host = sys::getHostCPUFeatures();
  for (const auto &feature : host)
    if (feature.second)
      features.push_back(feature.first());
  llvm::sort(features);
  for (StringRef feature : features)
    os << ' ' << feature;
  os << '\n';
}

static int compile(const Invocation &invocation, SourceMgr &sources, MessageLog &log) {
  int status = 3;
  runOnOwnStack([&] { status = Compilation(invocation, sources, log).run(); });
  return status;
}

static int checkBytecodeOfChild() {
  mlir::DialectRegistry registry;
  registerDialects(registry);
  return checkBytecode(registry);
}

static int run(int argc, char **argv) {
  // A write beyond RLIMIT_FSIZE or into a closed pipe is an error message, not
  // a signal.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  SourceMgr sources;
  MessageLog log(sources);
  Invocation invocation;
  std::string error, help;
  int status = 2;
  if (!parseCommandLine(ArrayRef(argv, argc).drop_front(argc > 0), invocation, error, help))
    log.addError({}, error, help);
  else if (invocation.action == Invocation::Action::CheckBytecode)
    return checkBytecodeOfChild();
  else if (invocation.action == Invocation::Action::Version)
    return printVersion(outs()), 0;
  else if (invocation.action != Invocation::Action::Compile)
    return printHelp(outs(), invocation.action == Invocation::Action::HelpAll), 0;
  else
    status = compile(invocation, sources, log);
  bool colors = errs().has_colors() && !std::getenv("NO_COLOR") && ::isatty(STDERR_FILENO);
  log.print(errs(), invocation.jsonDiagnostics, colors);
  return status;
}

int seqc::runDriver(int argc, char **argv) {
  int status = run(argc, argv);
  // Whoever read what we write may be gone: LLVM calls that fatal, and a fatal error is a bug.
  outs().flush();
  if (outs().has_error() && status == 0)
    status = 1;
  outs().clear_error();
  errs().clear_error();
  return status;
}
