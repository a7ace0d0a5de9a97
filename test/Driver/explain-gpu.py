# --explain for a GPU: grid, block, registers, shared memory and bytes of kernels, and a time of model v1, computed
# anew here, which is called predicted wherever it stands.
# RUN: %python %s | FileCheck %s
# CHECK: explain-gpu: ok
import json
import math
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "Inputs"))
import tool

LABEL = "predicted (model v1, H100 SXM constants, not run)"
TIME = re.compile(r"\d (ns|us|ms|s)\b")
AFFINE = """\
func.func @f(%a: tensor<?x?xDxf32> {seqc.dims = ["B", "T"]}, %x: tensor<?x?xDxf32> {seqc.dims = ["B", "T"]},
             %h0: tensor<?xDxf32> {seqc.dims = ["B"]}) -> (tensor<?x?xDxf32>, tensor<?xDxf32>) {
  %y, %last = seq.recurrence (%c: tensor<Dxf32> in %a, %u: tensor<Dxf32> in %x) states(%h: tensor<Dxf32> = %h0) {
    %m = arith.mulf %c, %h : tensor<Dxf32>
    %n = arith.addf %m, %u : tensor<Dxf32>
    seq.yield next(%n : tensor<Dxf32>) out(%n : tensor<Dxf32>)
  } : (tensor<?x?xDxf32>, tensor<?x?xDxf32>, tensor<?xDxf32>) -> (tensor<?x?xDxf32>, tensor<?xDxf32>)
  return %y, %last : tensor<?x?xDxf32>, tensor<?xDxf32>
}
"""
ELMAN = """\
func.func private @seq.cells.elman(tensor<?x?x7xf32>, tensor<64x7xf32>, tensor<64x64xf32>, tensor<64xf32>, tensor<64xf32>,
  tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>)
func.func @f(%x: tensor<?x?x7xf32> {seqc.dims = ["B", "T"]}, %w: tensor<64x7xf32>, %r: tensor<64x64xf32>,
    %b: tensor<64xf32>, %c: tensor<64xf32>, %h0: tensor<?x64xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x64xf32>, tensor<?x64xf32>) {
  %y, %last = call @seq.cells.elman(%x, %w, %r, %b, %c, %h0) : (tensor<?x?x7xf32>, tensor<64x7xf32>, tensor<64x64xf32>,
    tensor<64xf32>, tensor<64xf32>, tensor<?x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x64xf32>)
  return %y, %last : tensor<?x?x64xf32>, tensor<?x64xf32>
}
"""
MODES = """\
func.func private @seq.cells.mega_ema(tensor<?x?x64xf32>, tensor<64x4xf32>, tensor<64x4xf32>, tensor<64x4xf32>,
  tensor<64x4xf32>, tensor<64xf32>, tensor<?x64x4xf32>) -> (tensor<?x?x64xf32>, tensor<?x64x4xf32>)
func.func @f(%x: tensor<?x?x64xf32> {seqc.dims = ["B", "T"]}, %d: tensor<64x4xf32>, %a: tensor<64x4xf32>,
    %b: tensor<64x4xf32>, %g: tensor<64x4xf32>, %w: tensor<64xf32>, %h0: tensor<?x64x4xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x64xf32>, tensor<?x64x4xf32>) {
  %y, %last = call @seq.cells.mega_ema(%x, %d, %a, %b, %g, %w, %h0) : (tensor<?x?x64xf32>, tensor<64x4xf32>,
    tensor<64x4xf32>, tensor<64x4xf32>, tensor<64x4xf32>, tensor<64xf32>, tensor<?x64x4xf32>)
    -> (tensor<?x?x64xf32>, tensor<?x64x4xf32>)
  return %y, %last : tensor<?x?x64xf32>, tensor<?x64x4xf32>
}
"""


def explained(path, *options):
    """The remarks about a model, as values."""
    result = tool.run(path, "--target=cuda", "--explain=json", *options)
    tool.report(f"{path} {options}", (result.returncode, result.stderr) == (0, b""), result)
    return json.loads(result.stdout)["remarks"]


def facts(remarks, category, name, plan="fused"):
    found = [r["facts"] for r in remarks if r["category"] == category and r["name"] == name]
    found = [f for f in found if name != "price" or f["plan"] == plan]
    tool.report(f"one remark {category} {name}", len(found) == 1, found)
    return found[0]


def predicted(f):
    """Least and most seconds of model v1 from what a price says that it was computed from."""
    n = {key: float(f[key]) for key in ("kernels", "blocks", "block_threads", "blocks_on_sm", "bytes", "most_bytes",
                                        "instructions", "reciprocals", "steps", "step_cycles", "waits")}
    ends = []
    for launch, share, more, memory, size, on_sm in (
            (3e-6, 0.9, 1, 550, n["bytes"], min(32, 2048 // n["block_threads"])),
            (5e-6, 0.7, 1.5, 650, n["most_bytes"], n["blocks_on_sm"])):
        busy, hertz = min(132, max(1, n["blocks"])), 1.755e9
        rounds = math.ceil(n["blocks"] / (132 * on_sm))
        ends.append(n["kernels"] * launch + max(
            size / (3.35e12 * share), more * n["instructions"] / 32 / (busy * 4 * hertz),
            more * n["reciprocals"] / (busy * 16 * hertz),
            rounds * (n["steps"] * n["step_cycles"] * more + n["waits"] * memory) / hertz))
    return ends


def check_price(price):
    for value, key in zip(predicted(price), ("least_ns", "most_ns")):
        tool.report(key, abs(float(price[key]) - value * 1e9) <= 1 + 1e-3 * value * 1e9, (price, value))
    tool.report("label", price["times"] == LABEL, price)


tool.folder()
tool.write("small.mlir", AFFINE.replace("D", "64"))
tool.write("large.mlir", AFFINE.replace("D", "8192"))

# 2^28 numbers of an affine step: 12 bytes each, and states twice; the channels of eight sequences are threads.
remarks = explained("large.mlir", "--assume=B=8,T=4096", "--schedule=fused")
price = facts(remarks, "plan", "price")
check_price(price)
tool.report("bytes", float(price["bytes"]) == 12 * 2**28 + 8 * 8192 * 8, price)
tool.report("memory", (price["limit"], price["memory"]) == ("memory", "1.07 ms to 1.37 ms"), price)
# A product and a sum are one FMA of four cycles; inputs are asked for four steps ahead.
tool.report("chain", (price["step_cycles"], price["steps"], price["waits"]) == ("4", "4096", "1024"), price)
kernel = facts(remarks, "kernel", "f_0")
tool.report("kernel", kernel == {"grid": "ceil(B·8192 / 128) = 512", "block": "128", "items": "B·8192",
                                 "registers": "at most 64", "blocks_on_sm": "at least 8", "shared_bytes": "0"}, kernel)
tool.report("places", len({(r["line"], r["col"]) for r in remarks}) == 1, remarks)

# Few threads: their steps one after the other are the limit.
price = facts(explained("small.mlir"), "plan", "price")
check_price(price)
tool.report("guesses", (price["sizes"], price["limit"]) == ("B = 1 (a guess), T = 4096 (a guess)", "chain"), price)
tool.report("formula", facts(explained("small.mlir", "--schedule=fused"), "kernel", "f_0")["grid"] == "ceil(B·64 / 128)")

# Then a scan is cheaper: tiles of 32 channels and 64 steps, whose states are known one after the other.
remarks = explained("small.mlir")
plan, price = facts(remarks, "plan", "plan"), facts(remarks, "plan", "price", "scan")
check_price(price)
tool.report("scan", (plan["plan"], price["kernels"], price["blocks"], price["waits"]) == ("scan", "2", "128", "64"), price)
kernels = [(f["grid"], f["where"]) for f in (facts(remarks, "kernel", f"f_{n}") for n in range(3))]
tool.report("tiles", [grid for grid, _ in kernels[1:]] ==
            ["ceil(B·2·max(ceil(T / 64), 1)·32 / 128)", "B·2·max(ceil(T / 64), 1)"], kernels)
# Where sequences are many or short, a version of the function runs plan fused, which has one kernel.
found = [r for r in remarks if r["name"] == "version"]
many, short = (r["facts"]["where"] for r in found)
tool.report("versions", [r["facts"]["plan"] for r in found] == ["fused"] * 2, found)
tool.report("labelled", all(LABEL in r["sentences"][0] and r["sentences"][0].startswith("plan 'fused' where ") for r in found), found)
no = lambda where: where.replace(" >= ", " | ").replace(" < ", " >= ").replace(" | ", " < ")
tool.report("kernels of versions", kernels[0] == ("ceil(B·64 / 128)", f"{many} or {short}")
            and {where for _, where in kernels[1:]} == {f"{no(many)} and {no(short)}"}, kernels)
# Many sequences fill the GPU, and short ones have one tile: no scan.
for sizes in ("B=512,T=4096", "B=8,T=64"):
    tool.report(sizes, facts(explained("small.mlir", f"--assume={sizes}"), "plan", "plan")["plan"] == "fused")

# Where channels meet, a block carries a sequence, and its threads share memory.
tool.write("dense.mlir", ELMAN)
remarks = explained("dense.mlir", "--assume=B=3,T=100")
price = facts(remarks, "plan", "price")
check_price(price)
tool.report("block", (price["blocks"], price["block_threads"], price["steps"]) == ("3", "64", "100"), price)
# The sum of 64 products in order, at least.
tool.report("sum", float(price["step_cycles"]) >= 64 * 4, price)
kernels = [r["facts"] for r in remarks if r["category"] == "kernel"]
block = [k for k in kernels if k["block"] == "64"]
tool.report("a block a sequence", [(k["grid"], k["items"]) for k in block] == [("B = 3", "B")], kernels)
tool.report("shared", int(block[0]["shared_bytes"]) >= 256 and block[0]["registers"] == "at most 255", block)

# Wide steps are launches, as many as there are steps, and a thread has a channel of four sequences.
tool.write("wide.mlir", ELMAN.replace("64", "512"))
remarks = explained("wide.mlir", "--assume=B=1000,T=100")
price = facts(remarks, "plan", "price")
check_price(price)
tool.report("launches", (price["kernels"], price["blocks"], price["waits"]) == ("102", "1000", "100"), price)
kernels = [r["facts"] for r in remarks if r["category"] == "kernel" and "launches" in r["facts"]]
tool.report("a kernel a step", [(k["grid"], k["launches"]) for k in kernels] ==
            [("ceil(ceil(B / 4)·512 / 128) = 1000", "T = 100")], kernels)
text = tool.run("wide.mlir", "--target=cuda", "--explain").stdout.decode()
tool.report("sentence", "kernels for each step, a thread computes one channel of 4 sequences" in text
            and "no shared memory, started T times" in text, text)

# Of one sequence a block is cheaper. Weights that registers do not hold are in its shared memory, beside two places of
# the state, as far as it reaches: whole terms of 320 words.
tool.write("deep.mlir", ELMAN.replace("64", "320"))
for arch, most in (("sm_80", 163 << 10), ("sm_90", 227 << 10), ("sm_100", 227 << 10)):
    remarks = explained("deep.mlir", f"--cuda-arch={arch}", "--assume=B=1")
    found = max(int(r["facts"]["shared_bytes"]) for r in remarks if r["category"] == "kernel")
    states, term = 2 * 320 * 4, 320 * 4
    tool.report(f"shared memory on {arch}", found == states + (most - states) // term * term, found)
text = tool.run("deep.mlir", "--target=cuda", "--explain", "--assume=B=1").stdout.decode()
tool.report("dynamic", "bytes of dynamic shared memory" in text, text)

# Modes: which kernels a call starts depends on how many rows there are.
tool.write("modes.mlir", MODES)
remarks = explained("modes.mlir", "--assume=B=1", "--schedule=scan")
found = [(r["facts"]["grid"], r["facts"].get("where")) for r in remarks if r["category"] == "kernel" and "where" in r["facts"]]
tool.report("where", found[0] == ("B·8 = 8", "B·8 >= 512") and [w for _, w in found[1:]] == ["B·8 < 512"] * 2, found)
text = tool.run("modes.mlir", "--target=cuda", "--explain", "--schedule=scan").stdout.decode()
tool.report("where, as text", "bytes of shared memory, where B·8 >= 512" in text, text)

# Registers are those that the assembler says, for each architecture where they differ.
PTXAS = """#!/bin/sh
while [ "$1" ]; do case "$1" in -o) out=$2;; -arch=*) arch=${1#-arch=};; esac; shift; done
printf '\\177ELF' > "$out"
echo "ptxas info    : Compiling entry function 'f_0' for '$arch'"
echo "ptxas info    : Used ${arch#sm_} registers, used 0 barriers, 400 bytes cmem[0]"
"""
tool.write("ptxas", PTXAS)
os.chmod("ptxas", 0o755)
for archs, said in (("sm_80", "80"), ("sm_80,sm_90", "80 (sm_80), 90 (sm_90)")):
    remarks = explained("small.mlir", "--ptxas=./ptxas", f"--cuda-arch={archs}", "--schedule=fused", "-o", "m.so")
    tool.report(f"registers on {archs}", facts(remarks, "kernel", "f_0")["registers"] == said, remarks)

# Times are predicted wherever they stand; those of a CPU are not.
for form in ("--explain", "--explain=text"):
    for options in ((), ("--assume=B=64,T=1000",), ("--cuda-arch=sm_90",)):
        text = tool.run("small.mlir", "--target=cuda", form, *options).stdout.decode()
        blocks = [b for b in re.split(r"\n(?=  \w)|; (?=kernel)", text) if TIME.search(b)]
        tool.report(f"{form} {options}", blocks and all(LABEL in b for b in blocks), text)
line = tool.run("small.mlir", "--target=cuda", "--assume=B=512", "--explain").stdout.decode()
tool.report("one line", line.count("\n") == 1 and "a thread carries one channel" in line
            and "kernel f_0: ceil(B·64 / 128) = 256 blocks of 128 threads, at most 64 registers a thread, no shared memory"
            in line, line)
cpu = tool.run("small.mlir", "--explain=text", "--march=x86-64-v3").stdout.decode()
tool.report("CPU", "predicted" not in cpu and "kernel" not in cpu and "seconds" in cpu, cpu)
same = tool.run("small.mlir", "--target=cuda", "--assume=B=512", "--explain", "--device=emulate", "-o", "m.so").stdout.decode()
tool.report("emulated", same == line, same)
tool.finish("explain-gpu")
