# RUN: %python %s %t
# REQUIRES: numpy
"""Complex numbers in .npy files and from seeds; parts that differ are named."""

import os
import shutil
import subprocess
import sys

import numpy as np

FOLDER = sys.argv[1]
shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
MODEL, INPUT, OUTPUT = (os.path.join(FOLDER, name) for name in ("model.mlir", "in.npy", "out.npy"))


def write_model(element):
    x, h = f"tensor<?x?x3xcomplex<{element}>>", f"tensor<?x3xcomplex<{element}>>"
    with open(MODEL, "w") as file:
        file.write(f"""func.func @f(%a: {x} {{seqc.dims = ["B", "T"]}}, %h: {h}) -> ({x}, {h}) {{
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%a) initial(%h) : ({x}, {x}, {h}) -> ({x}, {h})
  return %y, %l : {x}, {h}
}}""")


def run(*arguments):
    done = subprocess.run(["seqc-run", MODEL, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


rng = np.random.default_rng(1)
for element, dtype in (("f32", np.complex64), ("f64", np.complex128)):
    write_model(element)
    a = (rng.standard_normal((2, 4, 3)) + 1j * rng.standard_normal((2, 4, 3))).astype(dtype)
    np.save(INPUT, a)
    np.save(os.path.join(FOLDER, "h.npy"), a[:, 0])
    printed = run(f"--input={INPUT}", f"--input={os.path.join(FOLDER, 'h.npy')}", f"--output={OUTPUT}",
                  "--guard=end", "--compare=reference")
    assert f"complex{64 if element == 'f32' else 128}[2,4,3]" in printed, printed
    state, got = a[:, 0].astype(np.complex128), np.load(OUTPUT)
    assert got.dtype == dtype and got.shape == a.shape
    for t in range(4):
        state = a[:, t] * state + a[:, t]
        assert np.allclose(got[:, t], state, rtol=1e-5, atol=1e-5), t
    run("--size=B=2", "--size=T=5", f"--output={OUTPUT}")
    drawn = np.load(OUTPUT)
    assert drawn.dtype == dtype and np.any(drawn.imag) and np.any(drawn.real)
