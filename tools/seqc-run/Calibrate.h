//===- Calibrate.h - Facts of this machine --------------------------------===//
#ifndef SEQC_RUN_CALIBRATE_H
#define SEQC_RUN_CALIBRATE_H

#include <string>

namespace seqc::run {

/// Measures clock and memory for about two seconds; a JSON object for seqc's --target-facts.
std::string calibrate();

} // namespace seqc::run

#endif // SEQC_RUN_CALIBRATE_H
