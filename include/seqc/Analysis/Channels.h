//===- Channels.h - Steps that keep channels apart ------------------------===//
#ifndef SEQC_ANALYSIS_CHANNELS_H
#define SEQC_ANALYSIS_CHANNELS_H

#include "seqc/Dialect/Seq/IR/Seq.h"
#include <string>

namespace seqc {

/// More vectors are not kept by a tile of channels: its code would be too long.
constexpr int64_t mostTileVectors = 64;

/// Steps of a strip, in which one tile of channels follows the other: what a tile keeps, states and
/// weights, is loaded again for each strip, and its columns of a strip's rows are still in L2 where
/// the next tile reads beside them. Of 8 to 512, 64 and more are best on Zen 5 (Mega's EMA 1.6
/// times as fast as 8, Mamba-1's scan 1.05 times).
constexpr int64_t stripOfTiles = 64;

/// Channels are the elements of the states' innermost dimension. A step keeps them apart if what
/// it computes for one channel reads states of that channel only: then some channels can be carried
/// over time before others.
struct Channels {
  int64_t size = 0;     ///< number of channels; 0 where the step does not keep them apart
  std::string obstacle; ///< with size 0: why, one sentence without a full stop
  int64_t elements = 0; ///< of the states of one channel
  /// What the step captures and reads at the channel that it computes.
  llvm::SmallVector<mlir::Value> weights;
};

/// Follows the states' innermost dimension through the step of `op`. States have static sizes.
Channels analyzeChannels(seq::RecurrenceOp op);

} // namespace seqc

#endif // SEQC_ANALYSIS_CHANNELS_H
