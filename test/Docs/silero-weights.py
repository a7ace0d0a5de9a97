# REQUIRES: numpy, onnx, onnxruntime, safetensors
# RUN: %python %s %source/docs/examples/silero-vad/convert-weights.py %t.safetensors

# A file that is not this network, and one that is no ONNX file, are refused.
# RUN: not %python %source/docs/examples/silero-vad/convert-weights.py %s %t.none 2>&1 | FileCheck %s --check-prefix=TEXT
# TEXT: convert-weights: {{.*}}: expected an ONNX file, but got one that does not parse
# RUN: not %python %source/docs/examples/silero-vad/convert-weights.py %t.safetensors.onnx %t.none 2>&1 | FileCheck %s --check-prefix=OTHER
# OTHER: expected an initializer 'model.stft.forward_basis_buffer' of float32 (258, 1, 256), but got none
# RUN: not %python %source/docs/examples/silero-vad/convert-weights.py %t.safetensors 2>&1 | FileCheck %s --check-prefix=USAGE
# USAGE: usage: convert-weights.py

# Without the speech the program says what is missing and exits with 4.
# RUN: %python -c "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode != 4)" %python %source/docs/examples/silero-vad/run --build-dir %build --speech %t.nowhere | FileCheck %s --check-prefix=MISSING
# MISSING: main job not run, missing: speech in {{.*}} (Debian's pocketsphinx-testdata)
"""The converted weights are those of the ONNX file (and not of the package's .safetensors, which are
another training run), and the equations of silero-vad.mlir in float64 are the network's."""
import importlib.util
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

DATA = pathlib.Path(importlib.util.find_spec("silero_vad").submodule_search_locations[0]) / "data"
NETWORK = DATA / "silero_vad_16k_op15.onnx"


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def convolution(x, weight, bias, stride):
    x = np.pad(x, ((1, 1), (0, 0)))
    frames = range(0, len(x) - 2, stride)
    return np.maximum(np.stack([sum(x[i + k] @ weight[k] for k in range(3)) for i in frames]) + bias, 0)


def step(w, chunk, context, h, c):
    """The step of silero-vad.mlir, in its layouts."""
    blocks = np.concatenate([context, chunk, chunk[447:511][::-1]]).reshape(5, 128)
    frames = np.stack([blocks[j] @ w["stft.basis"][0] + blocks[j + 1] @ w["stft.basis"][1] for j in range(4)])
    x = np.sqrt(frames[:, :129] ** 2 + frames[:, 129:] ** 2)
    for layer, stride in enumerate((1, 2, 2, 1)):
        x = convolution(x, w[f"encoder.{layer}.weight"], w[f"encoder.{layer}.bias"], stride)
    gates = x[0] @ w["lstm.weight_ih"] + w["lstm.bias_ih"] + h @ w["lstm.weight_hh"] + w["lstm.bias_hh"]
    i, f, g, o = np.split(gates, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return sigmoid(np.maximum(h, 0) @ w["decoder.weight"] + w["decoder.bias"]), chunk[448:], h, c


def main():
    converter, target = sys.argv[1:]
    subprocess.run([sys.executable, converter, NETWORK, target], check=True)
    weights = load_file(target)

    other = load_file(DATA / "silero_vad_16k.safetensors")
    conv = next(v for v in other.values() if v.shape == (128, 129, 3))
    assert np.max(np.abs(conv.transpose(2, 1, 0) - weights["encoder.0.weight"])) > 0.1, "the trap is gone"

    session = onnxruntime.InferenceSession(str(NETWORK), providers=["CPUExecutionProvider"])
    random = np.random.default_rng(1)
    envelope = 0.3 * np.abs(np.sin(np.arange(60) / 5))[:, None]
    signal = (envelope * random.standard_normal((60, 512))).astype(np.float32)
    w = {name: tensor.astype(np.float64) for name, tensor in weights.items()}
    context, h, c = np.zeros(64), np.zeros(128), np.zeros(128)
    state, before = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32)
    for chunk in signal:
        window = np.concatenate([before, chunk])[None]
        feeds = {"input": window, "state": state, "sr": np.array(16000, np.int64)}
        expected, state = session.run(None, feeds)
        p, context, h, c = step(w, chunk.astype(np.float64), context, h, c)
        assert abs(p - expected[0, 0]) < 1e-5, (p, expected)
        before = chunk[448:]
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([], "empty", [], [])), target + ".onnx")


main()
