//===- Options.td - The command line of seqc -------------------*- tablegen -*-===//
include "llvm/Option/OptParser.td"

class F<string name, string help> : Flag<["--"], name>, HelpText<help>;
class J<string name, string meta, string help>
    : Joined<["--"], name>, MetaVarName<meta>, HelpText<help>;
// Names that are promised but have no effect yet: each is refused with a sentence.
class Later<string name> : Joined<["--"], name>, Flags<[HelpHidden]>;

def output : JoinedOrSeparate<["-"], "o">, MetaVarName<"FILE">,
    HelpText<"Output: .so .o .s .ptx .ll .mlir .mlirbc .h, - is stdout">;
def emit : J<"emit=", "KIND", "seq, simplified, scheduled, lowered, llvm, asm (of a GPU: ptx), obj, lib or header">;
def target : J<"target=", "TRIPLE", "native (default), a triple, or cuda: this machine and NVIDIA GPUs">;
def cuda_arch : J<"cuda-arch=", "ARCH", "with --target=cuda: sm_80 (default), sm_90 or sm_100; of a library a list">;
def device : J<"device=", "emulate", "with --target=cuda: a library whose kernels this CPU runs and checks">;
def ptxas : J<"ptxas=", "PROGRAM", "NVIDIA's assembler for libraries with kernels (default: ptxas on PATH; empty: none)">;
def march : J<"march=", "LEVEL", "native, generic, x86-64-v2..v4 or features: +avx2,+fma">;
def schedule : J<"schedule=", "PLAN", "auto (default), reference, fused, scan, segments or newton">;
def assume : J<"assume=", "B=8,T=4096", "usual sizes, by the names in seqc.dims">;
def threads : J<"threads=", "N", "threads that the plans are made for (default 1)">;
def weights : J<"weights=", "FILE", "bind seqc.param arguments from a .safetensors file">;
def certificate : J<"certificate=", "NAME", "bitwise (default), or backward: steps that mix channels may run in segments">;
def streaming_exact : F<"streaming-exact", "only plans whose steps give the bits of the whole">;
def target_facts : J<"target-facts=", "FILE", "measured facts, written by seqc-run --calibrate">;
def precise : F<"precise", "activations by libm instead of vector expansions">;
def explain : F<"explain", "a line for each step: its plan and why">;
def explain_EQ : J<"explain=", "text|json[:FILE]", "a page: proof, prices of all plans, refusals, flips">;
def diagnostics : J<"diagnostics=", "text|json", "messages with carets, or one JSON object a line">;
def save_temps : F<"save-temps", "write one file per stage next to the output">;
def time_passes : F<"time-passes", "print the seconds of each stage">;
def linker : J<"linker=", "PROGRAM", "default: ld, ld.lld-22, ld.lld or cc; a cross target begins with lld">, Flags<[HelpHidden]>;
def opt_level : J<"opt-level=", "0..3", "LLVM's optimisation level (default 3)">, Flags<[HelpHidden]>;
def version : F<"version", "print versions and this machine's features">;
def help : F<"help", "print this (--help=all: every option)">;
def help_EQ : J<"help=", "all", "print every option">, Flags<[HelpHidden]>;

// Leaves out a part of the certificate of plan `segments`: tests must notice.
def test_weaken : Joined<["--"], "test-weaken=">, Flags<[HelpHidden]>;
def check_bytecode : Flag<["--"], "check-bytecode">, Flags<[HelpHidden]>;

def later_export : Later<"export=">;
def later_prefix : Later<"prefix=">;
