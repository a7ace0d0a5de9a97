//===- Run.h - Calls of a model's function --------------------------------===//
#ifndef SEQC_RUN_RUN_H
#define SEQC_RUN_RUN_H

#include "Inputs.h"
#include "Options.h"
#include <string>
#include <vector>

namespace seqc::run {

/// A model that is open while this lives.
class Model {
public:
  Model() = default;
  Model(const Model &) = delete;
  Model &operator=(const Model &) = delete;
  ~Model() { seqc_release(module); }

  /// Compiles or loads `options.model` and finds the function. `schedule` wins
  /// over the options' unless it is empty. Returns an exit code, with `error`
  /// unless it is Done.
  Exit open(const Options &options, const std::string &schedule, std::string &error);

  const seqc_function *function = nullptr;

private:
  seqc_module *module = nullptr;
};

/// Seconds of timed calls.
struct Times {
  std::vector<double> seconds;
  /// "least 12.3 us, median 13.0 us of 20".
  std::string text() const;
};

/// The exit code of an error code of the C API.
Exit exitOf(int32_t code);

/// True if whole and stepwise runs and `reference` have the same bits.
bool promisesBits(const seqc_function *function);

/// Calls the function with `inputs`, guarded as `options` say, and fills
/// `outputs`. `context` brings threads or is empty. Times further calls if
/// `options.repeats` is set.
Exit runWhole(const seqc_function *function, const std::vector<Tensor> &inputs,
              const Options &options, const seqc_context &context, std::vector<Tensor> &outputs,
              Times &times, std::string &error);

/// Runs the streaming form over `inputs` in chunks of `options.chunk` steps.
/// `outputs` are the whole form's; those that are no state are compared.
/// `sizes` are the values of the named sizes. Every step is timed.
Exit runSteps(const seqc_function *function, const std::vector<Tensor> &inputs,
              const Options &options, const Sizes &sizes, const seqc_context &context,
              const std::vector<Tensor> &outputs, Times &times, std::string &error);

} // namespace seqc::run

#endif // SEQC_RUN_RUN_H
