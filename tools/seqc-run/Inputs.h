//===- Inputs.h - The arguments of a call ---------------------------------===//
#ifndef SEQC_RUN_INPUTS_H
#define SEQC_RUN_INPUTS_H

#include "Options.h"
#include "Tensor.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace seqc::run {

/// Values of the named sizes, as far as they are known.
using Sizes = std::map<std::string, int64_t>;

/// The arguments of `function`: files first, in order, the rest random from
/// `options.seed` (floats are multiples of 1/1024 in [-1, 1), integers in [0,
/// 4), offsets of packed sequences rise from 0 to the number of steps). `sizes` receives the value
/// of each named size. Nothing and `error` if a file, a size or a scalar is missing or wrong.
/// Whether the files' sizes agree is left to the call.
std::optional<std::vector<Tensor>> makeInputs(const seqc_function *function, const Options &options,
                                              Sizes &sizes, std::string &error);

} // namespace seqc::run

#endif // SEQC_RUN_INPUTS_H
