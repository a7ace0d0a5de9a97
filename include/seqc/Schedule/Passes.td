//===- Passes.td - Stage 3: decide once ------------------------*- tablegen -*-===//
#ifndef SEQC_SCHEDULE_PASSES_TD
#define SEQC_SCHEDULE_PASSES_TD

include "mlir/Pass/PassBase.td"

def SelectSchedulePass : Pass<"seq-select-schedule", "::mlir::ModuleOp"> {
  let summary = "every schedulable op gets a typed #seq.schedule";
  let description = [{
    Writes the decision as an attribute: the plan and every number that lowering uses. A schedule
    that is already there wins, except over `reference`, which others are compared with. Reads the
    machine from the module's `seqc.target`.

    ```mlir
    seq.recurrence … { … } : …
    // becomes
    seq.recurrence … { … } schedule(<fused, vector_bits = 512, …>) : …
    ```

    Steps that add up the innermost dimension of states `[channels, modes]` get states
    `[modes, channels]` first, where nothing with a time axis has that shape and there are at least 8
    steps: vectors then hold channels. Sums keep their order, and results their bits.

    With `versions`, functions whose batch or time has a size that is neither static nor assumed get
    up to three private copies with other plans, as `#seq.version` says: for more sequences, for
    fewer and for more steps than usual; and one in the old order of states, for less than 8 steps.

    Requires: `seqc.target` on the module. Leaves: a schedule on each `seq.recurrence` and
    `seq.affine_recurrence`, and the attribute `seq.schedule` on each function, for its other ops. Refuses: an unknown plan name.
    Example: test/Schedule/select-schedule.mlir, versions.mlir, order-states.mlir.
  }];
  let options = [Option<"plan", "plan", "std::string", "\"auto\"",
                        "auto, or the plan for ops without a schedule">,
                 Option<"threads", "threads", "int64_t", "1", "threads that plans are made for">,
                 Option<"certificate", "certificate", "std::string", "\"bitwise\"",
                        "bitwise, or backward: then also plans with that certificate">,
                 Option<"exact", "exact", "bool", "false",
                        "only plans whose steps give the bits of the whole sequence">,
                 Option<"versions", "versions", "bool", "false",
                        "also versions of functions for sizes at which other plans are cheaper">,
                 ListOption<"assume", "assume", "std::string",
                            "usual sizes, name=size, by the names in seqc.dims">];
}

def CheckSchedulePass : Pass<"seq-check-schedule", "::mlir::ModuleOp"> {
  let summary = "contract of stage 3: each schedule is one that can be obeyed";
  let description = [{
    Requires: nothing. Leaves: the module as it was, every recurrence with a schedule.
    Refuses: a missing schedule; plan chunked, which is not implemented yet; plans scan, segments
    and newton for a step for which they are not legal; register tiles that no target has; a
    channel_tile for a step that mixes channels, or with more states than registers could hold; a
    certificate other than bitwise on another plan than segments.
    Example: test/Schedule/check-schedule-invalid.mlir.
  }];
}

#endif // SEQC_SCHEDULE_PASSES_TD
