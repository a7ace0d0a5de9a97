# RUN: %python %s
"""Whoever reads what seqc writes may be gone: that is an error of writing, or nothing, but no bug, and leaves no file."""

import os
import subprocess
import tempfile

from compiled import tool

MODEL = """func.func @f(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = math.tanh %x : tensor<?xf32>
  return %y : tensor<?xf32>
}
"""


def run(arguments, stream):
    """The process, whose stdout or stderr nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: writer}
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "m.mlir"), "w") as file:
            file.write(MODEL)
        done = subprocess.run([tool("seqc"), *arguments], cwd=folder, text=True, **pipes)
        os.close(writer)
        return done, sorted(os.listdir(folder))


for stage in ("simplified", "scheduled", "lowered", "llvm", "asm"):
    done, files = run(["m.mlir", f"--emit={stage}", "-o", "-"], "stdout")
    assert done.returncode == 1 and "cannot write to stdout: Broken pipe" in done.stderr, (stage, done)
    assert files == ["m.mlir"], files
done, files = run(["--help"], "stdout")
assert done.returncode == 1 and "LLVM ERROR" not in done.stderr and files == ["m.mlir"], done
done, files = run(["m.mlir", "--emit=lowered", "--explain", "-o", "m.out"], "stderr")
assert done.returncode == 0 and files == ["m.mlir", "m.out"], (done, files)
done, files = run(["m.mlir", "--schedule=nothing", "-o", "m.so"], "stderr")
assert done.returncode in (1, 2) and files == ["m.mlir"], (done, files)
