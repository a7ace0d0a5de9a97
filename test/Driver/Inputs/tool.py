"""Runs seqc and compares what it says, exactly."""

import os
import subprocess
import sys
import tempfile

SEQC = os.path.join(os.environ["SEQC_BUILD_DIR"], "bin", "seqc")
SUM = """\
func.func @sum(%u: tensor<?x?x8xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x8xf32>)
    -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0) {
    %n = arith.addf %h, %x : tensor<8xf32>
    seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}
"""
failures = 0


def folder():
    """An empty folder, made the working directory."""
    path = tempfile.mkdtemp(prefix="seqc-test-")
    os.chdir(path)
    return path


def write(name, contents):
    with open(name, "wb") as f:
        f.write(contents if isinstance(contents, bytes) else contents.encode())
    return name


def run(*args, stdin=b"", timeout=120, **more):
    """The finished process of `seqc args`, its output as bytes."""
    return subprocess.run([SEQC, *args], input=stdin, capture_output=True, timeout=timeout, **more)


def report(what, condition, detail=""):
    """Counts and prints a failure unless `condition`."""
    global failures
    if not condition:
        failures += 1
        print(f"FAIL {what}: {detail}")


def expect(status, stderr, *args, **more):
    """Runs seqc; its status and its whole standard error must be these."""
    result = run(*args, **more)
    got = result.stderr.decode(errors="replace")
    report(" ".join(args), (result.returncode, got) == (status, stderr),
           f"expected {status}\n{stderr}\nbut got {result.returncode}\n{got}")
    return result


def finish(name):
    """Ends the script: the line that the test checks, or a failure."""
    if failures:
        sys.exit(f"{failures} failures")
    print(f"{name}: ok")
