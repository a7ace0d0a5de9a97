//===- Npy.h - NumPy's .npy files -----------------------------------------===//
#ifndef SEQC_RUN_NPY_H
#define SEQC_RUN_NPY_H

#include "Tensor.h"

namespace seqc::run {

/// Reads the array in `path` (format versions 1 to 3; little-endian f2 f4 f8 i1
/// i2 i4 i8 bool in C order). `V2` and `u2` are bfloat16 bits if `expected` is
/// bfloat16. Nothing and `error` if the file is missing, cut short or of
/// another kind.
std::optional<Tensor> readNpy(const std::string &path, DLDataType expected, std::string &error);

/// Writes `tensor` to `path`, version 1; bfloat16 as `V2` (raw bits). False and
/// `error` if the file cannot be written; then no file is left behind.
bool writeNpy(const std::string &path, const Tensor &tensor, std::string &error);

} // namespace seqc::run

#endif // SEQC_RUN_NPY_H
