# RUN: %python %s
"""Kernels get addresses and sizes by value, of which drivers take 4096 bytes: more is an error, and nothing is written."""

import os
import subprocess
import tempfile

from compiled import tool


def program(count):
    """A sum of `count` sequences of 4 channels."""
    given = ", ".join(f"%x{i}: tensor<?x4xf32>" for i in range(count))
    reads = ", ".join(f"%t{i}: tensor<4xf32> in %x{i}" for i in range(count))
    sums = "\n".join(f"    %s{i + 1} = arith.addf %s{i}, %t{i} : tensor<4xf32>" for i in range(count))
    types = ", ".join(["tensor<?x4xf32>"] * count)
    return f"""func.func @f({given}, %h0: tensor<4xf32>) -> tensor<?x4xf32> {{
  %y, %last = seq.recurrence ({reads}) states(%s0: tensor<4xf32> = %h0) {{
{sums}
    seq.yield next(%s{count} : tensor<4xf32>) out(%s{count} : tensor<4xf32>)
  }} : ({types}, tensor<4xf32>) -> (tensor<?x4xf32>, tensor<4xf32>)
  return %y : tensor<?x4xf32>
}}
"""


with tempfile.TemporaryDirectory() as folder:
    for count, fits in ((160, True), (200, False)):
        output = os.path.join(folder, f"{count}.ptx")
        command = [tool("seqc"), "-", "--target=cuda", "-o", output]
        done = subprocess.run(command, input=program(count), capture_output=True, text=True)
        assert (done.returncode == 0) == fits == os.path.exists(output), done.stderr
        if not fits:
            assert "expected arguments of kernels of at most 4096 bytes for a GPU" in done.stderr, done.stderr
            assert "but 'f' needs 48" in done.stderr, done.stderr
