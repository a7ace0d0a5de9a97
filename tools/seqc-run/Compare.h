//===- Compare.h - Two results compared -----------------------------------===//
#ifndef SEQC_RUN_COMPARE_H
#define SEQC_RUN_COMPARE_H

#include "Tensor.h"

namespace seqc::run {

/// "" if both hold the same bits; otherwise how many elements differ, the first
/// one with both values, and the largest distance in ulp. Needs equal types and
/// sizes.
std::string compareBits(const Tensor &a, const Tensor &b);

/// "" if floats differ by no more than what a plan that reassociates along time may change (1/1024
/// of the largest magnitude for f32 and narrower, 2^-30 for f64), and all else not at all;
/// otherwise the largest difference.
std::string compareNear(const Tensor &a, const Tensor &b);

/// FNV-1a 64 of the data, 16 hexadecimal digits.
std::string hashBits(const Tensor &tensor);

} // namespace seqc::run

#endif // SEQC_RUN_COMPARE_H
