//===- CostModel.h - Seconds of a plan ------------------------------------===//
#ifndef SEQC_SCHEDULE_COSTMODEL_H
#define SEQC_SCHEDULE_COSTMODEL_H

#include "seqc/Analysis/ScanForm.h"
#include "seqc/Dialect/Seq/IR/Seq.h"

namespace seqc {

/// Sizes that prices are made for: static ones, those of --assume, or guesses.
struct UsualSizes {
  int64_t batch = 1, steps = 4096;
  bool guessedBatch = true, guessedSteps = true;
};

/// What a target's facts mean for prices; facts that are not known are those of a usual machine.
struct MachineModel {
  explicit MachineModel(seq::TargetAttr target);
  int64_t lanes;
  double hertz;         ///< cycles a second
  double memory, cache; ///< bytes a second that one core moves beyond and within L2
  double allMemory;     ///< … all cores together
  double cacheBytes;    ///< of L2
};

/// "3.1 us".
std::string duration(double seconds);

/// "B = 1 (a guess), T = 4096 (a guess)".
std::string describe(const UsualSizes &sizes);

/// Seconds of a call, and what they are mostly spent on: "memory", "arithmetic" or "latency".
struct Price {
  double seconds = 0;
  llvm::StringRef term = "arithmetic";
  double worst = 0; ///< seconds where a plan that guesses guesses in vain; 0: none does
};

/// What one step of one sequence costs, counted on its ops.
struct StepWork {
  double operations = 0; ///< vector operations, a transcendental function counted as many
  double special = 0;    ///< on a GPU: reciprocals and square roots among them
  double chain = 0;      ///< cycles from the old states to the new ones
  double bytes = 0;      ///< read from inputs and written to outs
  double weights = 0;    ///< bytes that contractions read at every step
  double vectors = 1;    ///< of the widest state
  bool partial = false;  ///< states that fill no whole vector
};

/// Where a step runs: functions cost there what their expansions do, divisions what the machine
/// makes of them.
enum class Core { Cpu, Gpu };

/// Counts the ops of `op`'s step for vectors of `lanes` elements.
StepWork countWork(seq::RecurrenceOp op, int64_t lanes, Core core = Core::Cpu);

/// Seconds of plan `fused` with `schedule`.
Price priceOfFused(seq::RecurrenceOp op, seq::ScheduleAttr schedule, const UsualSizes &sizes,
                   const MachineModel &machine, int64_t threads);

/// Seconds of plan `scan` with `schedule` for `op`, which `proof` says is one.
Price priceOfScan(seq::RecurrenceOp op, const ScanProof &proof, seq::ScheduleAttr schedule,
                  const UsualSizes &sizes, const MachineModel &machine, int64_t threads);

/// Seconds of plan `segments` or `newton` with `schedule`, for a step whose states forget in some
/// tens of steps, or with `forgets` false not at all.
Price priceOfSegments(seq::RecurrenceOp op, bool forgets, seq::ScheduleAttr schedule,
                      const UsualSizes &sizes, const MachineModel &machine, int64_t threads);

/// Seconds of plan `segments` for a step that mixes channels.
Price priceOfRows(seq::RecurrenceOp op, seq::ScheduleAttr schedule, const UsualSizes &sizes,
                  const MachineModel &machine, int64_t threads);

} // namespace seqc

#endif // SEQC_SCHEDULE_COSTMODEL_H
