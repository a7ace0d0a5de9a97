# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Tensors of other libraries through DLPack: nothing is copied, results are written in place; on a GPU (a fake driver)
the stream is handed on, to the tensors' library and to the driver."""

import ctypes
import os

import numpy as np
import seqc

import fake_gpu
import library
from compiled import FOLDER, compile_text, describe

cell = library.Cell("ema", D=8)
source = cell.program()
path = compile_text(source, "fused", "native", ["--target=cuda", "--ptxas="]).path
model = seqc.load(path)
assert model.info["cuda"] == ["sm_80"]
plain = seqc.compile(source)
assert "cuda" not in plain.info

values = cell.values(np.random.default_rng(2), 3, 9)
for module in (plain, model):
    want = module.f(*values)
    results = [np.zeros_like(r) for r in want]
    module.f.into(*values, *results)
    assert all((a == b).all() for a, b in zip(results, want))


def expect(kind, text, call):
    try:
        call()
    except kind as error:
        assert text in str(error), f"expected {text!r}, but got {error!s}"
        return error
    raise AssertionError(f"expected {kind.__name__} with {text!r}")


# DLPack's managed tensor and its capsule, as a library of a GPU makes them.
class Managed(ctypes.Structure):
    _fields_ = [("tensor", type(describe(values[0]))), ("owner", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


capsule = ctypes.pythonapi.PyCapsule_New
capsule.restype = ctypes.py_object
capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


class OnGpu:
    def __init__(self, tensor):
        self.managed, self.streams = Managed(tensor=tensor), []
        self.keep = tensor

    def __dlpack_device__(self):
        return self.managed.tensor.device_type, self.managed.tensor.device_id

    def __dlpack__(self, stream=None):
        self.streams.append(stream)
        return capsule(ctypes.addressof(self.managed), b"dltensor", None)


gpu = fake_gpu.Device()
gpu.use_kernels(source, ["--schedule=fused"])
tensors, shapes = gpu.tensors(compile_text(source, "fused", "native", ["--target=cuda", "--ptxas="])["f"], values)
given = [OnGpu(t) for t in tensors]
gpu.driver.fake_primary.restype = gpu.driver.fake_stream.restype = ctypes.c_void_p
primary = ctypes.c_void_p(gpu.driver.fake_primary(0))
for stream in (None, 0, gpu.driver.fake_stream(primary)):
    gpu.driver.fake_log()
    model.f.into(*given, stream=stream)
    assert all(g.streams[-1] == (stream or None) for g in given)
    number = gpu.driver.fake_stream_id(ctypes.c_void_p(stream)) if stream else 0
    assert f"stream {number})".encode() in gpu.driver.fake_log()
    for tensor, shape, value in zip(tensors[len(values) :], shapes, want):
        got = gpu.get(tensor, shape, value.dtype)
        assert np.allclose(got, value, rtol=1e-6)

# What cannot be.
expect(TypeError, "f: expected a tensor with __dlpack__, but got list", lambda: model.f.into([1.0]))
expect(ValueError, "f: expected 5 tensors", lambda: model.f.into(*values))
expect(TypeError, "f: argument 'x': expected an array in CPU memory, but got one on a device; into() takes tensors of devices",
       lambda: model.f(*given[: len(values)]))
error = expect(seqc.Error, "f: argument 'alpha': expected a tensor on CUDA device 0 like 'x', but got one in CPU memory",
               lambda: model.f.into(given[0], values[1], *given[2:]))
assert error.code == 8
expect(seqc.Error, "f: argument 'x': expected a tensor in CPU memory (DLPack device 1), but got device 2",
       lambda: plain.f.into(*given))
gpu.driver.fake_fail(1, 700)
error = expect(seqc.Error, "CUDA_ERROR_ILLEGAL_ADDRESS (an illegal memory access was encountered)",
               lambda: model.f.into(*given))
assert error.code == 21
gpu.driver.fake_fail(0, 0)
