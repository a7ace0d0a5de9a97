//===- Options.h - The command line of seqc-run ---------------------------===//
#ifndef SEQC_RUN_OPTIONS_H
#define SEQC_RUN_OPTIONS_H

#include "Tensor.h"
#include <map>
#include <string>
#include <vector>

namespace seqc::run {

/// Exit codes, the same for all of seqc's programs.
enum Exit { Done = 0, WrongInput = 1, WrongUsage = 2, NotHere = 4 };

/// What the user asked for.
struct Options {
  std::string model, function;
  std::vector<std::string> inputs, outputs;
  std::string schedule, march, device, weights, assume;
  /// Sizes by name ("B=8") and scalar arguments by name ("steps=5").
  std::map<std::string, int64_t> sizes;
  std::map<std::string, double> scalars;
  uint64_t seed = 0;
  Guard guard = Guard::None;
  /// Timed calls; 0: none.
  int64_t repeats = 0;
  /// Steps of each call of the streaming form; 0: whole sequence only.
  int64_t chunk = 0;
  int64_t threads = 1;
  bool calibrate = false, compareReference = false, precise = false, help = false;

  /// True if the model is a compiled library.
  bool isLibrary() const;
};

/// Reads the command line. False and a sentence in `error` if it is wrong.
bool parseOptions(int argc, char **argv, Options &options, std::string &error);

/// The text of --help, one screen.
extern const char *const helpText;

} // namespace seqc::run

#endif // SEQC_RUN_OPTIONS_H
