// What tests leave out of certificates.
#ifndef SEQC_LIB_CONVERSION_WEAKNESS_H
#define SEQC_LIB_CONVERSION_WEAKNESS_H

namespace seqc {

/// A part of the certificate that is left out, to test that tests notice (--test-weaken).
enum class Weakness {
  None,
  OneState,     ///< states after the first are not compared
  NoCheckpoint, ///< nor are they where a repair looks whether it has met what stands
  Guess,        ///< a segment's start is compared with the first guess, not with what it used
  TailBit,      ///< the last block of a vector's last segment ends with another last bit
  NoRepair,     ///< the first round is taken as it is
  NoRest,       ///< what is wrong when the budget is spent stays wrong
  OneBound,     ///< of the certificate backward: jumps are not bounded by the elements' own sizes
};

} // namespace seqc

#endif // SEQC_LIB_CONVERSION_WEAKNESS_H
