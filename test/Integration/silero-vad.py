# REQUIRES: numpy, onnx, onnxruntime, safetensors
# RUN: %python %source/docs/examples/silero-vad/run --build-dir %build --rounds=1 > %t.txt
# RUN: FileCheck %s --input-file %t.txt
# CHECK: chunks from 5 recordings
# CHECK: whole {{.*}} from ONNX Runtime
# CHECK: chunk by chunk {{.*}} from ONNX Runtime
# CHECK: speech, in seconds: {{[0-9]}}
# CHECK: streaming, seqc
# CHECK: whole: {{.*}} times as fast as ONNX Runtime; bar 1.2: {{met|missed}}

# Wrong weights are noticed, in either form.
# RUN: %python %s %t.safetensors
# RUN: not %python %source/docs/examples/silero-vad/run --build-dir %build --rounds=0 --weights=%t.safetensors | FileCheck %s --check-prefix=WRONG
# WRONG: wrong: expected every chunk of the whole form within 0.0001, but got
# WRONG: wrong: expected every chunk of the chunk by chunk form within 0.0001, but got

# `fused` gives the bits of `reference`, with these weights too: whole, step by step and five chunks at a time.
# DEFINE: %{vad} = %seqc-run %source/docs/examples/silero-vad/silero-vad.mlir --weights=%t.safetensors --size=B=2 --size=T=37
# RUN: %{vad} --schedule=fused --compare=reference --step --guard=start | FileCheck %s --check-prefix=BITS
# RUN: %{vad} --schedule=fused --compare=reference --stream-chunk=5 --guard=end | FileCheck %s --check-prefix=BITS
# BITS: f32[2,37]
# BITS-NEXT: steps equal to whole, bit for bit
# BITS-NEXT: equal to reference, bit for bit

# The meaning of the ops gives the same answer.
# RUN: %python %source/docs/examples/silero-vad/run --build-dir %build --rounds=0 --schedule=reference
"""Writes Silero's weights with one bias of the encoder off by 0.5."""
import pathlib
import importlib.util
import os
import subprocess
import sys

from safetensors.numpy import load_file, save_file

package = importlib.util.find_spec("silero_vad").submodule_search_locations[0]
converter = pathlib.Path(os.environ["SEQC_SOURCE_DIR"]) / "docs/examples/silero-vad/convert-weights.py"
network = pathlib.Path(package) / "data/silero_vad_16k_op15.onnx"
subprocess.run([sys.executable, converter, network, sys.argv[1]], check=True)
weights = load_file(sys.argv[1])
weights["encoder.3.bias"] = weights["encoder.3.bias"] + 0.5
save_file(weights, sys.argv[1])
