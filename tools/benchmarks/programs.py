"""seqc's models and the hand-written kernels: compiled, loaded, called through the C ABI."""
import ctypes
import hashlib
import pathlib
import shutil
import subprocess
import time

import numpy as np

from . import memory

HERE = pathlib.Path(__file__).resolve().parent


class Missing(Exception):
    """A candidate that cannot run here; its text is the reason."""


class Candidate:
    """Something that is timed. `run()` computes, `result()` is what it computed, laid out as the row's
    oracle; `clock(runs)`, where given, returns the seconds of so many runs without what Python adds to
    each. `kind` is seqc, hand or peer; `cases`, where it runs several seeds, the least seconds of each."""

    cases = None

    def __init__(self, name, kind, run, result, clock=None):
        self.name, self.kind, self.run, self.result, self.clock = name, kind, run, result, clock

    def times(self, runs):
        """Seconds of each of `runs` runs."""
        if self.clock:
            return self.clock(runs)
        seconds = []
        for _ in range(runs):
            start = time.perf_counter()
            self.run()
            seconds.append(time.perf_counter() - start)
        return seconds


class Seqc:
    """The compiler of a build, called as a program."""

    def __init__(self, build, folder, hand):
        self.program, self.folder, self.libraries = build / "bin/seqc", pathlib.Path(folder), 0
        self.hand = hand

    def command(self, *arguments):
        """Runs seqc and returns the seconds it took. Raises Missing with its first error."""
        if not self.program.exists():
            raise Missing("seqc is not built")
        start = time.perf_counter()
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True, timeout=120,
                              cwd=self.folder)
        seconds = time.perf_counter() - start
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "error" in line] or [done.stderr.strip()]
            first = lines[0].replace(f"{self.folder}/", "")  # no machine's paths
            raise Missing(f"seqc: exit code {done.returncode}: {first[:300]}")
        return seconds

    def library(self, name, text, weights=None, options=()):
        """The library compiled from `text`, under a name of its own: the loader would hand out the first
        library again for a second one of the same name."""
        self.libraries += 1
        name = f"{name}-{self.libraries}"
        source, target = self.folder / f"{name}.mlir", self.folder / f"{name}.so"
        source.write_text(text)
        arguments = [source, "-o", target, *options]
        if weights:
            bound = self.folder / f"{name}.safetensors"
            memory.write_safetensors(bound, weights)
            arguments.append(f"--weights={bound}")
        self.command(*arguments)
        return ctypes.CDLL(str(target))

    def candidate(self, name, text, inputs, outputs, weights=None, options=(), compare=1, label="seqc", pool=None):
        """Calls function `run` of a model on `inputs`; `outputs` are the shapes of its results, of which
        the first `compare` are compared, stacked. Scratch is the caller's, so that a call does not
        allocate; `pool` brings threads."""
        library = self.library(name, text, weights, options)
        kind = np.complex64 if np.iscomplexobj(inputs[0]) else np.float32
        return self.bind(library, inputs, [memory.empty(shape, kind) for shape in outputs], compare, label, pool)

    def bind(self, library, inputs, results, compare=1, label="seqc", pool=None):
        """A candidate that calls function `run` of `library` on these arrays."""
        arguments = memory.tensors([*inputs, *results])
        count = len(inputs) + len(results)
        need = library.run_scratch_bytes
        need.restype = ctypes.c_int64
        scratch = memory.empty((max(64, need(arguments, count)),), np.uint8)
        message = ctypes.create_string_buffer(400)
        context = memory.Context(size=ctypes.sizeof(memory.Context), scratch=scratch.ctypes.data,
                                 scratch_bytes=scratch.nbytes, error_capacity=400,
                                 error=ctypes.cast(message, ctypes.c_char_p))
        if pool:
            context.parallel_for, context.pool = pool.function, pool.handle
        call, by_reference = library.run_call, ctypes.byref(context)
        keep = library, scratch, message, context, pool

        def run():
            if call(by_reference, arguments, count):
                raise Missing(f"seqc: {keep[2].value.decode()}")

        def clock(runs):
            seconds = (ctypes.c_double * runs)()
            if self.hand.calls().time_model(call, by_reference, arguments, count, ctypes.c_long(runs), seconds):
                raise Missing(f"seqc: {keep[2].value.decode()}")
            return list(seconds)

        try:
            self.hand.calls()
        except Missing:
            clock = None
        return Candidate(label, "seqc", run, lambda: results[0] if compare == 1 else np.stack(results[:compare]),
                         clock)


class Pool:
    """The calling thread and one on each of `cores`, as a context takes them."""

    def __init__(self, library, cores):
        library.pool_create.restype = ctypes.c_void_p
        self.library = library
        self.handle = library.pool_create((ctypes.c_long * len(cores))(*cores), ctypes.c_long(len(cores)))
        self.function = ctypes.cast(library.pool_for, ctypes.c_void_p).value

    def __del__(self):
        self.library.pool_destroy(ctypes.c_void_p(self.handle))


class Hand:
    """The hand-written kernels and the calls that are timed in C, compiled for this machine. `cores` are
    those that this process may use besides its own."""

    def __init__(self, cache, cores=()):
        self.cache, self.cores, self.loaded = cache, list(cores), None

    def calls(self):
        """The library, whatever kernels it has."""
        if self.loaded is None:
            self.loaded = self.compile()
        if isinstance(self.loaded, Missing):
            raise self.loaded
        return self.loaded

    def library(self):
        if not hasattr(self.calls(), "hand_affine"):
            raise Missing("the hand-written kernels need AVX2")
        return self.loaded

    def compile(self):
        sources, headers = sorted(HERE.glob("Hand*.cpp")), sorted(HERE.glob("Hand*.h"))
        compiler = shutil.which("clang++-22") or shutil.which("clang++") or shutil.which("g++")
        if compiler is None:
            return Missing("no C++ compiler for the hand-written kernels")
        options = ["-std=c++20", "-O3", "-march=native", "-mprefer-vector-width=512", "-shared", "-fPIC", "-pthread"]
        text = b"".join(path.read_bytes() for path in [*sources, *headers])
        key = hashlib.sha1(text + " ".join([compiler, *options]).encode()).hexdigest()[:12]
        target = self.cache / f"hand-{key}.so"
        if not target.exists():
            self.cache.mkdir(parents=True, exist_ok=True)
            subprocess.run([compiler, *options, *sources, "-o", target], check=True)
        return ctypes.CDLL(str(target))

    def candidate(self, name, function, arguments, result):
        """`arguments` are arrays (passed by address) and ints (as long)."""
        code = getattr(self.library(), function, None)
        if code is None:
            raise Missing("this hand-written kernel needs AVX-512")
        values = (ctypes.c_long * 14)(*(a.ctypes.data if isinstance(a, np.ndarray) else a for a in arguments))

        def clock(runs, keep=arguments):
            seconds = (ctypes.c_double * runs)()
            self.loaded.time_kernel(code, values, ctypes.c_long(runs), seconds)
            return list(seconds)

        return Candidate(name, "hand", lambda: clock(1), result if callable(result) else lambda: result, clock)

    def pool(self, threads):
        """A pool of so many threads. Raises Missing where the machine has not as many cores."""
        if len(self.cores) + 1 < threads:
            raise Missing(f"{threads} threads need as many cores, but this process has {len(self.cores) + 1}")
        return Pool(self.calls(), self.cores[:threads - 1])
