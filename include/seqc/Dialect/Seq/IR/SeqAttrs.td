//===- SeqAttrs.td - Facts of the machine, decisions -----------*- tablegen -*-===//
#ifndef SEQC_DIALECT_SEQ_IR_SEQATTRS_TD
#define SEQC_DIALECT_SEQ_IR_SEQATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "seqc/Dialect/Seq/IR/SeqDialect.td"

def Seq_PlanReference : I32EnumAttrCase<"Reference", 0, "reference">;
def Seq_PlanFused     : I32EnumAttrCase<"Fused", 1, "fused">;
def Seq_PlanScan      : I32EnumAttrCase<"Scan", 2, "scan">;
def Seq_PlanChunked   : I32EnumAttrCase<"Chunked", 3, "chunked">;
def Seq_PlanSegments  : I32EnumAttrCase<"Segments", 4, "segments">;
def Seq_PlanNewton    : I32EnumAttrCase<"Newton", 5, "newton">;
def Seq_Plan : I32EnumAttr<"Plan", "how a recurrence is evaluated",
    [Seq_PlanReference, Seq_PlanFused, Seq_PlanScan, Seq_PlanChunked, Seq_PlanSegments,
     Seq_PlanNewton]> {
  let cppNamespace = "::seqc::seq";
}

def Seq_CertificateBitwise  : I32EnumAttrCase<"Bitwise", 0, "bitwise">;
def Seq_CertificateBackward : I32EnumAttrCase<"Backward", 1, "backward">;
def Seq_Certificate : I32EnumAttr<"Certificate", "what a plan that guesses states guarantees",
    [Seq_CertificateBitwise, Seq_CertificateBackward]> {
  let cppNamespace = "::seqc::seq";
}

def Seq_StructureScalar   : I32EnumAttrCase<"Scalar", 0, "scalar">;
def Seq_StructureDiagonal : I32EnumAttrCase<"Diagonal", 1, "diagonal">;
def Seq_StructureBlock     : I32EnumAttrCase<"Block", 2, "block">;
def Seq_StructureHeadDense : I32EnumAttrCase<"HeadDense", 3, "head_dense">;
def Seq_StructureDense     : I32EnumAttrCase<"Dense", 4, "dense">;
def Seq_Structure : I32EnumAttr<"Structure", "structure of a recurrence's coefficient",
    [Seq_StructureScalar, Seq_StructureDiagonal, Seq_StructureBlock, Seq_StructureHeadDense,
     Seq_StructureDense]> {
  let cppNamespace = "::seqc::seq";
}

def Seq_AverageScalar   : I32EnumAttrCase<"Scalar", 0, "scalar">;
def Seq_AverageDiagonal : I32EnumAttrCase<"Diagonal", 1, "diagonal">;
def Seq_AverageDamped   : I32EnumAttrCase<"Damped", 2, "damped">;
def Seq_AverageComplex  : I32EnumAttrCase<"Complex", 3, "complex">;
def Seq_Average : I32EnumAttr<"Average", "kind of an exponential moving average",
    [Seq_AverageScalar, Seq_AverageDiagonal, Seq_AverageDamped, Seq_AverageComplex]> {
  let cppNamespace = "::seqc::seq";
}

class Seq_Attr<string name, string mnemonic_> : AttrDef<Seq_Dialect, name> {
  let mnemonic = mnemonic_;
}

def Seq_ScheduleAttr : Seq_Attr<"Schedule", "schedule"> {
  let summary = "the decision: a plan and every number that lowering obeys";
  let description = [{
    `#seq.schedule<fused, strip = 16, rows = 6>`. Made by `seq-select-schedule` or written by
    hand; checked by `seq-check-schedule`; obeyed by the conversions. A number that is 0 is not
    printed and means "not used".

    - `vector_bits`: width of vector registers that the code is written for;
    - `batch_tile`: sequences that advance together through one step;
    - `channel_tile`: elements of the states' innermost dimension whose states are carried over a
      strip in registers (only for steps that keep channels apart);
    - `chunk`: time steps of one chunk of a scan, whose chunks run on several threads (0: one
      chunk);
    - `strip`: time steps for which hoisted work is evaluated at once;
    - `rows`, `vectors`: register tile of contractions (rows × vectors accumulators);
    - `prefetch`: steps ahead that inputs are prefetched;
    - `stream_bytes`: outputs of at least that size use non-temporal stores;
    - `certificate`: of plan `segments`: `bitwise` (the default, not printed), or `backward`, for
      steps that mix channels (docs/Newton.md).

    On a GPU `vector_bits` is 32, and some numbers are those of threads (docs/Schedule.md):

    - `fused`: `channel_tile` 1: a thread has one channel; `vectors`: threads of the block that has
      a sequence; `chunk` 1: kernels for each step, whose threads have `rows` sequences each;
    - `scan`: `chunk`: steps of a thread; `rows`: warps of a block; `channel_tile`: channels of a
      warp, where outs add up modes;
    - `segments`, `newton`: `chunk`: steps of a segment; `strip`: steps that a thread has in
      registers at once; `rows`: warps of a block.
  }];
  let parameters = (ins "::seqc::seq::Plan":$plan, "int64_t":$vectorBits, "int64_t":$batchTile,
      "int64_t":$channelTile, "int64_t":$chunk, "int64_t":$strip, "int64_t":$rows, "int64_t":$vectors,
      "int64_t":$prefetch, "int64_t":$streamBytes, "::seqc::seq::Certificate":$certificate);
  let builders = [AttrBuilder<(ins "::seqc::seq::Plan":$plan), [{
    return $_get($_ctxt, plan, 0, 0, 0, 0, 0, 0, 0, 0, 0, ::seqc::seq::Certificate::Bitwise);
  }]>, AttrBuilder<(ins "::seqc::seq::Plan":$plan, "int64_t":$vectorBits, "int64_t":$batchTile,
      "int64_t":$channelTile, "int64_t":$chunk, "int64_t":$strip, "int64_t":$rows,
      "int64_t":$vectors, "int64_t":$prefetch, "int64_t":$streamBytes), [{
    return $_get($_ctxt, plan, vectorBits, batchTile, channelTile, chunk, strip, rows, vectors,
                 prefetch, streamBytes, ::seqc::seq::Certificate::Bitwise);
  }]>];
  let extraClassDeclaration = [{
    /// The same numbers for another plan, and its usual certificate.
    ScheduleAttr withPlan(Plan plan) const {
      return get(getContext(), plan, getVectorBits(), getBatchTile(), getChannelTile(), getChunk(),
                 getStrip(), getRows(), getVectors(), getPrefetch(), getStreamBytes());
    }
    /// This schedule with another distance of prefetching.
    ScheduleAttr withPrefetch(int64_t steps) const {
      return get(getContext(), getPlan(), getVectorBits(), getBatchTile(), getChannelTile(),
                 getChunk(), getStrip(), getRows(), getVectors(), steps, getStreamBytes(),
                 getCertificate());
    }
    /// This schedule with another certificate.
    ScheduleAttr withCertificate(Certificate certificate) const {
      return get(getContext(), getPlan(), getVectorBits(), getBatchTile(), getChannelTile(),
                 getChunk(), getStrip(), getRows(), getVectors(), getPrefetch(), getStreamBytes(),
                 certificate);
    }
    /// This schedule with other tiles, and the strips of time that suit them.
    ScheduleAttr withTiles(int64_t batch, int64_t channels, int64_t strip) const {
      return get(getContext(), getPlan(), getVectorBits(), batch, channels, getChunk(),
                 strip, getRows(), getVectors(), getPrefetch(), getStreamBytes(),
                 getCertificate());
    }
  }];
  let hasCustomAssemblyFormat = 1;
}

def Seq_VersionAttr : Seq_Attr<"Version", "version"> {
  let summary = "the calls for which a version of a function runs";
  let description = [{
    `[#seq.version<@f, argument = 0, dimension = 1, below = 256>]` as attribute `seq.version` of a
    private function: it runs in place of `@f`, which has the same type, where that size of that
    argument (or the value of an index argument, with `dimension = 0`) is at least `from` and less
    than `below`; of several such ranges, any. The first version that a call's sizes allow wins. Made by `seq-select-schedule`
    where plans are cheaper at some sizes than others; `seq-expose-buffers` makes one function of
    all of them.
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$function, "int64_t":$argument,
      "int64_t":$dimension, DefaultValuedParameter<"int64_t", "0">:$from,
      DefaultValuedParameter<"int64_t", "INT64_MAX">:$below);
  let assemblyFormat = [{
    `<` $function `,` `argument` `=` $argument `,` `dimension` `=` $dimension ``
    custom<SizeRange>($from, $below) `>`
  }];
  let genVerifyDecl = 1;
}

def Seq_TargetAttr : Seq_Attr<"Target", "target"> {
  let summary = "facts of the machine for which a module is compiled";
  let description = [{
    `#seq.target<"x86_64-unknown-linux-gnu", features = "+avx2,+fma", vector_bits = 256, …>`, the module attribute
    `seqc.target`. The driver writes it; only `Schedule` and `Target` read it. Sizes are bytes of
    the caches that one core sees.

    Measured facts are optional (0: not known; prices then take those of a usual machine with
    these features): `clock_mhz`; `memory_mbps`, what one core reads and writes a second beyond its
    caches; `l2_mbps`, the same in L2; `all_memory_mbps`, all cores together; `division_cycles`, from
    one division of whole vectors to the next. `seqc-run --calibrate` measures them,
    `--target-facts` hands them over. `division_cycles` belongs to the numbers: activations divide
    where that takes no longer than multiplying (docs/Numerics.md). `follows_rows` is 1 where the
    core's own prefetchers follow rows in memory, so that instructions for that only cost where
    memory is the limit; it is known by the name of the CPU.
  }];
  let parameters = (ins "::mlir::StringAttr":$triple, "::mlir::StringAttr":$cpu, "::mlir::StringAttr":$features,
      "int64_t":$vectorBits, "int64_t":$vectorRegisters, "int64_t":$l1Bytes,
      "int64_t":$l2Bytes,
      DefaultValuedParameter<"int64_t", "0">:$clockMhz,
      DefaultValuedParameter<"int64_t", "0">:$memoryMbps,
      DefaultValuedParameter<"int64_t", "0">:$l2Mbps,
      DefaultValuedParameter<"int64_t", "0">:$allMemoryMbps,
      DefaultValuedParameter<"int64_t", "0">:$divisionCycles,
      DefaultValuedParameter<"int64_t", "0">:$followsRows);
  let assemblyFormat = [{
    `<` $triple `,` `cpu` `=` $cpu `,` `features` `=` $features `,` `vector_bits` `=` $vectorBits `,`
    `vector_registers` `=` $vectorRegisters `,` `l1_bytes` `=` $l1Bytes `,`
    `l2_bytes` `=` $l2Bytes ``
    custom<TargetFacts>($clockMhz, $memoryMbps, $l2Mbps, $allMemoryMbps, $divisionCycles,
                        $followsRows) `>`
  }];
  let extraClassDeclaration = [{
    /// True if a quotient by an instruction is as fast as one by multiplications, which takes
    /// seven of them, two a cycle.
    bool dividesFast() const { return getDivisionCycles() > 0 && getDivisionCycles() <= 4; }
  }];
}

#endif // SEQC_DIALECT_SEQ_IR_SEQATTRS_TD
