# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Two gates of q vectors each are slices of one product, and a row alone takes several blocks of vectors at
once: a vector past the end of the first gate is not the first vector of the second gate."""

import numpy as np

import plans
from compiled import compile_text, levels

STEP = """
func.func @f(%u: tensor<?x?x{2H}xf32> {seqc.dims = ["B", "T"]}, %r: tensor<{2H}x{H}xf32>,
             %h0: tensor<?x{H}xf32> {seqc.dims = ["B"]}) -> tensor<?x{H}xf32> {
  %last = seq.recurrence (%x: tensor<{2H}xf32> in %u) states(%h: tensor<{H}xf32> = %h0) {
    %s = linalg.matvec ins(%r, %h : tensor<{2H}x{H}xf32>, tensor<{H}xf32>) outs(%x : tensor<{2H}xf32>)
        -> tensor<{2H}xf32>
    %a = tensor.extract_slice %s[0] [{H}] [1] : tensor<{2H}xf32> to tensor<{H}xf32>
    %b = tensor.extract_slice %s[{H}] [{H}] [1] : tensor<{2H}xf32> to tensor<{H}xf32>
    %p = arith.mulf %a, %b : tensor<{H}xf32>
    %n = math.tanh %p : tensor<{H}xf32>
    seq.yield next(%n : tensor<{H}xf32>)
  } SCHEDULE : (tensor<?x?x{2H}xf32>, tensor<?x{H}xf32>) -> tensor<?x{H}xf32>
  return %last : tensor<?x{H}xf32>
}
"""
BITS = {"x86-64-v3": 256, "x86-64-v4": 512, "native": 128}


def check(march, q):
    H = q * BITS[march] // 32
    text = STEP.replace("{2H}", str(2 * H)).replace("{H}", str(H))
    plain = text.replace("SCHEDULE", "")
    reference = compile_text(plain, "reference", march)["f"]
    by_hand = f"schedule(<fused, vector_bits = {BITS[march]}, batch_tile = 64, strip = 8, rows = 4, vectors = 4>)"
    for what, source in (("chosen", plain), ("by hand", text.replace("SCHEDULE", by_hand))):
        fused = compile_text(source, "fused", march)["f"]
        for B, T in ((1, 3), (4, 2), (7, 3)):
            rng = np.random.default_rng([q, B, T])
            shapes = (B, T, 2 * H), (2 * H, H), (B, H)
            values = [0.3 * rng.standard_normal(s).astype(np.float32) for s in shapes]
            plans.check_calls(reference, fused, values, f"{march} H={H} schedule {what} B={B} T={T}")


for march in levels():
    for q in (1, 2, 3, 5, 7):
        check(march, q)
print("no gate takes another one's sums")
