"""Compiled models through the plain C ABI: ctypes and NumPy, nothing of seqc's own Python module.

    model = compile_text(text, schedule="reference")
    y, last = model["f"](x, h0)
    stream = model["f"].stream(initial=[h0], B=2)
    y = stream.step(x[:, :5])

Every tensor of a call lies at a guard page (see guard.py) unless `guard=False`.
"""

import ctypes
import hashlib
import json
import os
import subprocess
import tempfile

import ml_dtypes
import numpy as np

import guard

DTYPES = {
    "f64": np.float64,
    "f32": np.float32,
    "f16": np.float16,
    "bf16": ml_dtypes.bfloat16,
    "complex128": np.complex128,
    "complex64": np.complex64,
    "i64": np.int64,
    "i32": np.int32,
    "i16": np.int16,
    "i8": np.int8,
    "bool": np.bool_,
    "index": np.int64,
}
CODES = {"f": 2, "b": 4, "i": 0, "o": 6, "c": 5}


class DLTensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


BODY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
PARALLEL_FOR = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, BODY, ctypes.c_void_p)


class Stats(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_int64)
        for name in ("sequences", "steps", "evaluated", "passes", "repaired", "jumps", "one_by_one")
    ]


class Context(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint64),
        ("parallel_for", PARALLEL_FOR),
        ("pool", ctypes.c_void_p),
        ("scratch", ctypes.c_void_p),
        ("scratch_bytes", ctypes.c_int64),
        ("error", ctypes.c_char_p),
        ("error_capacity", ctypes.c_int64),
        ("stats", ctypes.POINTER(Stats)),
        ("stream", ctypes.c_void_p),
    ]


def context(run=None, scratch=None, stats=None):
    """A context whose parallel_for is `run(n, body)` in Python; `scratch` is an array, `stats` a Stats."""
    result = Context(size=ctypes.sizeof(Context))
    if run:
        hook = PARALLEL_FOR(lambda pool, n, body, env: run(n, lambda b, e: body(env, b, e)))
        result.parallel_for = hook
        result.keep = hook
    if scratch is not None:
        result.scratch, result.scratch_bytes = scratch.ctypes.data, scratch.nbytes
        result.keep_scratch = scratch
    if stats is not None:
        result.stats = ctypes.pointer(stats)
    return result


def describe(array, shape=None, data=None):
    """A DLTensor over `array`. The caller keeps the array alive."""
    shape = array.shape if shape is None else shape
    sizes = (ctypes.c_int64 * max(1, len(shape)))(*shape)
    name = array.dtype.name
    letter = "b" if name == "bfloat16" else "o" if name == "bool" else "c" if name[0] == "c" else "i" if name[0] == "i" else "f"
    tensor = DLTensor(
        data=array.ctypes.data if data is None else data,
        device_type=1,
        ndim=len(shape),
        code=CODES[letter],
        bits=array.dtype.itemsize * 8,
        lanes=1,
        shape=sizes,
    )
    tensor.keep = (array, sizes)
    return tensor


def pointers(tensors):
    return (ctypes.POINTER(DLTensor) * max(1, len(tensors)))(*map(ctypes.pointer, tensors))


class SeqcError(Exception):
    """A nonzero return code with the library's message."""


class Function:
    """One function of a library: call it with arrays, get its results as a list."""

    def __init__(self, library, signature):
        self.library, self.signature = library, signature
        self.name = signature["symbol"]
        self.arguments, self.results = signature["arguments"], signature["results"]
        self.n_public = len(self.arguments)

    def symbol(self, suffix, result=ctypes.c_int32):
        function = getattr(self.library.handle, f"{self.name}_{suffix}")
        function.restype = result
        return function

    def check(self, code):
        if code:
            raise SeqcError(f"{self.name}: error {code}: {self.library.last_error()}")

    def cast(self, values, signatures):
        values = [np.asarray(v, DTYPES[s["dtype"]]) for v, s in zip(values, signatures, strict=True)]
        for value, signature in zip(values, signatures):
            assert value.ndim == (0 if signature["scalar"] else len(signature["shape"])), signature
        return values

    def result_shapes(self, tensors):
        """Sizes of all results, from f_shapes."""
        blank = [describe(np.empty([0] * len(r["shape"]), DTYPES[r["dtype"]])) for r in self.results]
        everything = pointers(tensors + blank)
        self.check(self.symbol("shapes")(everything, len(tensors) + len(blank)))
        return [tuple(b.shape[d] for d in range(b.ndim)) for b in blank]

    def __call__(self, *values, context=None, where="end", seed=0):
        values = self.cast(values, self.arguments)
        with guard.Arena(where, seed) as arena:
            inputs = [arena.read_only(v) for v in values]
            tensors = [describe(v) for v in inputs]
            shapes = self.result_shapes(tensors)
            outputs = [arena.output(s, DTYPES[r["dtype"]]) for s, r in zip(shapes, self.results)]
            everything = pointers(tensors + [describe(o) for o in outputs])
            pointer = ctypes.byref(context) if context is not None else None
            self.check(self.symbol("call")(pointer, everything, len(values) + len(outputs)))
            return [np.array(o) for o in outputs]

    def scratch_bytes(self, *values):
        values = self.cast(values, self.arguments)
        tensors = [describe(v) for v in values]
        shapes = self.result_shapes(tensors)
        outputs = [describe(np.empty(s, DTYPES[r["dtype"]])) for s, r in zip(shapes, self.results)]
        bytes_ = self.symbol("scratch_bytes", ctypes.c_int64)(
            pointers(tensors + outputs), len(tensors) + len(outputs)
        )
        if bytes_ < 0:
            self.check(-bytes_)
        return bytes_

    def stream(self, initial=(), **sizes):
        return Stream(self, initial, sizes)


class Stream:
    """A streaming state in memory of ours, at a guard page."""

    def __init__(self, function, initial, sizes):
        self.function = function
        signature = function.signature
        assert signature["streams"], signature["notStreamable"]
        names = signature["symbols"]
        self.sizes = (ctypes.c_int64 * max(1, len(names)))(*[sizes.get(n, 1) for n in names])
        need = function.symbol("state_bytes", ctypes.c_int64)(self.sizes, ctypes.c_int32(len(names)))
        if need < 0:
            function.check(-need)
        self.arena = guard.Arena("end", 0)
        self.bytes = need
        # A blob is a multiple of 16 bytes, so its end at a page keeps it aligned.
        self.blob = self.arena.output(((need + 15) // 16 * 16,), np.uint8)
        states = signature["states"]
        self.state_arguments = {s["argument"] for s in states if s["argument"] < function.n_public}
        self.state_results = {s["result"] for s in states if s["result"] < len(function.results)}
        order = [s["argument"] for s in states if s["argument"] < function.n_public]
        tensors = []
        for index, value in zip(order, initial):
            dtype = DTYPES[function.arguments[index]["dtype"]]
            tensors.append(describe(self.arena.read_only(np.asarray(value, dtype))))
        function.check(
            function.symbol("state_init")(
                self.blob.ctypes.data_as(ctypes.c_void_p),
                ctypes.c_int64(self.blob.size),
                self.sizes,
                ctypes.c_int32(len(names)),
                pointers(tensors),
                ctypes.c_int32(len(tensors)),
            )
        )

    def step(self, *values, result_shapes, context=None):
        """Results that are no states, for arguments that are no states, in IR order.
        `result_shapes` gives their shapes."""
        function = self.function
        kept = [a for i, a in enumerate(function.arguments) if i not in self.state_arguments]
        outs = [r for i, r in enumerate(function.results) if i not in self.state_results]
        values = function.cast(values, kept)
        with guard.Arena("end", 0) as arena:
            tensors = [describe(arena.read_only(v)) for v in values]
            outputs = [
                arena.output(s, DTYPES[r["dtype"]]) for s, r in zip(result_shapes, outs, strict=True)
            ]
            everything = pointers(tensors + [describe(o) for o in outputs])
            pointer = ctypes.byref(context) if context is not None else None
            function.check(
                function.symbol("step")(
                    pointer,
                    self.blob.ctypes.data_as(ctypes.c_void_p),
                    ctypes.c_int64(self.blob.size),
                    everything,
                    ctypes.c_int32(len(tensors) + len(outputs)),
                )
            )
            return [np.array(o) for o in outputs]

    def blob_bytes(self):
        return self.blob.tobytes()


class Library:
    """A model.so that seqc wrote, by path."""

    def __init__(self, path):
        self.path = path
        self.handle = ctypes.CDLL(path)
        name = os.path.splitext(os.path.basename(path))[0]
        info = getattr(self.handle, f"{name}_info")
        info.restype = ctypes.c_char_p
        self.last_error_symbol = getattr(self.handle, f"{name}_last_error")
        self.last_error_symbol.restype = ctypes.c_char_p
        self.info = json.loads(info())
        self.functions = {f["name"]: Function(self, f) for f in self.info["functions"]}

    def last_error(self):
        return self.last_error_symbol().decode()

    def __getitem__(self, name):
        return self.functions[name]


def tool(name):
    return os.path.join(os.environ["SEQC_BUILD_DIR"], "bin", name)


FOLDER = tempfile.TemporaryDirectory(prefix="seqc-test-")
LIBRARIES = {}


def compile_text(text, schedule="auto", march="native", extra=()):
    """Compiles MLIR text to a library, once for equal requests."""
    key = "m" + hashlib.sha1(repr((text, schedule, march, tuple(extra))).encode()).hexdigest()[:16]
    if key in LIBRARIES:
        return LIBRARIES[key]
    source, target = (os.path.join(FOLDER.name, key + suffix) for suffix in (".mlir", ".so"))
    with open(source, "w") as file:
        file.write(text)
    command = [tool("seqc"), source, "-o", target, f"--schedule={schedule}"]
    command += [f"--march={march}"] if march else []
    done = subprocess.run(command + list(extra), capture_output=True, text=True)
    if done.returncode:
        raise SeqcError(f"{' '.join(command)}\n{done.stderr[-3000:]}\n{text[:6000]}")
    LIBRARIES[key] = Library(target)
    return LIBRARIES[key]


def levels():
    """The --march levels that this host can run, lowest first."""
    try:
        with open("/proc/cpuinfo") as file:
            flags = set(next((l for l in file if l.startswith("flags")), "").split())
    except OSError:
        flags = set()
    result = []
    if {"avx2", "fma", "bmi2", "f16c", "movbe"} <= flags:
        result.append("x86-64-v3")
    if {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= flags:
        result.append("x86-64-v4")
    return result or ["native"]
