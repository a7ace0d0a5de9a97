"""A GPU for libraries with kernels, without hardware: test/Runtime/Inputs/fake-cuda.c as the driver, whose memory the
host cannot touch, and the kernels' LLVM IR compiled for this CPU.

    gpu = fake_gpu.Device()
    gpu.use_kernels(source)              # of `seqc --target=cuda --emit=llvm`
    results = gpu.call(library["f"], x, h0)
"""

import ctypes
import os
import re
import subprocess

import numpy as np

from compiled import DTYPES, FOLDER, context, describe, pointers, tool

HOOK = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p)
GLUE = """
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
static _Thread_local int block, thread;
_Alignas(16) char seqc_dynamic_shared[227 << 10];
static pthread_barrier_t all;
int gpu_block(void) { return block; }
int gpu_thread(void) { return thread; }
void gpu_barrier(int id) { (void)id; pthread_barrier_wait(&all); }
%s
static void (*kernel)(void *);
static void *given;
static int now;
static void *run(void *number) {
  block = now;
  thread = (int)(long)number;
  kernel(given);
  return NULL;
}
/* Threads that meet at barriers are the system's; others run one after the other. */
void launch(const char *name, unsigned grid, unsigned threads, void *argument) {
  int meet = 0;
  pthread_t ids[1024];
  kernel = 0;
  given = argument;
  %s
  if (!kernel || threads > 1024)
    abort();
  pthread_barrier_init(&all, NULL, threads);
  for (now = 0; now < (int)grid; ++now) {
    for (long i = 0; i < (int)threads; ++i)
      if (!meet)
        run((void *)i);
      else if (pthread_create(&ids[i], NULL, run, (void *)i))
        abort();
    for (unsigned i = 0; meet && i < threads; ++i)
      pthread_join(ids[i], NULL);
  }
}
"""
INTRINSICS = {"read.ptx.sreg.ctaid.x": "gpu_block", "read.ptx.sreg.tid.x": "gpu_thread", "barrier.cta.sync.aligned.all": "gpu_barrier"}


def build_driver(folder):
    """The folder of a fake libcuda.so.1."""
    source = os.path.join(os.environ["SEQC_SOURCE_DIR"], "test", "Runtime", "Inputs", "fake-cuda.c")
    command = ["gcc", "-O1", "-shared", "-fPIC", "-pthread", source, "-Wl,-soname,libcuda.so.1"]
    subprocess.run(command + ["-o", os.path.join(folder, "libcuda.so.1")], check=True)
    return folder


def kernels_for_cpu(ir):
    """The text of a device module as one that clang compiles for this machine: a kernel is `void name(void *)`."""
    ir = re.sub(r'^target (datalayout|triple) = .*$', "", ir, flags=re.M)
    ir = re.sub(r'"(target-cpu|target-features)"="[^"]*"', "", ir)
    ir = re.sub(r"byval\([^)]*\) ", "", ir.replace("ptx_kernel ", ""))
    for intrinsic, function in INTRINSICS.items():
        ir = ir.replace("@llvm.nvvm." + intrinsic, "@" + function)
    assert "llvm.nvvm" not in ir, re.findall(r"@llvm\.nvvm[\w.]*", ir)
    return ir


class Device:
    def __init__(self, device=0):
        self.driver = ctypes.CDLL(os.path.join(build_driver(FOLDER.name), "libcuda.so.1"))
        self.driver.fake_allocate.restype = ctypes.c_void_p
        self.driver.fake_log.restype = ctypes.c_char_p
        self.device, self.count = device, 0

    def use_kernels(self, source, extra=()):
        """Compiles MLIR text to kernels for this CPU, which the driver runs from now on."""
        self.count += 1
        stem = os.path.join(FOLDER.name, f"kernels{self.count}")
        with open(stem + ".mlir", "w") as file:
            file.write(source)
        command = [tool("seqc"), stem + ".mlir", "--target=cuda", "--emit=llvm", *extra]
        ir = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        bodies = dict(re.findall(r"^define .*?ptx_kernel void @(\w+)(\(.*?^})", ir, re.M | re.S))
        names = list(bodies)
        with open(stem + ".ll", "w") as file:
            file.write(kernels_for_cpu(ir))
        with open(stem + ".c", "w") as file:
            tests = "".join(f'if (!strcmp(name, "{n}")) kernel = {n}, meet = {int("barrier" in bodies[n])};' for n in names)
            file.write(GLUE % ("".join(f"void {n}(void *);" for n in names), tests))
        options = ["-O1", "-mfma", "-ffp-contract=off", "-w", "-shared", "-fPIC"]
        subprocess.run(["clang", *options, stem + ".ll", stem + ".c", "-lm", "-o", stem + ".so"], check=True)
        self.kernels = ctypes.CDLL(stem + ".so")
        self.driver.fake_on_launch(ctypes.cast(self.kernels.launch, ctypes.c_void_p))
        return names

    def allocate(self, size):
        return self.driver.fake_allocate(ctypes.c_size_t(max(size, 1)), self.device)

    def put(self, array):
        """A tensor with the contents of `array`, in the device's memory."""
        array = np.array(array, order="C")
        memory = self.allocate(array.nbytes)
        self.driver.fake_write(ctypes.c_void_p(memory), ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(array.nbytes))
        tensor = describe(array, data=memory)
        tensor.device_type, tensor.device_id = 2, self.device
        return tensor

    def get(self, tensor, shape, dtype):
        array = np.empty(shape, dtype)
        data = ctypes.c_void_p(tensor.data)
        self.driver.fake_read(ctypes.c_void_p(array.ctypes.data), data, ctypes.c_size_t(array.nbytes))
        return array

    def tensors(self, function, values):
        """Arguments and results of a call, and the shapes of the results."""
        values = function.cast(values, function.arguments)
        shapes = function.result_shapes([describe(v) for v in values])
        outputs = [np.full(s, 77).astype(DTYPES[r["dtype"]]) for s, r in zip(shapes, function.results)]
        return [self.put(v) for v in [*values, *outputs]], shapes

    def call(self, function, *values, stream=None, scratch=False):
        """The results of a call on the device; `scratch` True: with memory of the caller's."""
        tensors, shapes = self.tensors(function, values)
        given = context()
        given.stream = stream
        if scratch:
            count = ctypes.c_int32(len(tensors))
            need = function.symbol("scratch_bytes", ctypes.c_int64)(pointers(tensors), count)
            given.scratch, given.scratch_bytes = self.allocate(need), need
        function.check(function.symbol("call")(ctypes.byref(given), pointers(tensors), ctypes.c_int32(len(tensors))))
        outputs = tensors[len(tensors) - len(shapes) :]
        return [self.get(t, s, DTYPES[r["dtype"]]) for t, s, r in zip(outputs, shapes, function.results)]
