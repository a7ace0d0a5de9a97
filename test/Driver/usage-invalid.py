# Wrong usage: exit 2, the nearest right word, nothing written.
# RUN: %python %s | FileCheck %s
# CHECK: usage: ok
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "Inputs"))
import tool

tool.folder()
tool.write("m.mlir", tool.SUM)
before = sorted(os.listdir("."))


def wrong(message, *args, help=""):
    tool.expect(2, f"seqc: error: {message}\n" + (f"help: {help}\n" if help else ""), *args)


wrong("unknown option '--emti'", "m.mlir", "--emti=obj", help="did you mean '--emit'?")
wrong("unknown option '--qqqqqqqqqqqq'", "m.mlir", "--qqqqqqqqqqqq", help="--help lists the options")
wrong("expected a value behind '-o'", "m.mlir", "-o")
wrong("expected an input file (- is stdin)", help="seqc model.mlir -o model.so")
wrong("expected one input file, but got 'm.mlir' and 'n.mlir'", "m.mlir", "n.mlir", "-o", "m.so")
wrong("expected an output, -o FILE", "m.mlir", help="seqc model.mlir -o model.so")
kinds = "seq, simplified, scheduled, lowered, llvm, asm, obj, lib or header"
wrong(f"expected {kinds} for --emit, but got 'schedule'", "m.mlir", "--emit=schedule",
      help="did you mean 'scheduled'?")
wrong(f"expected {kinds} for --emit, but got 'x'", "m.mlir", "--emit=x")
wrong("expected --target=cuda for PTX, but got 'native'", "m.mlir", "--emit=ptx")
wrong("expected --target=cuda for PTX, but got 'native'", "m.mlir", "-o", "m.ptx")
wrong("--emit=report is not available yet", "m.mlir", "--emit=report")
wrong("expected a file for a library and its header, but got '-'", "m.mlir", "--emit=lib", "-o", "-")
wrong("expected --emit to say what goes to stdout", "m.mlir", "-o", "-")
wrong("expected an output that ends in .so, .o, .s, .ptx, .ll, .mlir, .mlirbc or .h, but got 'm.dll'",
      "m.mlir", "-o", "m.dll", help="--emit says what to write to a file of any name")
wrong("expected an output that fits --emit=obj, but got 'm.so'", "m.mlir", "--emit=obj", "-o", "m.so")
wrong("expected an output other than the input 'm.mlir'", "m.mlir", "--emit=seq", "-o", "./m.mlir")
wrong("expected different files for the outputs, but got 'm.s' twice",
      "m.mlir", "-o", "m.s", "--explain=text:m.s")
wrong("expected text or json for --explain, but got 'jsn'", "m.mlir", "--explain=jsn",
      help="did you mean 'json'?")
wrong("--explain=html is not available yet", "m.mlir", "--explain=html")
wrong("expected a file behind '--explain=json:'", "m.mlir", "--explain=json:")
wrong("expected text or json for --diagnostics, but got 'xml'", "m.mlir", "--diagnostics=xml")
wrong("expected auto, reference, fused, scan, segments or newton for --schedule, but got 'fussed'", "m.mlir", "-o", "m.so",
      "--schedule=fussed", help="did you mean 'fused'?")
for plan in ("chunked",):
    wrong(f"--schedule={plan} is not available yet", "m.mlir", "-o", "m.so", f"--schedule={plan}")
wrong("expected NAME=SIZE,… for --assume, but got 'B'", "m.mlir", "-o", "m.so", "--assume=B",
      help="--assume=B=8,T=4096")
wrong("expected NAME=SIZE,… for --assume, but got 'T=-1'", "m.mlir", "-o", "m.so",
      "--assume=B=8,T=-1", help="--assume=B=8,T=4096")
wrong("expected a size that seqc.dims names for --assume, but got 'N'", "m.mlir", "-o", "m.so",
      "--assume=N=4", help="the model names B and T")
wrong("expected --emit=lib, header, ptx or a kind before it with --target=cuda, but got 'obj'", "m.mlir", "-o", "m.o",
      "--target=cuda")
wrong("expected --emit=lib with --device=emulate", "m.mlir", "-o", "m.ptx", "--target=cuda", "--device=emulate")
wrong("expected emulate for --device, but got 'gpu'", "m.mlir", "-o", "m.so", "--target=cuda", "--device=gpu")
wrong("expected --target=cuda with --device, but got 'native'", "m.mlir", "-o", "m.so", "--device=emulate")
wrong("expected sm_80, sm_90 or sm_100 for --cuda-arch, but got 'sm_70'", "m.mlir", "-o", "m.ptx", "--target=cuda",
      "--cuda-arch=sm_70", help="did you mean 'sm_80'?")
for archs in "sm_80,", ",", "":
    wrong("expected sm_80, sm_90 or sm_100 for --cuda-arch, but got ''", "m.mlir", "-o", "m.so", "--target=cuda",
          f"--cuda-arch={archs}")
wrong("expected each architecture once in --cuda-arch, but got 'sm_90,sm_80,sm_90'", "m.mlir", "-o", "m.so",
      "--target=cuda", "--cuda-arch=sm_90,sm_80,sm_90")
for option in "--march=native", "--target-facts=f.json", "--ptxas=ptxas":
    for output in ["m.ptx"], ["m.so", "--device=emulate"], ["-", "--emit=lowered"]:
        wrong(f"expected no {option.split('=')[0]} with --target=cuda, but for a library, which is for a CPU, too",
              "m.mlir", "--target=cuda", option, "-o", *output)
wrong("expected one architecture in --cuda-arch for PTX or --device=emulate, but got 'sm_80,sm_90'", "m.mlir", "-o",
      "m.ptx", "--target=cuda", "--cuda-arch=sm_80,sm_90")
wrong("expected --target=cuda with --ptxas, but got 'native'", "m.mlir", "-o", "m.so", "--ptxas=ptxas")
wrong("expected --target=cuda with --cuda-arch, but got 'native'", "m.mlir", "-o", "m.so", "--cuda-arch=sm_80")
wrong("expected 0 to 3 for --opt-level, but got '4'", "m.mlir", "-o", "m.so", "--opt-level=4")
wrong("expected all for --help, but got 'al'", "--help=al", help="did you mean 'all'?")
wrong("expected a file for --weights", "m.mlir", "-o", "m.so", "--weights=")
for threads in "0", "-1", "1025", "two", "":
    wrong(f"expected 1 to 1024 for --threads, but got '{threads}'", "m.mlir", "-o", "m.so",
          f"--threads={threads}")
wrong("--schedule=scan and --streaming-exact exclude each other", "m.mlir", "-o", "m.so",
      "--schedule=scan", "--streaming-exact")
wrong("expected a file behind '--target-facts='", "m.mlir", "-o", "m.so", "--target-facts=")
wrong("expected bitwise or backward for --certificate, but got 'backwards'", "m.mlir", "-o", "m.so",
      "--certificate=backwards", help="did you mean 'backward'?")
wrong("--certificate=backward and --streaming-exact exclude each other", "m.mlir", "-o", "m.so",
      "--certificate=backward", "--streaming-exact")
for option in ("--export=", "--prefix="):
    wrong(f"option '{option[:-1]}' is not available yet", "m.mlir", "-o", "m.so", f"{option}x")

# An unknown triple, level or feature, whatever the host is.
wrong("expected a triple of x86_64 or aarch64, but got 'no-such-machine'",
      "m.mlir", "-o", "m.so", "--target=no-such-machine")
x86 = "--target=x86_64-unknown-linux-gnu"
wrong("expected 'native', 'generic', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4' or a list such as '+avx2,+fma', "
      "but got 'x86-64-v9'", "m.mlir", "-o", "m.so", x86, "--march=x86-64-v9")
wrong("expected a feature of x86_64, but got '-nosuchfeature'",
      "m.mlir", "-o", "m.so", x86, "--march=+avx2,-nosuchfeature")
wrong("expected a feature of aarch64, but got '+avx2'",
      "m.mlir", "-o", "m.so", "--target=aarch64-unknown-linux-gnu", "--march=+avx2")

tool.report("nothing written", sorted(os.listdir(".")) == before, os.listdir("."))
tool.finish("usage")
