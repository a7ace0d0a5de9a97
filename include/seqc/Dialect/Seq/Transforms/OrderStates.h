//===- OrderStates.h - Channels as the innermost dimension ----------------===//
#ifndef SEQC_DIALECT_SEQ_TRANSFORMS_ORDERSTATES_H
#define SEQC_DIALECT_SEQ_TRANSFORMS_ORDERSTATES_H

#include "seqc/Dialect/Seq/IR/Seq.h"

namespace seqc {

/// True if the states of `op` are matrices [channels, modes] whose modes the step adds up, so that
/// vectors of channels would have to be collected from memory: `putChannelsInnermost` helps. Inputs
/// and outs of such a shape would have to be moved at each step: then it is false.
bool hasModesInnermost(seq::RecurrenceOp op);

/// Turns the states of `op`, for which `hasModesInnermost` holds, into [modes, channels], in the
/// step and around it. Every sum keeps its order, and every result its bits.
void putChannelsInnermost(seq::RecurrenceOp op);

} // namespace seqc

#endif // SEQC_DIALECT_SEQ_TRANSFORMS_ORDERSTATES_H
