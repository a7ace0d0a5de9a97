# RUN: %python %s
# REQUIRES: numpy, onnx
"""LSTM, GRU and RNN of the cell library give ONNX's own expected outputs (the cases of its
backend tests, peepholes excluded)."""

import numpy as np
import onnx
from onnx.backend.test.case.node import collect_testcases

import bits
import cells
from compiled import compile_text

# Blocks of ONNX (rows of W) in the order of the cell: ONNX's LSTM is i o f c, its GRU z r h.
BLOCKS = {"LSTM": [0, 2, 3, 1], "GRU": [1, 0, 2], "RNN": [0]}


def reorder(weights, op, H):
    blocks = weights.reshape(len(BLOCKS[op]), H, *weights.shape[1:])
    return blocks[BLOCKS[op]].reshape(weights.shape)


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def cell_of(op, given):
    if op == "GRU":
        return "gru" if given.get("linear_before_reset", 0) else "gru_reset_before"
    return {"LSTM": "lstm", "RNN": "elman"}[op]


def run_direction(op, given, inputs, d):
    """Y [T, B, H], Y_h [B, H] and for LSTM Y_c of direction `d`, computed by seqc."""
    X, W, R = (inputs[n] for n in "XWR")
    H, B = given["hidden_size"], X.shape[1]
    backwards = given.get("direction", b"forward") == b"reverse" or d == 1
    x = X[::-1] if backwards else X
    G = W.shape[1]
    bias = inputs.get("B", np.zeros((W.shape[0], 2 * G), np.float32))[d]
    values = [x.transpose(1, 0, 2)]
    values += [reorder(w, op, H) for w in (W[d], R[d], bias[:G], bias[G:])]
    states = ["initial_h", "initial_c"] if op == "LSTM" else ["initial_h"]
    values += [inputs[s][d] if s in inputs else np.zeros((B, H), np.float32) for s in states]
    name = cell_of(op, given)
    y, *last = compile_text(cells.program(name, H, X.shape[2]))[name](*values)
    y = y.transpose(1, 0, 2)
    return [y[::-1] if backwards else y, *last]


def run_case(case):
    node = case.model.graph.node[0]
    op, given = node.op_type, attributes(node)
    names = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"]
    arrays, expected = case.data_sets[0]
    present = [n for n, i in zip(names, node.input) if i]
    inputs = dict(zip(present, map(np.asarray, arrays), strict=True))
    if given.get("layout", 0):
        for name in ("X", "initial_h", "initial_c"):
            if name in inputs:
                inputs[name] = inputs[name].swapaxes(0, 1)
    if "P" in inputs or "activations" in given:
        return False
    if "sequence_lens" in inputs and (inputs["sequence_lens"] != inputs["X"].shape[0]).any():
        return False
    directions = [run_direction(op, given, inputs, d) for d in range(inputs["W"].shape[0])]
    actual = [np.stack(r, axis=1 if i == 0 else 0) for i, r in enumerate(zip(*directions))]
    if given.get("layout", 0):
        actual = [a.transpose(2, 0, 1, 3) if a.ndim == 4 else a.swapaxes(0, 1) for a in actual]
    wanted = dict(zip([o for o in node.output if o], expected, strict=True))
    got = dict(zip(node.output, actual))
    for output, value in wanted.items():
        bits.expect_close([got[output]], [value], f"{case.name} {output}")
    return True


ran = []
for case in collect_testcases(None):
    nodes = case.model.graph.node
    if len(nodes) == 1 and nodes[0].op_type in BLOCKS and run_case(case):
        ran.append((case.name, nodes[0].op_type))
print("\n".join(name for name, _ in ran))
for op in BLOCKS:
    assert sum(o == op for _, o in ran) >= 3, f"expected at least 3 cases of {op}"
