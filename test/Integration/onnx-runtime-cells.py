# RUN: %python %s
# REQUIRES: numpy, onnx, onnxruntime
"""LSTM, both GRU forms and Elman agree with ONNX Runtime at random sizes and with float64."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

import bits
import cells
from compiled import compile_text

OPS = {"lstm": "LSTM", "gru": "GRU", "gru_reset_before": "GRU", "elman": "RNN"}
# Blocks of the cell in the order of ONNX.
BLOCKS = {"LSTM": [0, 3, 1, 2], "GRU": [1, 0, 2], "RNN": [0]}


def session(name, H, I):
    op = OPS[name]
    inputs = ["X", "W", "R", "B", "", "initial_h"] + ["initial_c"] * (op == "LSTM")
    outputs = ["Y", "Y_h"] + ["Y_c"] * (op == "LSTM")
    given = {"linear_before_reset": int(name == "gru")} if op == "GRU" else {}
    node = helper.make_node(op, inputs, outputs, hidden_size=H, **given)
    value = lambda n: helper.make_tensor_value_info(n, TensorProto.FLOAT, None)
    graph = helper.make_graph([node], name, [value(i) for i in inputs if i], [value(o) for o in outputs])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def reordered(value, op, H):
    blocks = value.reshape(len(BLOCKS[op]), H, *value.shape[1:])
    return blocks[BLOCKS[op]].reshape(value.shape)


def compare(name, B, T, H, I):
    op = OPS[name]
    values = cells.inputs(name, B, T, H, I)
    x, w, r, b, c, *states = values
    bias = np.concatenate([reordered(b, op, H), reordered(c, op, H)])[None]
    feed = {"X": x.transpose(1, 0, 2), "W": reordered(w, op, H)[None]}
    feed |= {"R": reordered(r, op, H)[None], "B": bias}
    feed |= dict(zip(["initial_h", "initial_c"], [s[None] for s in states]))
    y, *last = session(name, H, I).run(None, feed)
    expected = [y[:, 0].transpose(1, 0, 2), *[l[0] for l in last]]
    actual = compile_text(cells.program(name, H, I))[name](*values)
    what = f"{name} B={B} T={T} H={H} I={I}"
    bits.expect_close(actual, expected, what + " against ONNX Runtime", 2e-5, 2e-5)
    bits.expect_close(actual, cells.oracle(name, values), what + " against float64", 5e-6, 5e-6)


rng = np.random.default_rng(7)
for name in OPS:
    for B, T, H, I in [(1, 1, 1, 1), (2, 33, 17, 5), (3, 100, 64, 64)]:
        compare(name, B, T, H, I)
    compare(name, *(int(rng.integers(1, n)) for n in (9, 60, 100, 70)))
