# RUN: %python %s
# REQUIRES: numpy
"""seq.delay gives NumPy's sliding windows of the sequence with the initial values in front, also
where the sequence is shorter than the window, backwards, and with time first."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import bits
from compiled import compile_text

TEXT = """
func.func @forward(%x: tensor<?x?x3xf32>, %h: tensor<?x4x3xf32>) -> (tensor<?x?x4x3xf32>, tensor<?x4x3xf32>) {
  %w, %l = seq.delay %x initial(%h) {time = 1 : i64} : (tensor<?x?x3xf32>, tensor<?x4x3xf32>) -> (tensor<?x?x4x3xf32>, tensor<?x4x3xf32>)
  return %w, %l : tensor<?x?x4x3xf32>, tensor<?x4x3xf32>
}
func.func @backward(%x: tensor<?x?x3xf32>, %h: tensor<?x1x3xf32>) -> (tensor<?x?x1x3xf32>, tensor<?x1x3xf32>) {
  %w, %l = seq.delay reverse %x initial(%h) {time = 1 : i64} : (tensor<?x?x3xf32>, tensor<?x1x3xf32>) -> (tensor<?x?x1x3xf32>, tensor<?x1x3xf32>)
  return %w, %l : tensor<?x?x1x3xf32>, tensor<?x1x3xf32>
}
func.func @time_first(%x: tensor<?xf32>, %h: tensor<1xf32>) -> (tensor<?x1xf32>, tensor<1xf32>) {
  %w, %l = seq.delay %x initial(%h) {time = 0 : i64} : (tensor<?xf32>, tensor<1xf32>) -> (tensor<?x1xf32>, tensor<1xf32>)
  return %w, %l : tensor<?x1xf32>, tensor<1xf32>
}
"""


def windows(x, initial):
    """w[b, t] = the k values before step t; and the k values at the end."""
    k, line = initial.shape[1], np.concatenate([initial, x], 1)
    return [sliding_window_view(line, k, 1).swapaxes(2, 3)[:, : x.shape[1]], line[:, x.shape[1] :]]


rng = np.random.default_rng(4)
for plan in ("reference", "auto"):
    module = compile_text(TEXT, schedule=plan)
    for B, T in [(1, 0), (2, 1), (3, 3), (2, 4), (7, 5), (2, 33), (1, 1025)]:
        x = rng.standard_normal((B, T, 3)).astype(np.float32)
        h = rng.standard_normal((B, 4, 3)).astype(np.float32)
        what = f"{plan} B={B} T={T}"
        bits.expect_close(module["forward"](x, h), windows(x, h), what, 0, 0)
        w, last = windows(x[:, ::-1], h[:, :1])
        expected = [w[:, ::-1], last]
        bits.expect_close(module["backward"](x, h[:, :1]), expected, "reverse " + what, 0, 0)
        line, first = x[0, :, 0], h[0, :1, 0]
        w, last = windows(line[None, :, None], first[None, :, None])
        expected = [w[0, :, :, 0], last[0, :, 0]]
        bits.expect_close(module["time_first"](line, first), expected, "time first " + what, 0, 0)
