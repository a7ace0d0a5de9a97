# RUN: %python %s
# REQUIRES: numpy
"""Complex arrays through the Python module."""

import numpy as np
import seqc

MODEL = seqc.compile("""
func.func @f(%a: tensor<?x?x3xcomplex<f32>>, %h: tensor<?x3xcomplex<f32>>)
    -> (tensor<?x?x3xcomplex<f32>>, tensor<?x3xcomplex<f32>>) {
  %y, %l = seq.affine_recurrence diagonal decay(%a) input(%a) initial(%h)
      : (tensor<?x?x3xcomplex<f32>>, tensor<?x?x3xcomplex<f32>>, tensor<?x3xcomplex<f32>>)
      -> (tensor<?x?x3xcomplex<f32>>, tensor<?x3xcomplex<f32>>)
  return %y, %l : tensor<?x?x3xcomplex<f32>>, tensor<?x3xcomplex<f32>>
}""")
rng = np.random.default_rng(0)
a = (rng.standard_normal((2, 5, 3)) + 1j * rng.standard_normal((2, 5, 3))).astype(np.complex64)
h = np.ones((2, 3), np.complex64)
y, last = MODEL.f(a, h)
assert y.dtype == last.dtype == np.complex64 and "complex64[" in MODEL.f.signature
state = h.astype(np.complex128)
for t in range(5):
    state = a[:, t] * state + a[:, t]
    assert np.allclose(y[:, t], state, rtol=1e-5, atol=1e-5)
assert np.array_equal(last, y[:, -1])
try:
    MODEL.f(a.real, h)
    raise AssertionError("real numbers were taken")
except TypeError as error:
    assert "expected complex64, but got float32" in str(error)
