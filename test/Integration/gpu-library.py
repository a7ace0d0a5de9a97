# RUN: %python %s
# REQUIRES: numpy, x86-host, avx2
"""Libraries with kernels for a GPU: one file runs on the CPU and, with a fake driver, on a device whose memory the host
cannot touch. What the kernels get gives the bits of plan `reference`: states that the caller gives, hidden ones that
begin on the device, resets, packed sequences, scratch. Without a driver the CPU's entry still works."""

import ctypes
import os
import subprocess
import sys

import numpy as np

import fake_gpu
import library
import packed_steps
import version_steps
from bits import expect_same
from compiled import FOLDER, compile_text, describe, pointers
from gpu_tools import on_gpu

MARCH = "x86-64-v3"
CUDA = ["--target=cuda", "--ptxas="]
CELLS = ["ema", "lru", "sru", "selective_scan", "rwkv4_wkv", "aaren", "mega_ema", "cummax", "timestep_norm", "lstm", "gru"]

# States that the caller does not see: a constant, and what an argument is at the start.
HIDDEN = """
func.func @f(%x: tensor<?x?x8xf32> {seqc.dims = ["B", "T"]}, %r: tensor<?x?xi1> {seqc.dims = ["B", "T"]},
             %h0: tensor<?x8xf32> {seqc.dims = ["B"]}) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %c0 = arith.constant 0 : index
  %quarter = arith.constant 0.25 : f32
  %B = tensor.dim %x, %c0 : tensor<?x?x8xf32>
  %e = tensor.empty(%B) : tensor<?x8xf32>
  %k0 = linalg.fill ins(%quarter : f32) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %y, %last, %unused = seq.recurrence (%u: tensor<8xf32> in %x) resets(%r)
      states(%h: tensor<8xf32> = %h0, %k: tensor<8xf32> = %k0) {
    %m = arith.mulf %h, %k : tensor<8xf32>
    %n = arith.addf %u, %m : tensor<8xf32>
    %l = math.absf %n : tensor<8xf32>
    seq.yield next(%n, %l : tensor<8xf32>, tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x?xi1>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}
"""

# Values that are no work for many threads alone: one computes all.
ELEMENTS = """
func.func @f(%x: tensor<2x?x4xf32> {seqc.dims = ["T"]}) -> tensor<2x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %e = tensor.empty() : tensor<2x4xf32>
  %ones = linalg.fill ins(%one : f32) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  %h0 = tensor.insert %two into %ones[%c0, %c3] : tensor<2x4xf32>
  %y, %last = seq.recurrence (%u: tensor<4xf32> in %x) states(%h: tensor<4xf32> = %h0) {
    %n = arith.addf %u, %h : tensor<4xf32>
    seq.yield next(%n : tensor<4xf32>) out(%n : tensor<4xf32>)
  } : (tensor<2x?x4xf32>, tensor<2x4xf32>) -> (tensor<2x?x4xf32>, tensor<2x4xf32>)
  return %y : tensor<2x?x4xf32>
}
"""

rng = np.random.default_rng(11)
gpu = fake_gpu.Device()


def check(name, source, calls, function="f"):
    """`calls` are lists of arguments; every result on the device has the bits of `reference` on the CPU, and so has
    the library's CPU entry those of a library for CPUs alone."""
    model = compile_text(source, "fused", MARCH, CUDA)[function]
    plain = compile_text(source, "fused", MARCH)[function]
    reference = compile_text(source, "reference", MARCH)[function]
    gpu.use_kernels(source, ["--schedule=fused"])
    gpu.driver.fake_log()
    for values in calls:
        want = reference(*values)
        what = f"{name} {[np.shape(v) for v in values]}"
        expect_same(model(*values), plain(*values), what + " on the CPU")
        assert b"cu" not in gpu.driver.fake_log(), "a call on the CPU called the driver"
        expect_same(gpu.call(model, *values), want, what)
        log = gpu.driver.fake_log()
        expect_same(gpu.call(model, *values, scratch=True), want, what + " with scratch")
        assert b"Alloc" not in gpu.driver.fake_log()
    assert log.count(b"cuModuleLoadDataEx") == 0, "the second call loaded the kernels again"
    assert gpu.driver.fake_live_memories() == 0 and gpu.driver.fake_depth() == 0


cases = [(name, library.sizes_of(name)) for name in CELLS]
# Blocks that ask for more shared memory than kernels may name, and kernels that are started for each step.
cases += [("lstm", dict(I=3, H=128)), ("gru_reset_before", dict(I=2, H=136))]
for cell_name, sizes in cases:
    cell = library.Cell(cell_name, **sizes)
    batches = [(0, 3), (1, 0), (1, 1), (3, 7), (5, 33)]
    check(cell_name, cell.program(), [cell.values(rng, B, T) for B, T in batches])
    print(cell_name)


def hidden_values(B, T):
    resets = rng.random((B, T)) < 0.2
    return [rng.standard_normal((B, T, 8)), resets, rng.standard_normal((B, 8))]


check("hidden", HIDDEN, [hidden_values(B, T) for B, T in [(2, 9), (0, 4), (3, 0), (70, 5)]])
check("elements", ELEMENTS, [[rng.standard_normal((2, T, 4))] for T in (0, 1, 9)])
packed = packed_steps.function("leaky", True)
offsets = [[0, 4, 4, 9], [0, 0, 0, 9]]
check("packed", packed, [[rng.standard_normal((9, 6)), rng.standard_normal((3, 6)), cu] for cu in offsets], "leaky")

# Offsets on the device are not looked at, their number is; those on the host are checked and copied.
leaky = compile_text(packed, "fused", MARCH, CUDA)["leaky"]
tensors, _ = gpu.tensors(leaky, [np.zeros((9, 6)), np.zeros((3, 6)), [0, 4, 4, 9]])
tensors[2].shape[0] = 3
code = leaky.symbol("call")(None, pointers(tensors), ctypes.c_int32(len(tensors)))
assert code == 5 and "argument 'cu': expected one offset more than there are sequences" in leaky.library.last_error()
values = [rng.standard_normal((9, 6)), rng.standard_normal((3, 6)), [0, 4, 4, 9]]


def call_with_host_offsets(offsets):
    """The error code, and the results if there is none."""
    array = np.array(offsets, np.int32)
    tensors, shapes = gpu.tensors(leaky, values)
    tensors[2] = describe(array)
    code = leaky.symbol("call")(None, pointers(tensors), ctypes.c_int32(len(tensors)))
    return code, code or [gpu.get(t, s, np.float32) for t, s in zip(tensors[3:], shapes)]


gpu.driver.fake_log()
code, results = call_with_host_offsets(values[2])
log = gpu.driver.fake_log().decode()
assert code == 0 and "cuMemcpyHtoDAsync_v2(16 bytes, stream 0)" in log
expect_same(results, compile_text(packed, "reference", MARCH)["leaky"](*values), "offsets on the host")
assert call_with_host_offsets([0, 5, 4, 9])[0] == 11
assert "argument 'cu': expected offsets that never fall" in leaky.library.last_error()
at = log[: log.index("cuMemcpyHtoD")].count("\n") + 1
gpu.driver.fake_fail(at, 700)
assert call_with_host_offsets(values[2])[0] == 21
assert "leaky: cuMemcpyHtoDAsync_v2: CUDA_ERROR_ILLEGAL_ADDRESS" in leaky.library.last_error()
gpu.driver.fake_fail(0, 0)
assert gpu.driver.fake_live_memories() == 0 and gpu.driver.fake_depth() == 0

# Scalars are in CPU memory, also where the first argument is one, and are copied; on the device they are read there.
SCALARS = """
func.func @f(%k: f32, %x: tensor<?x?x8xf32> {seqc.dims = ["B", "T"]}, %on: i1, %h0: tensor<?x8xf32> {seqc.dims = ["B"]})
    -> tensor<?x?x8xf32> {
  %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<8xf32> = %h0) {
    %ks = tensor.splat %k : tensor<8xf32>
    %m = arith.mulf %ks, %h : tensor<8xf32>
    %s = arith.addf %u, %m : tensor<8xf32>
    %n = arith.select %on, %s, %u : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}
"""
scaled = compile_text(SCALARS, "fused", MARCH, CUDA)["f"]
gpu.use_kernels(SCALARS, ["--schedule=fused"])
for on in (True, False):
    values = [np.float32(0.75), rng.standard_normal((3, 9, 8)), on, rng.standard_normal((3, 8))]
    want = compile_text(SCALARS, "reference", MARCH)["f"](*values)
    expect_same(gpu.call(scaled, *values), want, "scalars on the device")
    tensors, shapes = gpu.tensors(scaled, values)
    k, flag = np.array(0.75, np.float32), np.array(on)
    tensors[0], tensors[2] = describe(k), describe(flag)
    gpu.driver.fake_log()
    code = scaled.symbol("call")(None, pointers(tensors), ctypes.c_int32(len(tensors)))
    log = gpu.driver.fake_log().decode()
    assert code == 0, scaled.library.last_error()
    assert "cuMemcpyHtoDAsync_v2(4 bytes, stream 0)" in log and "cuMemcpyHtoDAsync_v2(1 bytes, stream 0)" in log, log
    expect_same([gpu.get(t, s, np.float32) for t, s in zip(tensors[4:], shapes)], want, "scalars on the host")
flag = np.array(3, np.uint8).view(bool)
tensors[2] = describe(flag)
assert scaled.symbol("call")(None, pointers(tensors), ctypes.c_int32(len(tensors))) == 11, "a bool of 3"

# Versions: the host starts the kernels of the one that a call's sizes ask for, with its scratch: plan `fused` below 128
# steps and for many sequences, else a scan, which has one kernel more.
for hidden in (False, True):
    source = version_steps.text(64, hidden, "%s = arith.mulf %h, %w\n%n = arith.addf %s, %x", "%n")
    model, emulated = compile_text(source, "auto", MARCH, CUDA)["f"], on_gpu(source, "auto")
    gpu.use_kernels(source)
    for B, T, launches in ((1, 5, 1), (3, 127, 1), (2, 300, 2), (600, 140, 1)):
        values = version_steps.values(64, B, T, hidden)
        for scratch in (False, True):
            gpu.driver.fake_log()
            expect_same(gpu.call(model, *values, scratch=scratch), emulated(*values), f"versions {B} x {T}")
            assert gpu.driver.fake_log().count(b"cuLaunchKernel") == launches + hidden, (B, T)

# A process of its own: nothing is opened at load, nor by calls on the CPU; a GPU's tensors open the driver, or fail
# where there is none.
ema = library.Cell("ema", D=8)
path = compile_text(ema.program(), "fused", "native", CUDA).path
ALONE = """
import ctypes, sys
import numpy as np
import library
from compiled import Library, describe, pointers
maps = lambda: "libcuda" in open("/proc/self/maps").read()
function = Library(sys.argv[1])["f"]
values = library.Cell("ema", D=8).values(np.random.default_rng(1), 2, 5)
results = function(*values)
assert np.isfinite(results[0]).all() and not maps()
tensors = [describe(np.ascontiguousarray(v)) for v in [*values, *results]]
for tensor in tensors:
    tensor.device_type = 2
code = function.symbol("call")(None, pointers(tensors), ctypes.c_int32(len(tensors)))
print(code, maps(), function.library.last_error())
assert all((a == b).all() for a, b in zip(function(*values), results))
"""


def run_alone(folder):
    environment = dict(os.environ, LD_LIBRARY_PATH=folder)
    done = subprocess.run([sys.executable, "-c", ALONE, path], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


nowhere = os.path.join(FOLDER.name, "empty")
os.mkdir(nowhere)
assert run_alone(nowhere).startswith("20 False f: no CUDA driver: libcuda.so.1: "), run_alone(nowhere)
assert run_alone(FOLDER.name).startswith("21 True f: argument "), run_alone(FOLDER.name)
