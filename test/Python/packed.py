# RUN: %python %s
# REQUIRES: numpy
"""Packed sequences through the Python module: results, and each kind of wrong offsets."""

import numpy as np
import seqc

TEXT = """
func.func @sums(%x: tensor<?x3xf32> {seqc.name = "x", seqc.dims = ["T"]}, %s0: tensor<?x3xf32> {seqc.name = "s0", seqc.dims = ["N"]},
    %cu: tensor<?xi32> {seqc.name = "cu"}) -> (tensor<?x3xf32>, tensor<?x3xf32>) {
  %y, %l = seq.recurrence (%v: tensor<3xf32> in %x) cu_seqlens(%cu) states(%s: tensor<3xf32> = %s0) {
    %n = arith.addf %s, %v : tensor<3xf32>
    seq.yield next(%n : tensor<3xf32>) out(%n : tensor<3xf32>)
  } : (tensor<?x3xf32>, tensor<?xi32>, tensor<?x3xf32>) -> (tensor<?x3xf32>, tensor<?x3xf32>)
  return %y, %l : tensor<?x3xf32>, tensor<?x3xf32>
}
"""
MODEL = seqc.compile(TEXT)
X, S = np.ones((9, 3), np.float32), np.zeros((3, 3), np.float32)


def offsets(*values):
    return np.array(values, np.int32)


def expect(kind, text, *arguments):
    try:
        MODEL.sums(*arguments)
    except kind as error:
        assert text in str(error), f"expected {text!r}, but got {error!s}"
        return
    raise AssertionError(f"expected {kind.__name__} with {text!r}")


y, last = MODEL.sums(X, S, offsets(0, 2, 2, 9))
assert y[:, 0].tolist() == [1, 2, 1, 2, 3, 4, 5, 6, 7] and last[:, 0].tolist() == [2, 0, 7]
y, last = MODEL.sums(X[:0], S[:0], offsets(0))
assert y.shape == (0, 3) and last.shape == (0, 3)

WHERE = "sums: argument 'cu': expected "
expect(ValueError, WHERE + "offsets that start at 0, but got 1 at element 0", X, S, offsets(1, 2, 3, 9))
expect(ValueError, WHERE + "offsets that never fall, here at least 5, but got 4 at element 2", X, S, offsets(0, 5, 4, 9))
expect(ValueError, WHERE + "offsets that never fall, here at least 0, but got -7 at element 1", X, S, offsets(0, -7, 4, 9))
expect(ValueError, WHERE + "offsets that end at the number of steps, T=9 as in 'x', but got 8 at element 3", X, S, offsets(0, 5, 6, 8))
expect(ValueError, WHERE + "offsets that end at the number of steps, T=9 as in 'x', but got 10 at element 3", X, S, offsets(0, 5, 6, 10))
expect(ValueError, WHERE + "one offset more than there are sequences (N=3 as in 's0'), but got 3", X, S, offsets(0, 5, 9))
expect(ValueError, WHERE + "at least one offset, but got none", X, S, offsets())
expect(TypeError, "argument 'cu': expected int32", X, S, np.array([0, 2, 2, 9.0]))
