// The contract of stage 3.
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/BuiltinOps.h"
#include "seqc/Analysis/Channels.h"
#include "seqc/Analysis/ScanModes.h"
#include "seqc/Schedule/Passes.h"
#include "seqc/Schedule/ScheduleSpace.h"
#include "seqc/Support/GpuShape.h"

namespace seqc {
#define GEN_PASS_DEF_CHECKSCHEDULEPASS
#include "seqc/Schedule/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

/// Plan `scan` is on a recurrence for which it is legal.
static LogicalResult checkScanStep(Operation *op, seq::ScheduleAttr schedule) {
  auto recurrence = dyn_cast<seq::RecurrenceOp>(op);
  if (!recurrence)
    return op->emitOpError("expected plan 'scan' on a recurrence only");
  auto target = op->getParentOfType<ModuleOp>()->getAttrOfType<seq::TargetAttr>("seqc.target");
  if (!target)
    return success();
  PlanOption scan = scanOption(recurrence, target, Assumptions(), schedule.getVectorBits());
  if (!scan.isLegal())
    return op->emitOpError("expected a step for which plan 'scan' is legal, but ") << scan.refusal;
  return success();
}

/// A scan of a GPU: a power of two of steps for a thread, and of warps for a block.
static LogicalResult checkScanBlocks(Operation *op, seq::ScheduleAttr schedule) {
  auto isPower = [](int64_t v, int64_t most) {
    return v > 0 && v <= most && llvm::isPowerOf2_64(v);
  };
  if (!isPower(schedule.getChunk(), 32) || !isPower(schedule.getRows(), 32))
    return op->emitOpError("expected a chunk of 1 to 32 steps of a thread and 1 to 32 rows, warps "
                           "of a block, each a power of two, for plan 'scan' on a GPU, but got ")
           << schedule.getChunk() << " and " << schedule.getRows();
  bool modes =
      isa<seq::RecurrenceOp>(op) && analyzeScanModes(cast<seq::RecurrenceOp>(op)).refusal.empty();
  if (modes && (schedule.getChannelTile() < 1 || schedule.getChannelTile() > warpSize))
    return op->emitOpError("expected a channel_tile of 1 to 32 channels of a warp where outs of "
                           "plan 'scan' add up modes, but got ")
           << schedule.getChannelTile();
  if (schedule.getBatchTile() || (schedule.getChannelTile() && !modes) || schedule.getVectors() > 1)
    return op->emitOpError("expected no batch_tile, no channel_tile and one vector for plan 'scan' "
                           "on a GPU, but got ")
           << schedule.getBatchTile() << ", " << schedule.getChannelTile() << " and "
           << schedule.getVectors();
  return checkScanStep(op, schedule);
}

static LogicalResult checkScan(Operation *op, seq::ScheduleAttr schedule) {
  if (schedule.getChunk() > 0 && (schedule.getBatchTile() < 2 || schedule.getBatchTile() > 1024))
    return op->emitOpError(
               "expected a batch_tile of 2 to 1024 chunks at once for a scan in chunks, "
               "but got ")
           << schedule.getBatchTile();
  if (schedule.getChunk() % (schedule.getVectorBits() / 32))
    return op->emitOpError("expected a chunk of whole vectors, but got ") << schedule.getChunk();
  return checkScanStep(op, schedule);
}

/// Segments of a GPU: whole blocks of steps, of which a thread has some at once, and warps of a
/// block.
static LogicalResult checkSegmentNumbers(Operation *op, seq::ScheduleAttr schedule) {
  constexpr int64_t block = SegmentKernels::blockSteps, mostChunk = 1 << 20, mostWarps = 32;
  int64_t chunk = schedule.getChunk(), strip = schedule.getStrip(), rows = schedule.getRows();
  if (chunk < block || chunk > mostChunk || chunk % block)
    return op->emitOpError("expected a chunk of 16 to ")
           << mostChunk << " steps, a multiple of 16, for plan '"
           << seq::stringifyPlan(schedule.getPlan()) << "' on a GPU, but got " << chunk;
  if (strip < 1 || strip > block || !llvm::isPowerOf2_64(strip) || rows < 1 || rows > mostWarps)
    return op->emitOpError("expected a strip of 1 to 16 steps of a thread, a power of two, and 1 "
                           "to 32 rows, warps of a block, for plan '")
           << seq::stringifyPlan(schedule.getPlan()) << "' on a GPU, but got " << strip << " and "
           << rows;
  if (schedule.getBatchTile() || schedule.getChannelTile() || schedule.getVectors() > 1)
    return op->emitOpError("expected no batch_tile, no channel_tile and one vector for plan '")
           << seq::stringifyPlan(schedule.getPlan()) << "' on a GPU, but got "
           << schedule.getBatchTile() << ", " << schedule.getChannelTile() << " and "
           << schedule.getVectors();
  return success();
}

/// Of plans `segments` and `newton`.
static LogicalResult checkSegments(Operation *op, seq::ScheduleAttr schedule) {
  auto recurrence = dyn_cast<seq::RecurrenceOp>(op);
  StringRef name = seq::stringifyPlan(schedule.getPlan());
  if (!recurrence)
    return op->emitOpError("expected plan '") << name << "' on a recurrence only";
  bool gpu = isGpu(op->getParentOfType<ModuleOp>());
  if (gpu && failed(checkSegmentNumbers(op, schedule)))
    return failure();
  if (!gpu && schedule.getRows() > 8)
    return op->emitOpError("expected at most 8 rows, vectors side by side, for plan '")
           << name << "', but got " << schedule.getRows();
  if (schedule.getBatchTile() < 0 || schedule.getBatchTile() > 1024)
    return op->emitOpError("expected a batch_tile of 0 to 1024 tasks for plan '")
           << name << "', but got " << schedule.getBatchTile();
  auto target = op->getParentOfType<ModuleOp>()->getAttrOfType<seq::TargetAttr>("seqc.target");
  if (!target)
    return success();
  Assumptions assumed;
  assumed.certificate = schedule.getCertificate();
  PlanOption option = segmentsOption(recurrence, target, assumed);
  if (schedule.getPlan() == seq::Plan::Newton)
    option = newtonOption(recurrence, option);
  if (!option.isLegal())
    return op->emitOpError("expected a step for which plan '")
           << name << "' is legal, but " << option.refusal;
  if (option.schedule.getCertificate() != schedule.getCertificate())
    return op->emitOpError("expected the certificate '")
           << seq::stringifyCertificate(option.schedule.getCertificate())
           << "' for a step that keeps channels apart, but got '"
           << seq::stringifyCertificate(schedule.getCertificate()) << "'";
  if (gpu || schedule.getCertificate() == seq::Certificate::Backward)
    return success();
  int64_t channels =
      cast<RankedTensorType>(recurrence.getStateArgs().front().getType()).getNumElements();
  if (channels > schedule.getVectorBits() / 32)
    return op->emitOpError("expected vector_bits that hold one step's ")
           << channels << " channels, but got " << schedule.getVectorBits();
  return success();
}

/// Kernels for each step, in which a thread has some rows of the batch.
static LogicalResult checkStepKernels(seq::RecurrenceOp op, seq::ScheduleAttr schedule) {
  int64_t rows = schedule.getRows();
  if (schedule.getChunk() != 1 || schedule.getVectors() != 1 || rows < 1 || rows > 8 ||
      !llvm::isPowerOf2_64(rows))
    return op.emitOpError("expected a chunk of 0, all steps at once, or of 1 with vectors of 1 and "
                          "rows of 1, 2, 4 or 8 for plan 'fused' on a GPU, but got a chunk of ")
           << schedule.getChunk() << ", vectors of " << schedule.getVectors() << " and rows of "
           << rows;
  std::string obstacle = whyNotEachStep(op);
  if (!obstacle.empty())
    return op.emitOpError("expected a step whose kernels the host can start one after the other "
                          "for a chunk of 1 on a GPU, but ")
           << obstacle;
  return success();
}

/// What a thread of a GPU does: one channel over all of time, all of a sequence, or, in a block,
/// its part of each step.
static LogicalResult checkThreads(Operation *op, seq::ScheduleAttr schedule) {
  auto recurrence = dyn_cast<seq::RecurrenceOp>(op);
  if (!recurrence)
    return success();
  bool apart = analyzeChannels(recurrence).size > 0;
  if (schedule.getBatchTile() > 1 || schedule.getChannelTile() != apart)
    return op->emitOpError("expected a batch_tile of at most 1 and a channel_tile of ")
           << apart << " for a GPU, but got " << schedule.getBatchTile() << " and "
           << schedule.getChannelTile();
  if (schedule.getChunk())
    return checkStepKernels(recurrence, schedule);
  int64_t threads = schedule.getVectors();
  if (schedule.getRows() != 1 ||
      (threads != 1 && (apart || threads < 32 || threads > 1024 || threads % 32)))
    return op->emitOpError("expected rows of 1 and, for a GPU, vectors of 1")
           << (apart ? "" : ", or the threads of a block, whole warps of 32 to 1024")
           << ", but got " << schedule.getRows() << " and " << threads;
  return success();
}

static LogicalResult check(Operation *op, seq::ScheduleAttr schedule) {
  if (!schedule)
    return op->emitOpError("expected a schedule after stage 'scheduled', but got none");
  seq::Plan plan = schedule.getPlan();
  if (plan == seq::Plan::Chunked)
    return op->emitOpError(
               "expected plan 'reference', 'fused', 'scan', 'segments' or 'newton', but got '")
           << seq::stringifyPlan(plan) << "', which seqc does not implement yet";
  if (plan != seq::Plan::Segments && schedule.getCertificate() != seq::Certificate::Bitwise)
    return op->emitOpError("expected the certificate 'backward' with plan 'segments' only, but "
                           "got plan '")
           << seq::stringifyPlan(plan) << "'";
  bool gpu = isGpu(op->getParentOfType<ModuleOp>());
  if (gpu && plan == seq::Plan::Reference)
    return op->emitOpError("expected plan 'fused', 'scan', 'segments' or 'newton' for a GPU, but "
                           "got 'reference', which is the CPU's");
  if (plan == seq::Plan::Reference)
    return success();
  int64_t bits = schedule.getVectorBits();
  if (gpu && bits != 32)
    return op->emitOpError("expected vector_bits of 32 for a GPU, where a lane is a thread, but "
                           "got ")
           << bits;
  if (gpu && plan == seq::Plan::Scan)
    return checkScanBlocks(op, schedule);
  if (gpu)
    return plan == seq::Plan::Fused ? checkThreads(op, schedule) : checkSegments(op, schedule);
  if (bits != 128 && bits != 256 && bits != 512)
    return op->emitOpError("expected vector_bits of 128, 256 or 512, but got ") << bits;
  if (schedule.getRows() < 1 || schedule.getVectors() < 1 ||
      schedule.getRows() * schedule.getVectors() > 32)
    return op->emitOpError("expected rows and vectors of 1 or more whose product is at most 32 "
                           "registers, but got ")
           << schedule.getRows() << " and " << schedule.getVectors();
  if (plan == seq::Plan::Scan)
    return checkScan(op, schedule);
  if (plan == seq::Plan::Segments || plan == seq::Plan::Newton)
    return checkSegments(op, schedule);
  if (schedule.getBatchTile() < 0 || schedule.getBatchTile() > 4096)
    return op->emitOpError("expected a batch_tile between 0 and 4096 sequences, but got ")
           << schedule.getBatchTile();
  auto packed = dyn_cast<seq::RecurrenceOp>(op);
  if (packed && packed.isPacked() && schedule.getBatchTile() > 1)
    return op->emitOpError("expected a batch_tile of at most 1 with 'cu_seqlens', where each "
                           "sequence has steps of its own, but got ")
           << schedule.getBatchTile();
  if (schedule.getStrip() < (schedule.getChannelTile() ? 0 : 1) || schedule.getStrip() > 4096)
    return op->emitOpError("expected a strip between 1 and 4096 steps, but got ")
           << schedule.getStrip();
  if (int64_t tile = schedule.getChannelTile()) {
    int64_t lanes = bits / 32;
    if (tile < 0 || tile % lanes)
      return op->emitOpError("expected a channel_tile that is a multiple of ")
             << lanes << ", the elements of a vector, but got " << tile;
    auto recurrence = dyn_cast<seq::RecurrenceOp>(op);
    if (!recurrence)
      return op->emitOpError("expected no channel_tile on a function, but got ") << tile;
    Channels channels = analyzeChannels(recurrence);
    if (!channels.size)
      return op->emitOpError("expected a step that keeps channels apart for channel_tile = ")
             << tile << ", but " << channels.obstacle;
    if (int64_t vectors = channels.elements * (tile / lanes); vectors > mostTileVectors)
      return op->emitOpError("expected a channel_tile with at most ")
             << mostTileVectors << " vectors of states, but got " << tile << " with " << vectors;
  }
  return success();
}

namespace {
struct CheckSchedulePass : seqc::impl::CheckSchedulePassBase<CheckSchedulePass> {
  void runOnOperation() override {
    bool ok = true;
    getOperation().walk([&](Operation *op) {
      if (auto recurrence = dyn_cast<seq::RecurrenceOp>(op))
        ok &= succeeded(check(op, recurrence.getScheduleAttr()));
      else if (auto schedule = op->getAttrOfType<seq::ScheduleAttr>("seq.schedule"))
        ok &= succeeded(check(op, schedule));
    });
    if (!ok)
      signalPassFailure();
  }
};
} // namespace
