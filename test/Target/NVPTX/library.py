# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Libraries with kernels: what the compile writes, with a cubin for each architecture by NVIDIA's assembler and PTX for
later ones; what it needs of a machine; what it refuses, leaving nothing."""

import json
import os
import re
import shutil
import subprocess

from compiled import FOLDER, Library, tool
from gpu_tools import ptxas

os.chdir(FOLDER.name)
MODEL = """func.func @f(%x: tensor<?x?x8xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x8xf32>)
    -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<8xf32> = %h0) {
    BODY
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}
"""
with open("sum.mlir", "w") as file:
    file.write(MODEL.replace("BODY", "%n = arith.addf %h, %u : tensor<8xf32>"))
with open("tanh.mlir", "w") as file:
    file.write(MODEL.replace("BODY", "%s = arith.addf %h, %u : tensor<8xf32>\n%n = math.tanh %s : tensor<8xf32>"))


# A machine without CUDA.
os.mkdir("programs")
os.symlink(shutil.which("ld.lld-22") or shutil.which("ld"), "programs/ld")
PROGRAMS = os.path.abspath("programs")


def run(*options, path=PROGRAMS):
    return subprocess.run([tool("seqc"), *options], capture_output=True, text=True, env=dict(os.environ, PATH=path))


def read(name):
    with open(name, "rb") as file:
        return file.read()


def build(*options, path=PROGRAMS, messages=""):
    """The bytes of a library of sum.mlir."""
    done = run("sum.mlir", "--target=cuda", "-o", "sum.so", *options, path=path)
    assert (done.returncode, done.stderr) == (0, messages), done
    return read("sum.so")


# PTX alone, of the lowest architecture, with a remark where nobody asked for that.
remark = "seqc: remark: no ptxas on PATH: the library has PTX alone, which the driver compiles at the first call\n"
ptx_alone = build(messages=remark)
assert build("--ptxas=") == ptx_alone
assert b".target sm_80" in ptx_alone and b".entry f_0(" in ptx_alone and ptx_alone.count(b"\x7fELF") == 1
assert b".target sm_90" in build("--ptxas=", "--cuda-arch=sm_100,sm_90") and b".target sm_100" not in read("sum.so")

# Cubins: the same bytes each time, and wherever the assembler is.
every = "--cuda-arch=sm_80,sm_90,sm_100"
cubins = build(every, "--ptxas=" + ptxas())
assert cubins.count(b"\x7fELF") == 4 and b".target sm_80" in cubins
assert build(every, path=os.path.dirname(ptxas()) + ":" + PROGRAMS) == cubins

# The interface is that of a library for CPUs, and info says what else there is.
library = Library(os.path.abspath("sum.so"))
assert library.info["cuda"] == ["sm_80", "sm_90", "sm_100"]
header = read("sum.h")
subprocess.run([tool("seqc"), "sum.mlir", "-o", "cpu.so"], check=True)
plain = Library(os.path.abspath("cpu.so")).info
assert "cuda" not in plain and plain["functions"] == library.info["functions"]
assert plain["features"] == library.info["features"]
assert run("sum.mlir", "--target=cuda", "--emit=header", "-o", "-").stdout == header.decode()
build("--ptxas=", "--march=x86-64-v3")
assert "avx2" in Library(os.path.abspath("sum.so")).info["features"]

# libc alone, and what opens a driver only where libc has it.
symbols = subprocess.run(["nm", "-D", "sum.so"], check=True, capture_output=True, text=True).stdout
assert sorted(re.findall(r" w (\w+)", symbols)) == ["dlerror", "dlopen", "dlsym"]
assert not re.search(r" [TDBRV] (seqc|cu)", symbols), symbols
needed = subprocess.run(["readelf", "-d", "sum.so"], check=True, capture_output=True, text=True).stdout
assert re.findall(r"\(NEEDED\).*\[(.*)\]", needed) == ["libc.so.6"]

# Two pipelines, two explanations; a file for each stage of both.
done = run("sum.mlir", "--target=cuda", "-o", "sum.so", "--ptxas=", "--explain")
line = next(l for l in done.stdout.splitlines() if "sum.mlir:3" in l)
assert re.search(r"plan \w+, .*; on GPUs plan \w+, ", line) and line.count("affine and elementwise") == 1, line
done = run("sum.mlir", "--target=cuda", "-o", "sum.so", "--ptxas=", "--explain=json")
categories = {r["category"] for r in json.loads(done.stdout)["remarks"]}
assert {"plan", "gpu.plan"} <= categories, categories
build("--save-temps", "--ptxas=" + ptxas())
names = [re.sub(r"^sum\.\d+-", "", n) for n in os.listdir(".") if n.startswith("sum.") and "-" in n]
assert {"scheduled.mlir", "gpu-scheduled.mlir", "ptx.ptx", "sm_80.cubin", "obj.o"} <= set(names), names


# What fails leaves nothing.
def refuse(message, *options, target=("--target=cuda",)):
    done = run(*options, *target, "-o", "none.so", path=os.environ["PATH"])
    assert done.returncode == 1 and message in done.stderr, done
    assert not [n for n in os.listdir(".") if n.startswith("none")]


def program(name, text):
    with open(name, "w") as file:
        file.write("#!/bin/sh\n" + text)
    os.chmod(name, 0o755)
    return "--ptxas=" + os.path.abspath(name)


subprocess.run([tool("seqc"), "tanh.mlir", "--precise", "-o", "cpu.so"], check=True)
refuse("expected steps without calls of the C library for a GPU, but got one of 'llvm.tanh", "tanh.mlir", "--precise")
refuse("expected NVIDIA's ptxas, but found no program 'no-such'", "sum.mlir", "--ptxas=no-such")
refuse("failed for sm_80: ptxas fatal : no licence", "sum.mlir", program("failing", "echo ptxas fatal : no licence; exit 3"))
refuse("failed for sm_80: it wrote no cubin. done\nhelp: --ptxas= makes a library with PTX alone\n", "sum.mlir",
       program("idle", "echo done"))
subprocess.run([tool("seqc"), "sum.mlir", "--target=cuda", "--emit=seq", "-o", "facts.mlir"], check=True)
facts = "expected the facts of a CPU in 'seqc.target' for a library or an object file, but got those of an NVIDIA GPU"
refuse(facts, "facts.mlir")
refuse(facts, "facts.mlir", target=())
