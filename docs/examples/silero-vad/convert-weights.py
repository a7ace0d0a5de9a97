#!/usr/bin/env python3
"""Writes Silero VAD's weights as the .safetensors file that silero-vad.mlir binds.

usage: convert-weights.py silero_vad_16k_op15.onnx silero-vad.safetensors

The numbers are the initializers of the ONNX file, float32 and unchanged; only axes are exchanged, so
that output channels come last. The package also ships a silero_vad_16k.safetensors: that is another
training run (its numbers differ by up to 10), so this program takes an ONNX file and nothing else.
"""
import sys

# Our name: (ONNX initializer, its shape there, how its axes become ours).
LAYOUT = {
    # [258, 1, 256] -> 256 samples are 2 blocks of 128: [2, 128, 258]
    "stft.basis": ("stft.forward_basis_buffer", (258, 1, 256),
                   lambda w: w.reshape(258, 2, 128).transpose(1, 2, 0)),
    # [out, in, width] -> [width, in, out]
    "encoder.0.weight": ("encoder.0.reparam_conv.weight", (128, 129, 3), lambda w: w.transpose(2, 1, 0)),
    "encoder.0.bias": ("encoder.0.reparam_conv.bias", (128,), lambda w: w),
    "encoder.1.weight": ("encoder.1.reparam_conv.weight", (64, 128, 3), lambda w: w.transpose(2, 1, 0)),
    "encoder.1.bias": ("encoder.1.reparam_conv.bias", (64,), lambda w: w),
    "encoder.2.weight": ("encoder.2.reparam_conv.weight", (64, 64, 3), lambda w: w.transpose(2, 1, 0)),
    "encoder.2.bias": ("encoder.2.reparam_conv.bias", (64,), lambda w: w),
    "encoder.3.weight": ("encoder.3.reparam_conv.weight", (128, 64, 3), lambda w: w.transpose(2, 1, 0)),
    "encoder.3.bias": ("encoder.3.reparam_conv.bias", (128,), lambda w: w),
    # [4 gates of 128, 128] -> [128, 4 gates of 128]
    "lstm.weight_ih": ("decoder.rnn.weight_ih", (512, 128), lambda w: w.T),
    "lstm.weight_hh": ("decoder.rnn.weight_hh", (512, 128), lambda w: w.T),
    "lstm.bias_ih": ("decoder.rnn.bias_ih", (512,), lambda w: w),
    "lstm.bias_hh": ("decoder.rnn.bias_hh", (512,), lambda w: w),
    "decoder.weight": ("decoder.decoder.2.weight", (1, 128, 1), lambda w: w.reshape(128)),
    "decoder.bias": ("decoder.decoder.2.bias", (1,), lambda w: w.reshape(())),
}


def convert(path):
    """The weights of the ONNX file at `path`, by our names. Raises ValueError when the file is not
    this network."""
    import numpy as np
    import onnx
    from onnx import numpy_helper

    try:
        graph = onnx.load(path).graph
    except Exception as error:  # onnx raises what protobuf raises
        raise ValueError(f"{path}: expected an ONNX file, but got one that does not parse ({error})")
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = {}
    for name, (source, shape, exchange) in LAYOUT.items():
        tensor = found.get("model." + source)
        if tensor is None or tensor.shape != shape or tensor.dtype != np.float32:
            got = "none" if tensor is None else f"{tensor.dtype} {tensor.shape}"
            raise ValueError(f"{path}: expected an initializer 'model.{source}' of float32 {shape}, but got {got}")
        weights[name] = np.ascontiguousarray(exchange(tensor)).reshape(exchange(tensor).shape)
    return weights


def main():
    if len(sys.argv) != 3:
        print(__doc__.split("\n")[2], file=sys.stderr)
        return 2
    from safetensors.numpy import save_file

    try:
        weights = convert(sys.argv[1])
    except ValueError as error:
        print(f"convert-weights: {error}", file=sys.stderr)
        return 1
    save_file(weights, sys.argv[2])
    count = sum(tensor.size for tensor in weights.values())
    print(f"{sys.argv[2]}: {len(weights)} tensors, {count} numbers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
