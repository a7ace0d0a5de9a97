# RUN: %python %s
# REQUIRES: numpy
"""Offsets of packed sequences are run-time data: whatever they hold, a call returns an error that
names the argument and writes nothing, or it is right. Arguments end at guard pages."""

import ctypes

import numpy as np

import guard
import packed_steps
from compiled import DTYPES, SeqcError, compile_text, describe, pointers

rng = np.random.default_rng(3)
N, T = 3, 40


def raw_call(function, values):
    """The code of a call whose outputs hold 7 before, the message, and the outputs."""
    values = function.cast(values, function.arguments)
    with guard.Arena("end", 0) as arena:
        tensors = [describe(arena.read_only(v)) for v in values]
        shapes = [(T, 6), (N, 6)]
        outputs = [arena.output(s, DTYPES["f32"]) for s in shapes]
        for output in outputs:
            output[...] = 7
        everything = pointers(tensors + [describe(o) for o in outputs])
        code = function.symbol("call")(None, everything, ctypes.c_int32(len(values) + 2))
        return code, function.library.last_error(), [np.array(o) for o in outputs]


def valid(cu):
    return len(cu) == N + 1 and cu[0] == 0 and cu[-1] == T and all(a <= b for a, b in zip(cu, cu[1:]))


def check(function, cu, dtype):
    u = rng.standard_normal((T, 6)).astype(np.float32)
    h0 = rng.standard_normal((N, 6)).astype(np.float32)
    code, message, outputs = raw_call(function, [u, h0, np.asarray(cu, dtype)])
    if valid(cu):
        assert code == 0, (cu, message)
        for n in range(N):
            assert cu[n] < cu[n + 1] or (outputs[1][n] == h0[n]).all()
        return True
    assert code in (5, 11) and message.startswith(f"{function.name}: argument 'cu': expected "), message
    assert all((o == 7).all() for o in outputs), f"{cu}: something was written"
    return False


for offsets, dtype in (("i32", np.int32), ("i64", np.int64)):
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    text = packed_steps.function("leaky", True, offsets) + packed_steps.function("leaky_backwards", True, offsets)
    text = text.replace(f"?x{offsets}>)", f'?x{offsets}> {{seqc.name = "cu"}})')
    for schedule in ("reference", "fused"):
        module = compile_text(text, schedule)
        for name in ("leaky", "leaky_backwards"):
            function = module[name]
            wrong = [[], [0], [T], [0, T], [0, 1, 2, 3, T], [0, 1, 2, T - 1], [0, 1, 2, T + 1],
                     [1, 2, 3, T], [-1, 2, 3, T], [0, 3, 2, T], [0, 0, T + 1, T], [0, -1, 0, T],
                     [0, low, 0, T], [low, 0, 0, T], [0, high, high, high], [0, 0, high, T],
                     [high] * 4, [low] * 4, [0, 0, 0, 0], [T] * 4]
            for cu in wrong:
                assert not check(function, cu, dtype), cu
            for cu in ([0, 0, 0, T], [0, T, T, T], [0, 1, 39, T]):
                assert check(function, cu, dtype), cu
            right = 0
            for _ in range(300):
                cu = rng.integers(-2, T + 3, N + 1)
                if rng.random() < 0.5:
                    cu = np.sort(cu)
                    cu[0], cu[-1] = 0, T
                right += check(function, cu, dtype)
            assert 50 < right < 250, right

# A function that computes the number of sequences from the offsets.
TEXT = """
func.func @own(%u: tensor<?x6xf32>, %cu: tensor<?xi32> {seqc.name = "cu"}) -> (tensor<?x6xf32>, tensor<?x6xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %m = tensor.dim %cu, %c0 : tensor<?xi32>
  %n = arith.subi %m, %c1 : index
  %e = tensor.empty(%n) : tensor<?x6xf32>
  %h0 = linalg.fill ins(%zero : f32) outs(%e : tensor<?x6xf32>) -> tensor<?x6xf32>
  %y, %l = seq.recurrence (%x: tensor<6xf32> in %u) cu_seqlens(%cu) states(%h: tensor<6xf32> = %h0) {
    %s = arith.addf %h, %x : tensor<6xf32>
    seq.yield next(%s : tensor<6xf32>) out(%s : tensor<6xf32>)
  } : (tensor<?x6xf32>, tensor<?xi32>, tensor<?x6xf32>) -> (tensor<?x6xf32>, tensor<?x6xf32>)
  return %y, %l : tensor<?x6xf32>, tensor<?x6xf32>
}
// A packed batch in each step of another recurrence streams along the outer time.
func.func @inner(%u: tensor<?x?x7x6xf32>, %h0: tensor<2x6xf32>, %s0: tensor<?x6xf32>, %cu: tensor<?xi32> {seqc.name = "cu"}) -> (tensor<?x?x7x6xf32>, tensor<?x6xf32>) {
  %z, %s = seq.recurrence (%v: tensor<7x6xf32> in %u) states(%t: tensor<6xf32> = %s0) {
    %y, %l = seq.recurrence (%x: tensor<6xf32> in %v) cu_seqlens(%cu) states(%h: tensor<6xf32> = %h0) {
      %m = arith.addf %h, %t : tensor<6xf32>
      %n = arith.addf %m, %x : tensor<6xf32>
      seq.yield next(%n : tensor<6xf32>) out(%n : tensor<6xf32>)
    } : (tensor<7x6xf32>, tensor<?xi32>, tensor<2x6xf32>) -> (tensor<7x6xf32>, tensor<2x6xf32>)
    %e = tensor.extract_slice %l[0, 0] [1, 6] [1, 1] : tensor<2x6xf32> to tensor<6xf32>
    seq.yield next(%e : tensor<6xf32>) out(%y : tensor<7x6xf32>)
  } : (tensor<?x?x7x6xf32>, tensor<?x6xf32>) -> (tensor<?x?x7x6xf32>, tensor<?x6xf32>)
  return %z, %s : tensor<?x?x7x6xf32>, tensor<?x6xf32>
}
"""


def expect_error(part, call):
    try:
        call()
    except SeqcError as error:
        assert part in str(error), error
        return
    raise AssertionError(f"expected an error with {part!r}")


for schedule in ("reference", "fused"):
    module = compile_text(TEXT, schedule)
    u = np.ones((5, 6), np.float32)
    y, last = module["own"](u, [0, 2, 2, 5])
    assert last[:, 0].tolist() == [2, 0, 3] and y[:, 0].tolist() == [1, 2, 1, 2, 3]
    y, last = module["own"](u[:0], [0])
    assert y.shape == (0, 6) and last.shape == (0, 6)
    expect_error("argument 'cu': expected at least one offset", lambda: module["own"](u, []))
    expect_error("argument 'cu': expected offsets that end", lambda: module["own"](u, [0]))

    u = np.arange(2 * 3 * 7 * 6, dtype=np.float32).reshape(2, 3, 7, 6)
    h0, s0 = np.ones((2, 6), np.float32), np.zeros((2, 6), np.float32)
    z, s = module["inner"](u, h0, s0, [0, 3, 7])
    stream = module["inner"].stream([s0], **{module["inner"].arguments[0]["shape"][0]: 2})
    for t in range(3):
        step = u[:, t : t + 1]
        (part,) = stream.step(step, h0, [0, 3, 7], result_shapes=[step.shape])
        assert (part == z[:, t : t + 1]).all()
    expect_error("argument 'cu': expected offsets that never fall",
                 lambda: stream.step(u[:, :1], h0, [0, 8, 7], result_shapes=[(2, 1, 7, 6)]))
