//===- main.cpp - seqc-run: runs a function of a model --------------------===//
//
// A client of the C API like any other: nothing here sees the compiler.
//
//===----------------------------------------------------------------------===//
#include "Calibrate.h"
#include "Compare.h"
#include "Npy.h"
#include "Options.h"
#include "ParallelFor.h"
#include "Run.h"
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>

using namespace seqc::run;

namespace {

/// Prints `error` to stderr; a compiler's message comes with its own "error:".
Exit report(Exit code, const std::string &error) {
  bool rendered =
      error.find(": error: ") != std::string::npos || error.compare(0, 7, "error: ") == 0;
  bool ended = !error.empty() && error.back() == '\n';
  fprintf(stderr, "%s%s%s", rendered ? "" : "seqc-run: error: ", error.c_str(), ended ? "" : "\n");
  return code;
}

/// Runs the schedule `reference` on the same inputs and compares.
Exit compareReference(const Options &options, const seqc_function *function,
                      const std::vector<Tensor> &inputs, const std::vector<Tensor> &outputs,
                      std::string &error) {
  Model reference;
  if (Exit code = reference.open(options, "reference", error); code != Done)
    return code;
  Options once = options;
  once.repeats = 0;
  seqc_context context = SEQC_CONTEXT_INIT;
  std::vector<Tensor> expected;
  Times times;
  if (Exit code = runWhole(reference.function, inputs, once, context, expected, times, error);
      code != Done)
    return code;
  int32_t arguments = seqc_argument_count(reference.function);
  bool exact = promisesBits(function);
  for (size_t r = 0; r < outputs.size(); ++r) {
    std::string difference =
        exact ? compareBits(outputs[r], expected[r]) : compareNear(outputs[r], expected[r]);
    if (!difference.empty()) {
      error = std::string(seqc_tensor_name(reference.function, arguments + r)) +
              ": result and reference: " + difference;
      return WrongInput;
    }
  }
  puts(exact ? "equal to reference, bit for bit" : "near reference, as plan 'scan' promises");
  return Done;
}

Exit writeOutputs(const Options &options, const seqc_function *function,
                  const std::vector<Tensor> &outputs, std::string &error) {
  int32_t arguments = seqc_argument_count(function);
  for (size_t r = 0; r < outputs.size(); ++r) {
    if (r < options.outputs.size() && !writeNpy(options.outputs[r], outputs[r], error))
      return WrongInput;
    printf("%s: %s %s\n", seqc_tensor_name(function, arguments + r), describe(outputs[r]).c_str(),
           hashBits(outputs[r]).c_str());
  }
  return Done;
}

Exit run(const Options &options, std::string &error) {
  Model model;
  if (Exit code = model.open(options, "", error); code != Done)
    return code;
  const seqc_function *function = model.function;
  if (options.outputs.size() > size_t(seqc_result_count(function))) {
    error = "expected at most " + std::to_string(seqc_result_count(function)) +
            " outputs, but got " + std::to_string(options.outputs.size());
    return WrongUsage;
  }
  Sizes sizes;
  auto inputs = makeInputs(function, options, sizes, error);
  if (!inputs)
    return WrongInput;
  seqc_context context = SEQC_CONTEXT_INIT;
  std::unique_ptr<ThreadPool> pool;
  if (options.threads > 1) {
    pool = std::make_unique<ThreadPool>(options.threads);
    pool->attach(context);
  }
  std::vector<Tensor> outputs;
  Times times, stepTimes;
  if (Exit code = runWhole(function, *inputs, options, context, outputs, times, error);
      code != Done)
    return code;
  if (Exit code = writeOutputs(options, function, outputs, error); code != Done)
    return code;
  if (options.chunk) {
    if (Exit code = runSteps(function, *inputs, options, sizes, context, outputs, stepTimes, error);
        code != Done)
      return code;
    puts(promisesBits(function) ? "steps equal to whole, bit for bit"
                                : "steps near whole, as plan 'scan' promises");
  }
  if (options.repeats)
    printf("call: %s\n", times.text().c_str());
  if (options.repeats && !stepTimes.seconds.empty())
    printf("step: %s\n", stepTimes.text().c_str());
  return options.compareReference ? compareReference(options, function, *inputs, outputs, error)
                                  : Done;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  std::string error;
  if (!parseOptions(argc, argv, options, error))
    return report(WrongUsage, error + " (see --help)");
  if (options.help) {
    fputs(helpText, stdout);
    return Done;
  }
  signal(SIGXFSZ, SIG_IGN); // a file that may not grow is an error of the write
  Exit code = Done;
  if (options.calibrate)
    fputs(calibrate().c_str(), stdout);
  else
    code = run(options, error);
  if (code == Done && fflush(stdout) != 0) {
    code = WrongInput;
    error = std::string("cannot write to stdout: ") + strerror(errno);
  }
  return code == Done ? Done : report(code, error);
}
