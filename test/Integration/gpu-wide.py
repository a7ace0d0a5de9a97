# RUN: %python %s
# REQUIRES: numpy, x86-host
"""Steps whose sums read more than 128 channels of the states, on an emulated GPU: the host starts a kernel for each step
(three where a second sum reads what is made of the first one's results of all channels), a thread computes one channel of some
sequences, and the bits are those of `reference`, whatever the order of threads. The number of launches is counted.

A schedule that is written by hand has the same bits with other rows, with a block for each sequence, and with a kernel
for each step of a narrow step."""

import numpy as np

import dense_steps
import library
from bits import expect_same
from compiled import DTYPES, compile_text
from gpu_tools import counter, everywhere, on_gpu

rng = np.random.default_rng(8)


def functions(source):
    return on_gpu(source, "auto"), compile_text(source, "reference", "x86-64-v3")["f"]


def check(what, source, calls):
    gpu, cpu = functions(source)
    for values in calls:
        shapes = f"{what}, {[np.shape(v) for v in values]}"
        expect_same(everywhere(gpu, values, shapes), cpu(*values), shapes)
    print(f"{what}: equal bits")


def launches(source, B, T):
    """Of one call, as the emulator counts them."""
    return counter(source, "auto")(B=B, T=T)["launches"]


# Widths that are no multiple of a warp, rows that fill no tile; steps of one kernel and of three.
KERNELS = {"elman": 1, "gru": 1, "gru_reset_before": 3, "lstm": 1}
SHAPES = [(1, 1), (3, 2), (9, 2), (2, 0)]
for name, kernels in KERNELS.items():
    for width in (129, 160, 192, 256):
        cell = library.Cell(name, I=3, H=width)
        shapes = SHAPES if width in (129, 160) else [(1, 2), (9, 1), (3, 0)]
        check(f"{name} of {width}", cell.program(), [cell.values(rng, B, T) for B, T in shapes])
    cell = library.Cell(name, I=3, H=160)
    counts = [launches(cell.program(), 5, T) for T in (0, 1, 4)]
    # Input products, weights in order, states at first and at last are the same for any T.
    assert counts[2] - counts[1] == 3 * kernels and counts[1] > kernels, (name, counts)
    cell = library.Cell(name, I=3, H=128)
    counts = [launches(cell.program(), 2, T) for T in (1, 4)]
    assert counts[0] == counts[1], (name, counts)
    print(f"{name}: {kernels} launches a step above 128 channels")

# Data of 16 bits, f64, backwards, one sequence without a batch.
for cell_name in dense_steps.SCALES:
    for form in (dict(dtype="f16"), dict(dtype="bf16"), dict(dtype="f64"), dict(reverse=True), dict(time_major=True),
                 dict(shared=True, given=True), dict(batched=False)):
        H, I, dtype = 136, 2, DTYPES[form.get("dtype", "f32")]
        calls = []
        for B, T in [(5, 2), (1, 1)]:
            lead = (T, B) if form.get("time_major") else (B, T) if form.get("batched", True) else (T,)
            row = (B,) if form.get("batched", True) else ()
            draw = lambda *shape: rng.standard_normal(shape).astype(dtype)
            values = [draw(*lead, I), *dense_steps.weights(rng, cell_name, H, I, form.get("dtype", "f32"))]
            wide = H * dense_steps.GATES[cell_name]
            if form.get("shared"):
                values += [draw(T, wide), draw(*row, wide)]
            calls.append(values + [draw(*row, H) for _ in dense_steps.SCALES[cell_name]])
        source = dense_steps.program(cell_name, H, I, **form)
        if np.dtype(dtype).itemsize == 2: # states, too
            source = source.replace("  } : (", "  } {narrow_state} : (")
        check(f"{cell_name} {form}", source, calls)

# Data of 16 bits, states of 32.
MIXED = """
func.func @f(%x: tensor<?x?x136xELEMENT> {seqc.dims = ["B", "T"]}, %w: tensor<136x136xELEMENT>, %h0: tensor<?x136xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x136xELEMENT>, tensor<?x136xf32>) {
  %wide = arith.extf %w : tensor<136x136xELEMENT> to tensor<136x136xf32>
  %y, %last = seq.recurrence (%u: tensor<136xELEMENT> in %x) states(%h: tensor<136xf32> = %h0) {
    %in = arith.extf %u : tensor<136xELEMENT> to tensor<136xf32>
    %r = linalg.matvec ins(%wide, %h : tensor<136x136xf32>, tensor<136xf32>) outs(%in : tensor<136xf32>) -> tensor<136xf32>
    %n = math.tanh %r : tensor<136xf32>
    %out = arith.truncf %n : tensor<136xf32> to tensor<136xELEMENT>
    seq.yield next(%n : tensor<136xf32>) out(%out : tensor<136xELEMENT>)
  } : (tensor<?x?x136xELEMENT>, tensor<?x136xf32>) -> (tensor<?x?x136xELEMENT>, tensor<?x136xf32>)
  return %y, %last : tensor<?x?x136xELEMENT>, tensor<?x136xf32>
}
"""
for element in ("f16", "bf16"):
    calls = []
    for B, T in [(5, 3), (1, 1)]:
        x, w = rng.standard_normal((B, T, 136)), rng.standard_normal((136, 136)) / 12
        calls.append([x.astype(DTYPES[element]), w.astype(DTYPES[element]), rng.standard_normal((B, 136))])
    check(f"data of {element}", MIXED.replace("ELEMENT", element), calls)

STEP = """
func.func @f(%x: tensor<BATCH?xWIDTHxf32> DIMS, %w: tensor<WIDTHxWIDTHxf32>MORE) -> (tensor<BATCH?xWIDTHxf32>, tensor<BATCHWIDTHxf32>) {
  PREPARE
  %y, %last = seq.recurrence (%u: tensor<WIDTHxf32> in %x) RESETS states(%h: tensor<WIDTHxf32> = %h0) {
    %r = linalg.matvec ins(%w, %h : tensor<WIDTHxWIDTHxf32>, tensor<WIDTHxf32>) outs(%u : tensor<WIDTHxf32>) -> tensor<WIDTHxf32>
    %n = math.tanh %r : tensor<WIDTHxf32>
    seq.yield next(%n : tensor<WIDTHxf32>) out(%n : tensor<WIDTHxf32>)
  } SCHEDULE : (tensor<BATCH?xWIDTHxf32>TYPES, tensor<BATCHWIDTHxf32>) -> (tensor<BATCH?xWIDTHxf32>, tensor<BATCHWIDTHxf32>)
  return %y, %last : tensor<BATCH?xWIDTHxf32>, tensor<BATCHWIDTHxf32>
}
"""
GIVEN = ', %h0: tensor<BATCHWIDTHxf32> {seqc.dims = ["B"]}'
ZEROS = """%c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %B = tensor.dim %x, %c0 : tensor<?x?xWIDTHxf32>
  %e = tensor.empty(%B) : tensor<?xWIDTHxf32>
  %h0 = linalg.fill ins(%zero : f32) outs(%e : tensor<?xWIDTHxf32>) -> tensor<?xWIDTHxf32>"""


def step(width=144, batch="?x", more=GIVEN, prepare="", resets="", types="", schedule=""):
    text = STEP.replace("MORE", more).replace("PREPARE", prepare).replace("RESETS", resets).replace("TYPES", types)
    dims = '{seqc.dims = ["B", "T"]}' if batch == "?x" else ""
    text = text.replace("DIMS", dims).replace("BATCH", batch).replace("WIDTH", str(width))
    if batch != "?x":
        text = text.replace(' {seqc.dims = ["B"]}', "")
    return text.replace("SCHEDULE", f"schedule(<fused, vector_bits = 32, batch_tile = 1, strip = 16, {schedule}>)" if schedule else "")


def values(*lead, width=144, states=True):
    *batch, T = lead
    found = [rng.standard_normal((*batch, T, width)), rng.standard_normal((width, width)) / 12]
    return found + ([rng.standard_normal((*batch, width))] if states else [])


# Initial states that nobody gives, resets (one is at the first step), several batch dimensions, static sizes.
check("zeros", step(more="", prepare=ZEROS), [values(5, 3, states=False), values(1, 0, states=False)])
resets = step(more=', %s: tensor<?x?xi1> {seqc.dims = ["B", "T"]}' + GIVEN, resets="resets(%s)", types=", tensor<?x?xi1>")
calls = []
for B, T in [(6, 4), (1, 1)]:
    x, w, h0 = values(B, T)
    calls.append([x, w, rng.random((B, T)) < 0.4, h0])
check("resets", resets, calls)
check("two batch dims", step(batch="?x?x"), [values(2, 3, 2), values(1, 1, 1), values(0, 3, 2), values(3, 3, 1)])
for B in (1, 3, 4, 6):
    check(f"static batch of {B}", step(batch=f"{B}x"), [values(B, 2)])

# A block that is the only one.
check("one narrow sequence", step(40, batch="1x"), [values(1, 3, width=40)])
check("one narrow sequence without a batch", step(40, batch=""), [values(3, width=40), values(0, width=40)])

# Sums of max-plus, and a value of the step that is one number: a kernel of one thread between those of all channels.
for name in ("hmm_forward", "viterbi"):
    letters = {letter: 136 if letter == "S" else size for letter, size in library.sizes_of(name).items()}
    cell = library.Cell(name, **letters)
    check(f"{name} of 136", cell.program(), [cell.values(rng, B, T) for B, T in [(3, 2), (1, 1), (2, 0)]])
NORMED = """
func.func @f(%x: tensor<?x136xf32>, %w: tensor<136x136xf32>, %h0: tensor<136xf32>) -> (tensor<?x136xf32>, tensor<136xf32>) {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %y, %last = seq.recurrence (%u: tensor<136xf32> in %x) states(%h: tensor<136xf32> = %h0) {
    %r = linalg.matvec ins(%w, %h : tensor<136x136xf32>, tensor<136xf32>) outs(%u : tensor<136xf32>) -> tensor<136xf32>
    %n = math.tanh %r : tensor<136xf32>
    %square = linalg.dot ins(%n, %n : tensor<136xf32>, tensor<136xf32>) outs(%one : tensor<f32>) -> tensor<f32>
    %length = math.sqrt %square : tensor<f32>
    %e = tensor.empty() : tensor<136xf32>
    %all = linalg.broadcast ins(%length : tensor<f32>) outs(%e : tensor<136xf32>) dimensions = [0]
    %next = arith.divf %n, %all : tensor<136xf32>
    seq.yield next(%next : tensor<136xf32>) out(%next : tensor<136xf32>)
  } schedule(<fused, vector_bits = 32, batch_tile = 1, chunk = 1, strip = 16, rows = 4, vectors = 1>) : (tensor<?x136xf32>, tensor<136xf32>) -> (tensor<?x136xf32>, tensor<136xf32>)
  return %y, %last : tensor<?x136xf32>, tensor<136xf32>
}
"""
check("a step with its length", NORMED, [values(T, width=136) for T in (0, 1, 3)])

# Work of one thread before all steps, and behind them.
EDGES = """%c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %c9 = arith.constant 9 : index
  %two = arith.constant 2.0 : f32
  %g0 = tensor.insert %two into %start[%c0, %c3] : tensor<2x144xf32>
  %h0 = tensor.insert %two into %g0[%c0, %c9] : tensor<2x144xf32>"""
between = step(batch="2x", more=", %start: tensor<2x144xf32>", prepare=EDGES)
between = between.replace("  return %y, %last :", "  %end = tensor.insert %two into %last[%c0, %c3] : tensor<2x144xf32>\n  return %y, %end :")
check("elements before and behind", between, [values(2, T) for T in (0, 1, 3)])

# Hand-written schedules win.
for rows in (1, 2, 8):
    check(f"{rows} rows", step(schedule=f"chunk = 1, rows = {rows}, vectors = 1"), [values(B, 2) for B in (1, 7, 17)])
check("a block a sequence", step(schedule="rows = 1, vectors = 160"), [values(3, 2)])
check("a narrow step", step(40, schedule="chunk = 1, rows = 4, vectors = 1"), [values(B, 3, width=40) for B in (1, 6)])
