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
    oracle. `kind` is seqc, hand or peer."""

    def __init__(self, name, kind, run, result):
        self.name, self.kind, self.run, self.result = name, kind, run, result


class Seqc:
    """The compiler of a build, called as a program."""

    def __init__(self, build, folder):
        self.program, self.folder, self.libraries = build / "bin/seqc", pathlib.Path(folder), 0

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
            raise Missing(f"seqc: exit code {done.returncode}: {lines[0][:300]}")
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

    def candidate(self, name, text, inputs, outputs, weights=None, options=()):
        """Calls function `run` of a model on `inputs`; `outputs` are the shapes of its results, the
        first of which is compared. Scratch is the caller's, so that a call does not allocate."""
        library = self.library(name, text, weights, options)
        results = [memory.empty(shape) for shape in outputs]
        arguments = memory.tensors([*inputs, *results])
        count = len(inputs) + len(results)
        need = library.run_scratch_bytes
        need.restype = ctypes.c_int64
        scratch = memory.empty((max(64, need(arguments, count)),), np.uint8)
        message = ctypes.create_string_buffer(400)
        context = memory.Context(size=ctypes.sizeof(memory.Context), scratch=scratch.ctypes.data,
                                 scratch_bytes=scratch.nbytes, error_capacity=400,
                                 error=ctypes.cast(message, ctypes.c_char_p))
        call, by_reference = library.run_call, ctypes.byref(context)

        def run(keep=(library, scratch, message, context)):
            if call(by_reference, arguments, count):
                raise Missing(f"seqc: {message.value.decode()}")

        return Candidate("seqc", "seqc", run, lambda: results[0])


class Hand:
    """The hand-written kernels, compiled for this machine."""

    def __init__(self, cache):
        self.cache, self.loaded = cache, None

    def library(self):
        if self.loaded is None:
            self.loaded = self.compile()
        if not hasattr(self.loaded, "hand_affine"):
            raise Missing("the hand-written kernels need AVX2")
        return self.loaded

    def compile(self):
        source = HERE / "HandKernels.cpp"
        compiler = shutil.which("clang++-22") or shutil.which("clang++") or shutil.which("g++")
        if compiler is None:
            raise Missing("no C++ compiler for the hand-written kernels")
        options = ["-std=c++20", "-O3", "-march=native", "-mprefer-vector-width=512", "-shared", "-fPIC"]
        key = hashlib.sha1(source.read_bytes() + " ".join([compiler, *options]).encode()).hexdigest()[:12]
        target = self.cache / f"hand-{key}.so"
        if not target.exists():
            self.cache.mkdir(parents=True, exist_ok=True)
            subprocess.run([compiler, *options, source, "-o", target], check=True)
        return ctypes.CDLL(str(target))

    def candidate(self, name, function, arguments, result):
        """`arguments` are arrays (passed by address) and ints (as long)."""
        code = getattr(self.library(), function, None)
        if code is None:
            raise Missing("this hand-written kernel needs AVX-512")
        code.restype = None
        values = [ctypes.c_void_p(a.ctypes.data) if isinstance(a, np.ndarray) else ctypes.c_long(a)
                  for a in arguments]
        return Candidate(name, "hand", lambda keep=arguments: code(*values), lambda: result)
