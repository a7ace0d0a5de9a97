//===- SeqOps.td - Operations of the seq dialect ---------------*- tablegen -*-===//
#ifndef SEQC_DIALECT_SEQ_IR_SEQOPS_TD
#define SEQC_DIALECT_SEQ_IR_SEQOPS_TD

include "seqc/Dialect/Seq/IR/SeqDialect.td"
include "seqc/Dialect/Seq/IR/SeqAttrs.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/LoopLikeInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Seq_Op<string mnemonic, list<Trait> traits = []> : Op<Seq_Dialect, mnemonic, traits>;

def Seq_RecurrenceOp : Seq_Op<"recurrence", [
    AttrSizedOperandSegments, SingleBlock, RecursiveMemoryEffects, RecursivelySpeculatable,
    DeclareOpInterfaceMethods<LoopLikeOpInterface>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "one step of one sequence, applied along time and mapped over a batch";
  let description = [{
    Applies a step function along the time axis of every sequence of a batch.

    ```
    (h_t, y_t) = step(x_t, h_{t-1})     for t = 0 … T-1, h_{-1} = initial
    results: y : [batch…, T, out…] for each `out`, then h_{T-1} : [batch…, step…] for each state
    ```

    With `reverse`, t runs from T-1 down to 0. Where `resets` is true at step t, the states
    are set to their initial values *before* that step. `T = 0` returns the initial values.

    With `cu_seqlens`, N sequences of any lengths lie one behind the other along one time axis of
    T steps. Sequence n is the steps cu[n] … cu[n+1]-1, and it alone is run:

    ```
    (h_t, y_t) = step(x_t, h_{t-1})     for t = cu[n] … cu[n+1]-1, h_{cu[n]-1} = initial[n]
    results: y : [T, out…] for each `out`, then h_{cu[n+1]-1} : [N, step…] for each state
    ```

    `reverse` runs each sequence backwards; the final state of an empty one is its initial value.
    The offsets are an argument of the function. A call whose offsets do not rise from 0 to T
    returns an error and writes nothing.

    Constraints:
    - C1: a state is a ranked tensor of f32, f64, an integer or index; f16 and bf16 only with
      `narrow_state`.
    - C2: the region has one argument per `in`, `shared`, `given` and state, in that order.
    - C3: an initial value is `[batch…, step…]` for a step state `tensor<step…>`, with the same
      element type; all states have the same number of batch dimensions.
    - C4: an `in` operand is `[batch…, T, step…]`, `shared` is `[T, step…]`, `given` is
      `[batch…, step…]`, each with the element type of its region argument.
    - C5: static batch sizes agree, and so do static numbers of steps.
    - C6: `resets` is `[batch…, T]` of i1.
    - C7: `steps` is given if and only if no operand has a time axis.
    - C8: the region ends in `seq.yield`; `next` has the types of the states.
    - C9: the results are `[batch…, T, out…]` for each `out` and then the types of the initial
      values.
    - C10: `time`, the position of the time axis among the leading dimensions, lies between 0
      and the number of batch dimensions (the default).
    - C11: `cu_seqlens` is `[N+1]` of i32, i64 or index. With it there is one batch dimension, N,
      which values per step do not have: `in` is `[T, step…]`, `resets` `[T]`, an out `[T, out…]`.
    - C12: with `cu_seqlens` there is no `shared` and no `time`.

    Smallest example, a leaky sum:

    ```mlir
    %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
      %n = arith.addf %h, %x : tensor<8xf32>
      seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
    } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
    ```

    With conditioning per sequence, resets and time-major data:

    ```mlir
    %y, %last = seq.recurrence reverse (%x: tensor<8xf32> in %u, %d: tensor<f32> shared %s,
        %g: tensor<8xf32> given %c) resets(%r) states(%h: tensor<8xf32> = %h0) {
      …
    } {time = 0} : (tensor<?x?x8xf32>, tensor<?xf32>, tensor<?x8xf32>, tensor<?x?xi1>,
        tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
    ```

    Packed sequences of several lengths:

    ```mlir
    %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) cu_seqlens(%cu)
        states(%h: tensor<8xf32> = %h0) {
      …
    } : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
    ```

    Lifespan: written by users and by expansion of the named ops; none is left after stage
    `lowered`.
  }];
  let arguments = (ins
    Variadic<AnyRankedTensor>:$inputs,
    Variadic<AnyRankedTensor>:$shared,
    Variadic<AnyRankedTensor>:$given,
    Optional<AnyRankedTensor>:$resets,
    Optional<AnyRankedTensor>:$cu_seqlens,
    Optional<Index>:$steps,
    Variadic<AnyRankedTensor>:$initial,
    UnitAttr:$reverse,
    UnitAttr:$narrow_state,
    OptionalAttr<I64Attr>:$time,
    OptionalAttr<Seq_ScheduleAttr>:$schedule);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$step);
  /// Without `cu_seqlens`.
  let builders = [OpBuilder<(ins
    "::mlir::TypeRange":$results, "::mlir::ValueRange":$inputs, "::mlir::ValueRange":$shared,
    "::mlir::ValueRange":$given, "::mlir::Value":$resets, "::mlir::Value":$steps,
    "::mlir::ValueRange":$initial, "::mlir::UnitAttr":$reverse, "::mlir::UnitAttr":$narrow_state,
    "::mlir::IntegerAttr":$time, "::seqc::seq::ScheduleAttr":$schedule), [{
      build($_builder, $_state, results, inputs, shared, given, resets, ::mlir::Value(), steps,
            initial, reverse, narrow_state, time, schedule);
    }]>];
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// Number of batch dimensions: rank of an initial value minus rank of its step state.
    int64_t getBatchRank();
    /// Position of the time axis in `in` operands and outs.
    int64_t getTimeAxis();
    /// True if sequences of several lengths lie one behind the other (`cu_seqlens`).
    bool isPacked() { return bool(getCuSeqlens()); }
    /// Number of leading dimensions of `in` operands and outs: batch and time, or, with
    /// `cu_seqlens`, time alone.
    int64_t getSequenceRank() { return isPacked() ? 1 : getBatchRank() + 1; }
    /// Number of `out` results; the final states follow them.
    unsigned getNumOuts() { return getNumResults() - getInitial().size(); }
    unsigned getNumStates() { return getInitial().size(); }
    ::mlir::Block *getBody() { return &getStep().front(); }
    ::mlir::Block::BlockArgListType getInputArgs();
    ::mlir::Block::BlockArgListType getSharedArgs();
    ::mlir::Block::BlockArgListType getGivenArgs();
    ::mlir::Block::BlockArgListType getStateArgs();
    YieldOp getYield();
    ::mlir::ResultRange getOuts() { return getResults().take_front(getNumOuts()); }
    ::mlir::ResultRange getFinals() { return getResults().drop_front(getNumOuts()); }
    /// Whole type of a per-step value: `[batch…, T, step…]` with the time axis in its place, or
    /// `[T, step…]`.
    /// Sizes are static where any operand's are.
    ::mlir::RankedTensorType getSequenceType(::mlir::RankedTensorType stepType);
    /// Sizes of the batch dimensions and the number of steps, static where any operand's are.
    ::mlir::SmallVector<int64_t> getStaticBatch();
    int64_t getStaticSteps();
    /// SSA values (or constants) of the same, built before the op with tensor.dim.
    ::mlir::SmallVector<::mlir::OpFoldResult> getBatchSizes(::mlir::OpBuilder &b);
    ::mlir::OpFoldResult getStepCount(::mlir::OpBuilder &b);
    /// The result types that operands and a complete region imply.
    ::mlir::SmallVector<::mlir::Type> inferResultTypes();
  }];
}

def Seq_YieldOp : Seq_Op<"yield", [Pure, Terminator, ReturnLike, AttrSizedOperandSegments,
    ParentOneOf<["RecurrenceOp", "CombineOp", "ScanOp", "LinearizedOp"]>]> {
  let summary = "ends a step: the next states and the step's outputs";
  let description = [{
    `next` lists one value per state, `out` the values that become `[batch…, T, out…]`.

    Constraints: see C8 of `seq.recurrence`.

    ```mlir
    seq.yield next(%n : tensor<8xf32>) out(%n, %m : tensor<8xf32>, tensor<f32>)
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$next, Variadic<AnyRankedTensor>:$out);
  let assemblyFormat = [{
    (`next` `(` $next^ `:` type($next) `)`)? (`out` `(` $out^ `:` type($out) `)`)? attr-dict
  }];
}

def Seq_CombineOp : Seq_Op<"combine", [
    SameVariadicOperandSize, SingleBlock, IsolatedFromAbove, RecursiveMemoryEffects,
    RecursivelySpeculatable]> {
  let summary = "an associative operation, applied to two tuples";
  let description = [{
    The value of the region at the tuples `earlier` and `with`. Whoever writes it says that the
    operation is associative, so that a recurrence whose next states are
    `combine(states, values free of the states)` may be evaluated as a scan:

    ```
    s_t = combine(s_{t-1}, e_t)         e_t free of the states
    ```

    Constraints:
    - C1: as many `earlier` values as `with` values, results, and values that the region yields
      as `next`; at least one.
    - C2: the i-th of each of them have one type.
    - C3: the region has two arguments for each, first the earlier ones, and yields no `out`.

    A running maximum and its sum of exponentials:

    ```mlir
    %m, %s = seq.combine(%m0, %s0) with(%x, %one) {
    ^bb0(%m1: tensor<8xf32>, %s1: tensor<8xf32>, %m2: tensor<8xf32>, %s2: tensor<8xf32>):
      …
      seq.yield next(%m3, %s3 : tensor<8xf32>, tensor<8xf32>)
    } : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)
      -> (tensor<8xf32>, tensor<8xf32>)
    ```

    Lifespan: made by expansion of `seq.scan`, or by `seq-form-scans` for a step that was proved
    to be one; inlined where another plan runs; none is left after stage `lowered`.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$earlier, Variadic<AnyRankedTensor>:$later);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$rule);
  let assemblyFormat = [{
    `(` $earlier `)` `with` `(` $later `)` $rule attr-dict `:`
    functional-type(operands, results)
  }];
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block *getBody() { return &getRule().front(); }
    YieldOp getYield();
  }];
}

def Seq_LinearizedOp : Seq_Op<"linearized", [SingleBlock, HasParent<"RecurrenceOp">]> {
  let summary = "the step and its derivative at given states";
  let description = [{
    Says how the next states of the enclosing step change with the states. Nothing is computed
    where it stands; a plan that guesses states evaluates the region where it needs it.

    ```
    next_i(h + d) ≈ next_i(h) + Σ_j partial_ij ∘ d_j        h : the region's arguments
    ```

    The region computes `next_i` with the formulas of the step and, as `out`, the partials
    ∂next_i/∂h_j that are not zero, elementwise: element e of next_i depends on element e of the
    states alone. `to` and `from` name i and j of each. It reads inputs and captures of the
    step, but no op of it: the step's own values keep their uses, and so their bits.

    Constraints:
    - C1: the region has one argument per state of the recurrence, with its type; all are of one
      shape.
    - C2: the region yields as `next` one value per state, with its type.
    - C3: `to`, `from` and the yielded `out` have one length; the pairs are numbers of states and
      ascend.
    - C4: a partial has the type of state `to`.
    - C5: a step has at most one, and the region uses no op of the step.
    - C6: `low`, `high` and `initial` have one entry per state; those of `initial` are lists of
      numbers of states.

    `low` and `high` bound each state's guesses, together with the initial values of the states
    that `initial` lists for it: the invariant box, a little wider. Low above high means none.

    The derivative of h' = tanh(x + h):

    ```mlir
    seq.linearized to [0] from [0] {
    ^bb0(%h1: tensor<8xf32>):
      %s = arith.addf %x, %h1 : tensor<8xf32>
      %n = math.tanh %s : tensor<8xf32>
      %q = arith.mulf %n, %n : tensor<8xf32>
      %d = arith.subf %one, %q : tensor<8xf32>
      seq.yield next(%n : tensor<8xf32>) out(%d : tensor<8xf32>)
    }
    ```

    Lifespan: made by `seq-linearize` for plans that guess states; none is left after stage
    `lowered`.
  }];
  let arguments = (ins DenseI64ArrayAttr:$to, DenseI64ArrayAttr:$from,
    OptionalAttr<DenseF64ArrayAttr>:$low, OptionalAttr<DenseF64ArrayAttr>:$high,
    OptionalAttr<ArrayAttr>:$initial);
  let regions = (region SizedRegion<1>:$body);
  let builders = [OpBuilder<(ins "::llvm::ArrayRef<int64_t>":$to, "::llvm::ArrayRef<int64_t>":$from), [{
    build($_builder, $_state, to, from, {}, {}, {});
  }]>];
  let assemblyFormat = [{
    `to` $to `from` $from $body (`low` $low^ `high` $high `initial` $initial)? attr-dict
  }];
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    YieldOp getYield();
  }];
}

def Seq_ScanOp : Seq_Op<"scan", [
    AttrSizedOperandSegments, SingleBlock, RecursiveMemoryEffects, RecursivelySpeculatable,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "prefixes of an associative operation along time";
  let description = [{
    Folds an associative operation over the elements of every sequence of a batch. An element is
    a tuple of tensors.

    ```
    e_t = lift(x_t)                      the element of step t
    s_t = combine(s_{t-1}, e_t)          for t = 0 … T-1, s_{-1} = initial
    y_t = read(x_t, s_t)                 y_t = s_t without `read`; s_{t-1} with `exclusive`
    results: y : [batch…, T, out…] for each out, then s_{T-1} : [batch…, component…]
    ```

    Whoever writes it says that `combine` is associative. Bindings, `reverse`, `resets`,
    `cu_seqlens`, `steps`, `time` and `narrow_state` mean what they mean on `seq.recurrence`.
    `initial` is an element; it need not be neutral. `T = 0` returns it.

    Constraints:
    - C1: `combine` has two arguments for each `initial` value, of which there is at least one:
      first the components of the earlier element, then those of the later one, with the same
      types. A component is a tensor of f32, f64, an integer or index; f16 and bf16 only with
      `narrow_state`.
    - C2: `combine` yields as `next` one value for each component, and no `out`. From outside it
      uses only what follows from constants.
    - C3: `lift` has one argument per `in`, `shared` and `given`, in that order, and yields as
      `next` one value for each component, and no `out`.
    - C4: `read` has the arguments of `lift` and then one for each component, and yields only
      `out`.
    - C5: an initial value is `[batch…, component…]`; all have the same number of batch
      dimensions.
    - C6: operands, `resets`, `cu_seqlens`, `steps` and `time` obey C4 to C7 and C10 to C12 of
      `seq.recurrence`.
    - C7: the results are `[batch…, T, out…]` for each out of `read`, or for each component
      without it, and then `[batch…, component…]` for each component.

    Smallest example, a running sum:

    ```mlir
    %y, %last = seq.scan (%x: tensor<8xf32> in %u) initial(%h0) lift {
      seq.yield next(%x : tensor<8xf32>)
    } combine(%a: tensor<8xf32>) with(%b: tensor<8xf32>) {
      %c = arith.addf %a, %b : tensor<8xf32>
      seq.yield next(%c : tensor<8xf32>)
    } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
    ```

    With more components, `read` and resets:

    ```mlir
    %y, %m, %s = seq.scan reverse exclusive (%x: tensor<8xf32> in %u) resets(%r)
        initial(%m0, %s0) lift {
      …
      seq.yield next(%x, %one : tensor<8xf32>, tensor<8xf32>)
    } combine(%m1: tensor<8xf32>, %s1: tensor<8xf32>) with(%m2: tensor<8xf32>, %s2: tensor<8xf32>) {
      …
    } read(%x: tensor<8xf32>, %m: tensor<8xf32>, %s: tensor<8xf32>) {
      …
      seq.yield out(%o : tensor<8xf32>)
    } : (tensor<?x?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>, tensor<?x8xf32>)
      -> (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
    ```

    Lifespan: written by users; `seq-expand-ops` turns it into a `seq.recurrence` whose step has
    one `seq.combine`, at the start of stage `simplified`.
  }];
  let arguments = (ins
    Variadic<AnyRankedTensor>:$inputs,
    Variadic<AnyRankedTensor>:$shared,
    Variadic<AnyRankedTensor>:$given,
    Optional<AnyRankedTensor>:$resets,
    Optional<AnyRankedTensor>:$cu_seqlens,
    Optional<Index>:$steps,
    Variadic<AnyRankedTensor>:$initial,
    UnitAttr:$reverse,
    UnitAttr:$exclusive,
    UnitAttr:$narrow_state,
    OptionalAttr<I64Attr>:$time,
    OptionalAttr<Seq_ScheduleAttr>:$schedule);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$lift, SizedRegion<1>:$combine, MaxSizedRegion<1>:$read);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// Number of components of an element.
    unsigned getNumComponents() { return getInitial().size(); }
    /// Number of batch dimensions: rank of an initial value minus rank of its component.
    int64_t getBatchRank();
    /// Position of the time axis in `in` operands and outs.
    int64_t getTimeAxis();
    /// As for seq.recurrence.
    bool isPacked() { return bool(getCuSeqlens()); }
    /// What `combine` sees of the earlier and of the later element.
    ::mlir::Block::BlockArgListType getEarlierArgs();
    ::mlir::Block::BlockArgListType getLaterArgs();
  }];
}

def Seq_AffineRecurrenceOp : Seq_Op<"affine_recurrence", [
    Pure, AttrSizedOperandSegments, InferTypeOpAdaptor]> {
  let summary = "h_t = A_t h_{t-1} + u_t with a structured coefficient";
  let description = [{
    A linear recurrence with state shape `S`.

    ```
    h_t = A_t h_{t-1} + u_t
    scalar:     a_t h                         a_t : []
    diagonal:   a_t[s…] h[s…]                 a_t : S
    block:      Σ_j a_t[i, j, d…] h[j, d…]    a_t : [m, m, D…]  S = [m, D…]
    head_dense: Σ_j a_t[e, i, j] h[e, j]      a_t : [H, N, N]   S = [H, N]
    dense:      Σ_j a_t[i, j] h[j]            a_t : [N, N]      S = [N]
    y_t = h_t                            without readout: y : [batch…, T, S…]
    y_t[r…] = Σ_n c_t[n] h_t[n, r…]      with readout, S = [N, R…]: y : [batch…, T, R…]
    results: y, h_{T-1} : [batch…, S…]
    ```

    `reverse`, `resets`, `cu_seqlens` and `time` mean what they mean on `seq.recurrence`.

    Constraints:
    - C1: `input` is `[batch…, T, S…]` and `initial` is `[batch…, S…]`, of f32, f64 or a
      complex of them.
    - C2: `decay` is `[batch…, T, a…]` with the shape a of the structure; with `constant`, `[a…]`.
    - C3: `readout` is `[batch…, T, N]` where N is the first size of S; S has rank 1 or more; not
      with `head_dense`.
    - C4: `resets` is `[batch…, T]` of i1.
    - C5: static sizes agree.
    - C6: float operands have one element type, that of `initial`, or are narrower floats,
      which are widened first. Complex operands all have the type of `initial`.
    - C7: `time` lies between 0 and the number of batch dimensions.
    - C8: `state_rank`, the rank of S (default 1), is 0 or more and below the input's rank; 1 or
      more for `block`, 2 for `head_dense`, 1 for `dense`.
    - C9: `cu_seqlens` is `[N+1]` of i32, i64 or index. With it `initial` is `[N, S…]`, the other
      operands and the output have T in place of `batch…, T`, and there is no `time`.

    A sum over j starts from u_t and ascends.

    ```mlir
    %y, %last = seq.affine_recurrence diagonal decay(%a) input(%u) initial(%h0)
      : (tensor<?x?x512xf32>, tensor<?x?x512xf32>, tensor<?x512xf32>)
      -> (tensor<?x?x512xf32>, tensor<?x512xf32>)
    // Mamba-1's readout, one decay for all time
    %z, %l = seq.affine_recurrence scalar constant decay(%d) input(%u) initial(%h0) readout(%c)
        {state_rank = 2} : (tensor<f32>, tensor<?x?x16x512xf32>, tensor<?x16x512xf32>, tensor<?x?x16xf32>)
      -> (tensor<?x?x512xf32>, tensor<?x16x512xf32>)
    ```

    Lifespan: written by users; `seq-expand-ops` turns it into `seq.recurrence` at the start of
    stage `simplified`.
  }];
  let arguments = (ins
    AnyRankedTensor:$decay,
    AnyRankedTensor:$input,
    AnyRankedTensor:$initial,
    Optional<AnyRankedTensor>:$readout,
    Optional<AnyRankedTensor>:$resets,
    Optional<AnyRankedTensor>:$cu_seqlens,
    Seq_Structure:$structure,
    UnitAttr:$constant,
    UnitAttr:$reverse,
    DefaultValuedAttr<I64Attr, "1">:$state_rank,
    OptionalAttr<I64Attr>:$time,
    OptionalAttr<Seq_ScheduleAttr>:$schedule);
  let results = (outs AnyRankedTensor:$output, AnyRankedTensor:$final);
  let assemblyFormat = [{
    $structure (`constant` $constant^)? (`reverse` $reverse^)? `decay` `(` $decay `)`
    `input` `(` $input `)` `initial` `(` $initial `)` (`readout` `(` $readout^ `)`)?
    (`resets` `(` $resets^ `)`)? (`cu_seqlens` `(` $cu_seqlens^ `)`)?
    (`schedule` `(` $schedule^ `)`)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Number of batch dimensions.
    int64_t getBatchRank();
    int64_t getTimeAxis();
    /// As for seq.recurrence.
    bool isPacked() { return bool(getCuSeqlens()); }
    int64_t getSequenceRank() { return isPacked() ? 1 : getBatchRank() + 1; }
  }];
}

def Seq_EmaOp : Seq_Op<"ema", [Pure, AttrSizedOperandSegments]> {
  let summary = "exponential moving average: plain, damped with several modes, or complex";
  let description = [{
    Averages a sequence of values of shape S; `kind` says how.

    ```
    scalar, diagonal   h_t = β_t h_{t-1} + (1 - β_t) x_t,  y_t = h_t
                       β_t = `decay`: [] (scalar) or S (diagonal)
      with `corrected` c_t = β_t c_{t-1},  y_t = h_t / (1 - c_t);  c_{-1} = 1 starts an average
    damped             h_t[n, s…] = q h_{t-1} + α β x_t[s…],  y_t[s…] = Σ_n γ h_t[n, s…]
                       q = 1 - α δ;  `alpha` α, `delta` δ, `expand` β, `project` γ : [N, S…]
    complex            h_t[n, s…] = q h_{t-1} + α x_t[s…],  y_t[s…] = Re Σ_n γ h_t[n, s…]
                       q = (1 - α δ) exp(i θ), γ = γ_re + i γ_im, h complex;
                       `angle` θ, `project` γ_re and γ_im : [N, S…]
    results: y : [batch…, T, S…], then the final state of each initial value
    ```

    The initial values are h; then c with `corrected`; h's real and imaginary part with
    `complex`. Sums over n ascend from 0. Damped is Mega's average, complex is Megalodon's; what
    users train are logits of α, β, δ and θ. `reverse`, `resets`, `cu_seqlens` and `time` mean what
    they mean on `seq.recurrence`.

    Constraints:
    - C1: initial values are tensors of one type f32 or f64: h is `[batch…, S…]`, or
      `[batch…, N, S…]` for damped and complex; c is `[batch…, β…]` where β… is the shape
      of β_t.
    - C2: there are as many initial values as the kind has states; `corrected` needs scalar or
      diagonal.
    - C3: scalar and diagonal have `decay` and no other parameter: `[batch…, T, β…]`, or `[β…]`
      with `constant`.
    - C4: damped has `alpha`, `delta`, `expand` and one `project`; complex has `alpha`, `delta`,
      `angle` and two `project`; all are `[N, S…]`, and `constant` is not said.
    - C5: `input` is `[batch…, T, S…]`; `value_rank`, the rank of S (default 1), is 0 or more and
      below the input's rank.
    - C6: float operands have the element type of `initial` or narrower ones, which are widened
      first.
    - C7: `resets` is `[batch…, T]` of i1.
    - C8: `time` lies between 0 and the number of batch dimensions.
    - C9: static sizes agree; the results are `[batch…, T, S…]` of the state's element type and
      the types of the initial values.
    - C10: `cu_seqlens` is `[N+1]` of i32, i64 or index. With it the initial values have N in place
      of `batch…`, what has a time axis has T in place of `batch…, T`, and there is no `time`.

    ```mlir
    // Adam's average of gradients
    %m, %l, %p = seq.ema scalar constant corrected input(%g) decay(%beta) initial(%m0, %c0)
      : (tensor<?x?x512xf32>, tensor<f32>, tensor<?x512xf32>, tensor<?xf32>)
      -> (tensor<?x?x512xf32>, tensor<?x512xf32>, tensor<?xf32>)
    // Mega's
    %y, %h = seq.ema damped input(%x) alpha(%a) delta(%d) expand(%b) project(%g) initial(%h0)
      : (tensor<?x?x512xbf16>, tensor<16x512xf32>, tensor<16x512xf32>, tensor<16x512xf32>,
         tensor<16x512xf32>, tensor<?x16x512xf32>) -> (tensor<?x?x512xf32>, tensor<?x16x512xf32>)
    ```

    Lifespan: written by users; `seq-expand-ops` turns it into `seq.recurrence` at the start of
    stage `simplified`.
  }];
  let arguments = (ins
    AnyRankedTensor:$input,
    Optional<AnyRankedTensor>:$decay,
    Optional<AnyRankedTensor>:$alpha,
    Optional<AnyRankedTensor>:$delta,
    Optional<AnyRankedTensor>:$angle,
    Optional<AnyRankedTensor>:$expand,
    Variadic<AnyRankedTensor>:$project,
    Variadic<AnyRankedTensor>:$initial,
    Optional<AnyRankedTensor>:$resets,
    Optional<AnyRankedTensor>:$cu_seqlens,
    Seq_Average:$kind,
    UnitAttr:$constant,
    UnitAttr:$corrected,
    UnitAttr:$reverse,
    DefaultValuedAttr<I64Attr, "1">:$value_rank,
    OptionalAttr<I64Attr>:$time,
    OptionalAttr<Seq_ScheduleAttr>:$schedule);
  let results = (outs AnyRankedTensor:$output, Variadic<AnyRankedTensor>:$finals);
  let assemblyFormat = [{
    $kind (`constant` $constant^)? (`corrected` $corrected^)? (`reverse` $reverse^)?
    `input` `(` $input `)` (`decay` `(` $decay^ `)`)? (`alpha` `(` $alpha^ `)`)?
    (`delta` `(` $delta^ `)`)? (`angle` `(` $angle^ `)`)? (`expand` `(` $expand^ `)`)?
    (`project` `(` $project^ `)`)? `initial` `(` $initial `)` (`resets` `(` $resets^ `)`)?
    (`cu_seqlens` `(` $cu_seqlens^ `)`)? (`schedule` `(` $schedule^ `)`)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Number of batch dimensions.
    int64_t getBatchRank();
    int64_t getTimeAxis();
    /// As for seq.recurrence.
    bool isPacked() { return bool(getCuSeqlens()); }
    int64_t getSequenceRank() { return isPacked() ? 1 : getBatchRank() + 1; }
    /// True for damped and complex, whose states have one more dimension, the modes.
    bool hasModes() { return getKind() >= ::seqc::seq::Average::Damped; }
  }];
}

def Seq_DelayOp : Seq_Op<"delay", [Pure, InferTypeOpAdaptor]> {
  let summary = "the window of the last k values before each step";
  let description = [{
    A shift register: at step t, the k values of the sequence that precede step t.

    ```
    w_t[j] = x_{t-k+j}  for j = 0 … k-1, where x_{-k+j} = initial[j]
    results: w : [batch…, T, k, step…], the last k values : [batch…, k, step…]
    ```

    With `reverse` "precede" means later times, w_t[0] = x_{t+1}. k is the static size of
    `initial` at position `time`. `T = 0` returns the initial window.

    Constraints:
    - C1: `input` and `initial` have the same rank and element type, and `time` is a position
      in it.
    - C2: the size of `initial` at `time` is static and positive.
    - C3: the other sizes agree where static.
    - C4: with `reverse`, k is 1.

    ```mlir
    %w, %last = seq.delay %x initial(%x0) {time = 1 : i64}
      : (tensor<?x?x8xf32>, tensor<?x1x8xf32>) -> (tensor<?x?x1x8xf32>, tensor<?x1x8xf32>)
    ```

    Lifespan: made by `seq-find-delays` in stage `simplified` (or written by hand); none is left
    after stage `lowered`.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$initial, I64Attr:$time,
                       UnitAttr:$reverse);
  let results = (outs AnyRankedTensor:$window, AnyRankedTensor:$final);
  let assemblyFormat = [{
    (`reverse` $reverse^)? $input `initial` `(` $initial `)` attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Number of earlier values in the window.
    int64_t getLength() {
      return ::mlir::cast<::mlir::RankedTensorType>(getInitial().getType()).getDimSize(getTime());
    }
  }];
}

#endif // SEQC_DIALECT_SEQ_IR_SEQOPS_TD
