//===- GpuShape.h - How the kernels of a GPU are cut ----------------------===//
//
// What prices assume and code obeys.
//
//===----------------------------------------------------------------------===//
#ifndef SEQC_SUPPORT_GPUSHAPE_H
#define SEQC_SUPPORT_GPUSHAPE_H

#include "llvm/ADT/StringRef.h"
#include <algorithm>
#include <cstdint>

namespace seqc {

/// Threads of a warp.
constexpr int64_t warpSize = 32;

/// Threads of a block, at most.
constexpr unsigned mostThreads = 1024;

/// LLVM's address space of memory that the threads of a block share, and its bytes, at most, that a
/// kernel may ask for by name; more is asked for when it is started.
constexpr unsigned sharedSpace = 3, mostNamedBytes = 48 << 10;

/// Bytes of it that a block may have, at most, on any architecture, and on one ("sm_80").
constexpr int64_t mostSharedBytes = 227 << 10;
inline int64_t sharedBytesOfBlock(llvm::StringRef arch) {
  return arch == "sm_80" ? 163 << 10 : mostSharedBytes;
}

/// Bytes of it that an SM has, at least, and of those that each block takes beside its own.
constexpr int64_t sharedBytesOfSm = 164 << 10, sharedBytesBeside = 1 << 10;

/// Arrays in shared memory are aligned so.
constexpr int64_t sharedAlignment = 16;

/// Attribute of a parallel loop (i64), then of its task for LLVM (a number's text): items are
/// blocks of so many threads that work together.
inline constexpr llvm::StringLiteral threadsAttr = "seqc.threads";
/// The same for how many blocks an SM has at once, at least.
inline constexpr llvm::StringLiteral blocksAttr = "seqc.blocks";

/// Threads of a block where each thread works alone.
constexpr unsigned threadsPerBlock = 128;

/// 32-bit registers of an SM, on every architecture that seqc knows.
constexpr uint64_t registersOfSm = 65536;

/// Registers of a thread, at most.
constexpr uint64_t registersOfThread = 255;

/// Registers that each thread of a block whose threads work together may keep for all of time; a
/// step needs some, too.
constexpr int64_t registersKept(int64_t threadsOfBlock) {
  constexpr int64_t ofStep = 80;
  int64_t most = std::min<int64_t>(registersOfSm / threadsOfBlock, registersOfThread);
  return std::max<int64_t>(0, most - ofStep);
}

/// Blocks of threads that work alone which an SM has at once, at least, if each thread keeps
/// `words` 32-bit words of states and weights beside what a step needs.
constexpr unsigned blocksOnSmAlone(uint64_t words) {
  constexpr uint64_t ofStep = 40, mostBlocks = 8;
  uint64_t blocks = registersOfSm / (threadsPerBlock * (words + ofStep));
  return unsigned(std::clamp<uint64_t>(blocks, 1, mostBlocks));
}

/// The same of blocks of `threads` threads that have `each` registers.
constexpr unsigned blocksWith(unsigned threads, uint64_t each) {
  return unsigned(std::max<uint64_t>(registersOfSm / (threads * each), 1));
}

/// The same of blocks of `threads` threads that work together, each with all the registers that a
/// thread can have.
constexpr unsigned blocksOnSm(unsigned threads) { return blocksWith(threads, registersOfThread); }

/// The same of blocks of a scan, each of whose threads keeps the elements of some steps. Blocks
/// that are small are so because their threads need more.
constexpr unsigned blocksOfScanOnSm(unsigned threads) {
  return blocksWith(threads, threads < 256 ? 168 : 128);
}

/// The same of blocks of segments of time.
constexpr unsigned blocksOfSegmentsOnSm(unsigned threads) { return blocksWith(threads, 128); }

/// Rows of channels from which on one block has all tiles of a row of a scan with modes, instead of
/// telling other blocks its states: about four for each SM.
constexpr int64_t rowsCarriedOn = 512;

/// Bytes of shared memory, at most, that a block of such a scan has for weights of modes, and for
/// states behind a tile.
constexpr int64_t mostBytesOfModes = mostNamedBytes / 5;

/// The kernels of plans `segments` and `newton`, besides the first one and the rest.
struct SegmentKernels {
  /// Steps between two checks of the carry: a segment is some of these blocks.
  static constexpr int64_t blockSteps = 16;
  /// Repairs after the first one are pairs.
  static constexpr int64_t pairsOfRepairs = 2, repairs = 1 + 2 * pairsOfRepairs;
  /// Passes of Newton's method for starts of segments, unless these have few blocks, and for the
  /// states of all steps, which a kernel begins; kernels of each.
  static constexpr int64_t startPasses = 3, kernelsOfStartPass = 2, shortBlocks = 3;
  static constexpr int64_t statePasses = 6, kernelsOfStatePass = 3;
};

/// How a scan over `channels` is cut, where a thread does `steps` steps and a block has `warps`,
/// and a warp has no more than `mostWidth` channels (0: than lanes).
struct ScanShape {
  int64_t width;   ///< channels side by side in a warp
  int64_t groups;  ///< of them, of one sequence
  int64_t runs;    ///< threads of a warp that follow each other in time, a power of two
  int64_t threads; ///< of a block
  int64_t steps;   ///< of a block

  constexpr ScanShape(int64_t channels, int64_t stepsOfThread, int64_t warps, int64_t mostWidth = 0)
      : width(std::min<int64_t>(channels, mostWidth ? mostWidth : warpSize)),
        groups((channels + width - 1) / width), runs(1), threads(warps * warpSize), steps(0) {
    while (2 * runs * width <= warpSize)
      runs *= 2;
    steps = warps * runs * stepsOfThread;
  }
};

/// Terms of a sum over states, at most, of steps that a block carries over all of time: the weights
/// of wider ones fit neither its registers nor its shared memory, and kernels of their own for each
/// step have all SMs.
constexpr int64_t mostChannelsOfBlock = 128;

/// Rows of the batch that a thread of such a kernel computes, a power of two: each weight is read
/// once for so many sums.
constexpr int64_t rowsOfStepThread = 4;

/// Terms of its sums whose weights it reads together, because the second-level cache is far; blocks
/// that an SM has at once, at least.
constexpr int64_t weightsTogether = 8, blocksOfStepOnSm = 4;

/// Steps of time whose inputs are asked for together, in loops of at most so many instructions:
/// memory is 600 cycles away.
constexpr unsigned stepsAhead = 4, mostInstructionsAhead = 100;

} // namespace seqc

#endif // SEQC_SUPPORT_GPUSHAPE_H
