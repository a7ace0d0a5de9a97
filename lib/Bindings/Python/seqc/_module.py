"""Modules, their functions, and streams."""

import ctypes
import json
import keyword
import operator
import os

import numpy as np

from . import _library
from ._arrays import Parameter, pointers
from ._dlpack import borrow
from ._library import check


def compile(
    model,
    *,
    weights=None,
    schedule=None,
    march=None,
    assume=None,
    threads=1,
    certificate=None,
    streaming_exact=False,
    target_facts=None,
    device=None,
    precise=False,
    name=None,
    json_diagnostics=False,
    cache=True,
):
    """Compiles `model` for this machine and returns a Module.

    model: path of a .mlir or .mlirbc file, MLIR text (a str with a line break or a brace), or
        bytecode (bytes).
    weights: path of a .safetensors file for arguments marked `seqc.param`.
    schedule: "auto", "reference", "fused", "scan", "segments" or "newton".
    march: "native", a level such as "x86-64-v3", or a list such as "+avx2,+fma".
    assume: usual sizes as a dict, {"B": 8, "T": 4096}; they never affect results.
    threads: threads that plans are made for; a call may be given more or fewer.
    certificate: "bitwise", or "backward": a step that mixes channels, an LSTM's, may run in
        segments of time, where the state jumps by some units in the last place (docs/Newton.md).
    streaming_exact: only plans whose steps give the bits of the whole sequence.
    target_facts: path of a file that seqc-run --calibrate wrote: better choices for this machine.
    device: None, or "emulate": kernels of an NVIDIA GPU, run and checked by this CPU; `march` is
        then "sm_80" (None), "sm_90" or "sm_100".
    precise: activations by libm.
    name: the module's C name, for symbols of a saved library.

    Raises CompileError if the model is wrong, LoadError if a file cannot be read, ValueError
    for a wrong option. The same model with the same options is compiled once a process, unless
    `cache` is False.
    """
    options = _library.Options(struct_size=ctypes.sizeof(_library.Options))
    options.name = _text(name)
    options.schedule = _text(schedule)
    options.march = _text(march)
    options.weights = None if weights is None else os.fsencode(weights)
    if assume:
        options.assume = ",".join(f"{k}={int(v)}" for k, v in assume.items()).encode()
    options.threads = int(threads)
    options.certificate = _text(certificate)
    options.streaming_exact = bool(streaming_exact)
    options.target_facts = None if target_facts is None else os.fsencode(target_facts)
    options.device = _text(device)
    options.precise = bool(precise)
    options.diagnostics_json = bool(json_diagnostics)
    options.no_cache = not cache
    handle = ctypes.c_void_p()
    out = ctypes.byref(handle)
    if isinstance(model, (bytes, bytearray, memoryview)):
        data = bytes(model)
        code = _library.function("compile_bytecode")(data, len(data), options, out)
    elif isinstance(model, str) and ("\n" in model or "{" in model):
        data = model.encode()
        code = _library.function("compile_text")(data, len(data), options, out)
    else:
        code = _library.function("compile_file")(os.fsencode(model), options, out)
    check(code)
    return Module(handle)


def load(path):
    """Loads a library that seqc wrote and returns a Module. Raises LoadError or CompileError."""
    handle = ctypes.c_void_p()
    check(_library.function("load")(os.fsencode(path), ctypes.byref(handle)))
    return Module(handle)


def clear_cache():
    """Forgets all cached compilations; modules in use stay valid."""
    _library.function("clear_cache")()


def _text(value):
    return None if value is None else str(value).encode()


class Module:
    """A compiled module. Its functions are attributes and items: m.scan, m["scan"]."""

    def __init__(self, handle):
        self._handle = handle
        self.info = json.loads(_library.function("info")(handle).decode())
        self.diagnostics = _library.function("diagnostics")(handle).decode()
        self._functions = {f["name"]: Function(self, f) for f in self.info["functions"]}

    @property
    def functions(self):
        """All functions by name."""
        return dict(self._functions)

    def __getitem__(self, name):
        if name not in self._functions:
            known = ", ".join(self._functions)
            raise KeyError(f"expected one of {known}, but got {name}")
        return self._functions[name]

    def __getattr__(self, name):
        functions = self.__dict__.get("_functions", {})
        if name not in functions:
            known = ", ".join(functions)
            raise AttributeError(f"expected one of the functions {known}, but got {name}")
        return functions[name]

    def __dir__(self):
        return [*super().__dir__(), *(n for n in self._functions if not keyword.iskeyword(n))]

    def __repr__(self):
        lines = [f"seqc.Module {self.info['module']} for {self.info['triple']}:"]
        return "\n  ".join(lines + [f.signature for f in self._functions.values()])

    def save(self, path, linker=None):
        """Writes the library `path` (ends in .so) and its C header beside it."""
        code = _library.function("save")(self._handle, os.fsencode(path), _text(linker))
        check(code)

    def __copy__(self):
        return self  # nothing in it changes

    def __del__(self):
        handle = self.__dict__.get("_handle")
        if handle and _library is not None:
            _library.function("release")(handle)


class Function:
    """A function of a module: call it with arrays.

    `arguments`, `results`: their Parameters (name, dtype, shape, scalar). `signature`: one line.
    `streams`: whether stream() works; `why_not` says why it does not. `numbers`: "bitwise",
    "tolerance" or "backward", what whole and stepwise results promise each other.
    """

    def __init__(self, module, fields):
        self._module = module
        self._fields = fields
        self.name = self.__name__ = fields["name"]
        self.arguments = [Parameter(p) for p in fields["arguments"]]
        self.results = [Parameter(p) for p in fields["results"]]
        self.sizes = list(fields["symbols"])
        self.time = fields["time"]
        self.streams = fields["streams"]
        self.why_not = fields["notStreamable"]
        self.numbers = fields["numbers"]
        self._handle = _library.function("find")(module._handle, self.name.encode())
        results = ", ".join(map(str, self.results))
        self.signature = f"{self.name}({', '.join(map(str, self.arguments))}) -> ({results})"
        states = [s for s in fields["states"]]
        n, m = len(self.arguments), len(self.results)
        self._state_arguments = sorted(s["argument"] for s in states if s["argument"] < n)
        self._state_results = {s["result"] for s in states if s["result"] < m}
        self.__doc__ = self.signature

    def __repr__(self):
        return f"<seqc.Function {self.signature}>"

    def __call__(self, *arguments, stats=None):
        """Runs the whole sequence. Returns one array, or a tuple if there are several results.

        stats: a dict that receives what plans that guess states did (on a GPU 0), summed over the model's
            recurrences: sequences, steps, evaluated (steps, repairs included), passes (of
            Newton's method), repaired (segments), jumps (certificate "backward"), one_by_one
            (sequences that were not, or not all, evaluated side by side).

        Raises TypeError for a wrong type or count, ValueError for wrong sizes.
        """
        arrays = self._read(arguments, self.arguments)
        counts = _library.Stats()
        context = _library.Context(size=ctypes.sizeof(_library.Context), stats=ctypes.pointer(counts))
        given = None if stats is None else ctypes.byref(context)
        run = lambda pointer, count: _library.function("call")(self._handle, given, pointer, count)
        results = self._finish(arrays, self.arguments, self.results, run)
        if stats is not None:
            stats.update((name, getattr(counts, name)) for name, _ in counts._fields_)
        return results

    def into(self, *tensors, stream=None):
        """Runs the whole sequence on tensors of any library with DLPack's protocol (`torch`, `cupy`,
        `jax`, NumPy): all arguments, then all results, which it writes. Nothing is copied.

        A library of `seqc --target=cuda` runs where its tensors are, all in CPU memory or all on one
        CUDA device, there on `stream` (an address as torch.cuda.current_stream().cuda_stream; None:
        the default stream), and does not wait for the end.

        Raises TypeError for a wrong type or count, ValueError for wrong sizes, Error for tensors
        of another device and for errors of the CUDA driver.
        """
        borrowed = [borrow(t, stream, self.name) for t in tensors]
        context = _library.Context(size=ctypes.sizeof(_library.Context), stream=stream)
        every = pointers([tensor for tensor, _ in borrowed])
        check(_library.function("call")(self._handle, ctypes.byref(context), every, len(borrowed)))

    def stream(self, *initial, **sizes):
        """Starts a stream and returns it.

        initial: initial values of the states that are arguments, in order; None or missing:
            zeros. sizes: values of named sizes, e.g. B=8; those of `initial` are taken from it,
            and others are 1.
        """
        if not self.streams:
            raise ValueError(f"{self.name}: expected a step form, but it has none: {self.why_not}")
        return Stream(self, initial, sizes)

    def _read(self, given, parameters):
        if len(given) != len(parameters):
            expected = ", ".join(map(str, parameters))
            raise TypeError(
                f"{self.name}: expected {len(parameters)} arguments ({expected}), "
                f"but got {len(given)}"
            )
        return [p.read(value, self.name) for p, value in zip(parameters, given)]

    def _finish(self, arrays, parameters, results, run, shapes=None):
        """Makes the results' arrays, runs and returns them. `shapes` None: the library's."""
        tensors = [p.tensor(a) for p, a in zip(parameters, arrays)]
        if shapes is None:
            shapes = self._shapes(tensors)
        outputs = [np.empty(shape, p.dtype) for p, shape in zip(results, shapes)]
        tensors += [p.tensor(a) for p, a in zip(results, outputs)]
        check(run(pointers(tensors), len(tensors)))
        values = [o[()] if p.scalar else o for p, o in zip(results, outputs)]
        return values[0] if len(values) == 1 else tuple(values)

    def _shapes(self, tensors):
        """Sizes of all results for these arguments."""
        blanks = [p.blank(len(p.shape)) for p in self.results]
        every = tensors + blanks
        check(_library.function("shapes")(self._handle, pointers(every), len(every)))
        return [tuple(t.shape[: t.ndim]) for t in blanks]


def _size(function, name, size):
    """`size` as an int of 64 bits; what it may be is for the library to say."""
    try:
        number = operator.index(size)
    except TypeError:
        raise TypeError(f"{function}: expected an int as {name}, but got {size!r}") from None
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"{function}: expected {name} of at most 2**63 - 1, but got {number}")
    return number


class Stream:
    """A sequence in progress. Not for two threads at once; copy() makes an independent one."""

    def __init__(self, function, initial, sizes):
        self.function = function
        states = [function.arguments[i] for i in function._state_arguments]
        if len(initial) > len(states):
            raise TypeError(
                f"{function.name}: expected at most {len(states)} initial states, "
                f"but got {len(initial)}"
            )
        values = dict.fromkeys(function.sizes, 1)
        for name, size in sizes.items():
            if name not in values:
                raise TypeError(
                    f"{function.name}: expected sizes named {', '.join(values)}, but got {name}"
                )
            values[name] = _size(function.name, name, size)
        arrays = [
            None if v is None else p.read(v, function.name) for p, v in zip(states, initial)
        ]
        for parameter, array in zip(states, arrays):
            if array is not None and array.ndim == len(parameter.shape):
                pairs = zip(parameter.shape, array.shape)
                values.update((n, s) for n, s in pairs if isinstance(n, str) and n not in sizes)
        self.sizes = {k: v for k, v in values.items() if k != function.time}
        self._start(states, arrays, list(values.values()))

    def _start(self, states, arrays, values):
        function = self.function
        sizes = (ctypes.c_int64 * max(len(values), 1))(*values)
        bytes_needed = _library.function("state_bytes")(function._handle, sizes, len(values))
        if bytes_needed < 0:
            check(bytes_needed)
        self._allocate(bytes_needed)
        arrays = arrays + [None] * (len(states) - len(arrays))
        tensors = [None if a is None else p.tensor(a) for p, a in zip(states, arrays)]
        code = _library.function("state_init")(
            function._handle,
            self._state.ctypes.data,
            self._state.size,
            sizes,
            len(values),
            pointers(tensors),
            len(tensors),
        )
        check(code)

    def _allocate(self, size):
        """Memory for the state, aligned to 16 bytes."""
        memory = np.zeros(size + 16, np.uint8)
        start = -memory.ctypes.data % 16
        self._state = memory[start : start + size]

    def step(self, *arguments):
        """Takes as many steps as the inputs hold: the arguments of the function without its
        states. Returns the results that are no states, like a call of the function."""
        function = self.function
        inputs = [
            p for i, p in enumerate(function.arguments) if i not in function._state_arguments
        ]
        results = [p for i, p in enumerate(function.results) if i not in function._state_results]
        arrays = function._read(arguments, inputs)

        def run(pointer, count):
            state = self._state
            return _library.function("step")(
                function._handle, None, state.ctypes.data, state.size, pointer, count
            )

        return function._finish(arrays, inputs, results, run, self._result_shapes(inputs, arrays))

    def _result_shapes(self, inputs, arrays):
        """Sizes of the results that are no states. The library computes them from all arguments;
        states are given as blank tensors of the stream's own sizes."""
        function = self.function
        sizes = dict(self.sizes)
        for parameter, array in zip(inputs, arrays):
            if array.ndim == len(parameter.shape):
                sizes.update(
                    (n, s) for n, s in zip(parameter.shape, array.shape) if isinstance(n, str)
                )
        given = iter(zip(inputs, arrays))
        tensors = []
        for i, parameter in enumerate(function.arguments):
            if i in function._state_arguments:
                tensor = parameter.blank(len(parameter.shape))
                for d, size in enumerate(parameter.shape):
                    tensor.shape[d] = sizes[size] if isinstance(size, str) else size
                tensors.append(tensor)
            else:
                tensors.append(parameter.tensor(next(given)[1]))
        shapes = function._shapes(tensors)
        return [s for i, s in enumerate(shapes) if i not in function._state_results]

    @property
    def state(self):
        """The whole state as bytes: to keep, to send elsewhere, to assign later."""
        return self._state.tobytes()

    @state.setter
    def state(self, value):
        if len(value) != self._state.size:
            raise ValueError(
                f"expected a state of {self._state.size} bytes, but got {len(value)}"
            )
        self._state[:] = np.frombuffer(value, np.uint8)

    def __copy__(self):
        return self.copy()

    def copy(self):
        """A second stream that goes on from here, independently."""
        other = object.__new__(Stream)
        other.function = self.function
        other.sizes = dict(self.sizes)
        other._allocate(self._state.size)
        other.state = self.state
        return other
