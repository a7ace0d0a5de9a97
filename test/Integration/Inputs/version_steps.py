"""A step whose plan depends on the sizes of a call, with a state that is an argument, or hidden, so that streams keep it.

    source = version_steps.text(D=8, hidden=False, body="%n = math.tanh %h", out="%n")
"""

import numpy as np

STEP = """
func.func @f(%u: tensor<?x?x{D}xf32> {{seqc.dims = ["B", "T"]}}, %w: tensor<{D}xf32>{given})
    -> (tensor<?x?x{D}xf32>{final}) {{
  {initial}
  %y, %last = seq.recurrence (%x: tensor<{D}xf32> in %u) states(%h: tensor<{D}xf32> = %h0) {{
    {body}
    seq.yield next(%n : tensor<{D}xf32>) out({out} : tensor<{D}xf32>)
  }} : (tensor<?x?x{D}xf32>, tensor<?x{D}xf32>) -> (tensor<?x?x{D}xf32>, tensor<?x{D}xf32>)
  return %y{result} : tensor<?x?x{D}xf32>{final}
}}
"""
ZEROS = """%c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %B = tensor.dim %u, %c0 : tensor<?x?x{D}xf32>
  %e = tensor.empty(%B) : tensor<?x{D}xf32>
  %h0 = linalg.fill ins(%zero : f32) outs(%e : tensor<?x{D}xf32>) -> tensor<?x{D}xf32>"""


def text(D, hidden, body, out):
    """`body` makes the next state %n of the state %h, the input %x and the weight %w: an op a line, without its type."""
    state = f"tensor<?x{D}xf32>"
    lines = "\n    ".join(f"{line.strip()} : tensor<{D}xf32>" for line in body.strip().split("\n"))
    form = dict(given="", final="", initial=ZEROS.format(D=D), result="")
    if not hidden:
        form = dict(given=f", %h0: {state}", final=", " + state, initial="", result=", %last")
    return STEP.format(D=D, body=lines, out=out, **form)


def values(D, B, T, hidden):
    rng = np.random.default_rng([D, B, T])
    u = rng.normal(size=(B, T, D)).astype(np.float32)
    w = rng.uniform(-0.9, 0.9, D).astype(np.float32)
    return [u, w] if hidden else [u, w, rng.normal(size=(B, D)).astype(np.float32)]
