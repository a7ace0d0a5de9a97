"""How lit runs seqc's tests: which files, which words in RUN lines, which features.

Words in RUN lines
  %seqc %seqc-opt %seqc-run   the programs of this build
  %python                     Python with NumPy and the oracles; finds the `seqc` module and
                              test/Integration/Inputs
  %cc %cxx                    the compilers of this build
  %source %build              the folders of the source tree and of the build
  %inputs                     test/Integration/Inputs
  %cells                      lib/Cells

Features (REQUIRES, UNSUPPORTED)
  numpy scipy onnx onnxruntime jax torch safetensors pandas ml_dtypes   importable packages
  avx2 avx512 neon            what the host's CPU can run
  x86-host aarch64-host       the host's architecture
  aarch64-cross               LLVM can make AArch64 code
  no-sanitizer                an ordinary build
  network                     SEQC_TEST_NETWORK=1 in the environment
  long                        SEQC_TEST_LONG=1: tests that take minutes
"""

import os
import platform
import subprocess
import sys

import lit.formats
import lit.util

config.name = "seqc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".py", ".c"]
config.excludes = ["Inputs", "CMakeLists.txt", "lit.cfg.py", "lit.site.cfg.py", "README.md"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.seqc_build_dir, "test")

# One test must not hang the run; the slowest takes two minutes of a quiet machine. lit needs psutil
# to kill a test's children.
supported, _ = lit.util.killProcessAndChildrenIsSupported()
if supported and not lit_config.maxIndividualTestTime:
    lit_config.maxIndividualTestTime = 900

source, build = config.seqc_source_dir, config.seqc_build_dir
bin_dir = os.path.join(build, "bin")
inputs = os.path.join(source, "test", "Integration", "Inputs")

config.environment["PATH"] = os.pathsep.join(
    [bin_dir, config.llvm_tools_dir, os.environ.get("PATH", "")]
)
config.environment["PYTHONPATH"] = os.pathsep.join(
    [inputs, os.path.join(build, "python"), os.path.join(source, "lib", "Bindings", "Python")]
)
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
config.environment["SEQC_SOURCE_DIR"] = source
config.environment["SEQC_BUILD_DIR"] = build
# Oracles use one thread, so that -j decides how many cores a run takes.
config.environment["OMP_NUM_THREADS"] = "1"
config.environment["OPENBLAS_NUM_THREADS"] = "1"
for name in ("SEQC_TEST_SEEDS", "SEQC_TEST_SECONDS", "SEQC_LIBRARY", "CCACHE_DIR", "TMPDIR"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions += [
    ("%seqc-opt", os.path.join(bin_dir, "seqc-opt")),
    ("%seqc-run", os.path.join(bin_dir, "seqc-run")),
    ("%seqc", os.path.join(bin_dir, "seqc")),
    ("%python", config.python),
    ("%cc", config.host_cc),
    ("%cxx", config.host_cxx),
    ("%source", source),
    ("%build", build),
    ("%inputs", inputs),
    ("%cells", os.path.join(source, "lib", "Cells")),
]

packages = "numpy scipy onnx onnxruntime jax torch safetensors pandas ml_dtypes".split()
probe = "import importlib.util as u, sys; print(*[p for p in sys.argv[1:] if u.find_spec(p)])"
found = subprocess.run([config.python, "-c", probe, *packages], capture_output=True, text=True)
config.available_features.update(found.stdout.split())

machine = platform.machine()
if machine in ("x86_64", "AMD64"):
    config.available_features.add("x86-host")
elif machine in ("aarch64", "arm64"):
    config.available_features.update(["aarch64-host", "neon"])
try:
    with open("/proc/cpuinfo") as cpuinfo:
        flags = set(next((l for l in cpuinfo if l.startswith("flags")), "").split())
except OSError:
    flags = set()
if {"avx2", "fma", "bmi2", "f16c"} <= flags:
    config.available_features.add("avx2")
if {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= flags:
    config.available_features.add("avx512")
if "AArch64" in config.llvm_targets.replace(";", " ").split():
    config.available_features.add("aarch64-cross")
if not config.sanitize:
    config.available_features.add("no-sanitizer")
if os.environ.get("SEQC_TEST_NETWORK") == "1":
    config.available_features.add("network")
if os.environ.get("SEQC_TEST_LONG") == "1":
    config.available_features.add("long")
