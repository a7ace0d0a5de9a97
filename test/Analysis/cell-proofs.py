# RUN: %python %s %cells | FileCheck %s
# REQUIRES: numpy
"""What each cell of the library is proved to be, as it is written: its class, and the proof
or the sentence why there is none.

Associations that are not recognised: products of matrices over log-sum-exp or max-plus (hmm_forward,
viterbi) and compositions of back pointers (viterbi_path), whose elements are S x S for S states; the
Kalman filter's tuple of five, which inverts matrices; a cascade, whose sections mix (biquad_cascade)."""

import json
import pathlib
import re
import subprocess
import sys

from celltext import caller
from compiled import tool

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.mlir")):
    command = [tool("seqc"), "-", "--explain=json"]
    done = subprocess.run(command, input=caller(path), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{path.name}\n{done.stderr}"
    for remark in json.loads(done.stdout)["remarks"]:
        if remark["category"] == "step" and remark["name"] == "class":
            facts = remark["facts"]
            sentence = re.sub(r"`?[\w./<>-]*\.mlir:\d+:\d+", "<place>", " ".join(remark["sentences"]))
            print(f"{path.stem}: {facts['class']}, {facts.get('proof', 'no proof: ' + sentence)}")

# CHECK: aaren: nonlinear-dense, softmax
# CHECK-NEXT: biquad: affine-block(2), affine 2x2 block
# CHECK-NEXT: biquad_cascade: affine-elementwise, affine elementwise
# CHECK-NEXT: biquad_cascade: nonlinear-dense, no proof: not affine in `state #0`: `seq.recurrence` at <place> is applied to a value that depends on `state #0`
# CHECK-NEXT: cema: affine-block(2), affine complex
# CHECK-NEXT: cummax: nonlinear-dense, max with index
# CHECK-NEXT: elman: nonlinear-dense, no proof: not affine in `%h`: `math.tanh` at <place> is applied to a value that depends on `%h`
# CHECK-NEXT: ema: affine-elementwise, affine elementwise
# CHECK-NEXT: gate_loop: affine-block(2), affine complex
# CHECK-NEXT: gru: nonlinear-dense, no proof: not affine in `%h`: `math.exp` at <place> is applied to a value that depends on `%h`
# CHECK-NEXT: gru_reset_before: nonlinear-dense, no proof: not affine in `%h`: `math.exp` at <place> is applied to a value that depends on `%h`
# CHECK-NEXT: hgrn: affine-elementwise, affine elementwise
# CHECK-NEXT: hmm_forward: nonlinear-dense, no proof: not affine in `%h`: `arith.maximumf` at <place> is applied to a value that depends on `%h`
# CHECK-NEXT: kalman: nonlinear-dense, no proof: not affine in `state #0`: `arith.divf` at <place> is applied to a value that depends on `state #0`
# CHECK-NEXT: kalman: nonlinear-dense, no proof: not affine in `state #0`: `seq.recurrence` at <place> is applied to a value that depends on `state #0`
# CHECK-NEXT: logcumsumexp: nonlinear-block(2), softmax
# CHECK-NEXT: lru: affine-block(2), affine complex
# CHECK-NEXT: lstm: nonlinear-dense, no proof: not affine in `state #0`: `math.exp` at <place> is applied to a value that depends on `state #0`
# CHECK-NEXT: mega_ema: affine-elementwise, affine elementwise
# CHECK-NEXT: min_gru: affine-elementwise, affine elementwise
# CHECK-NEXT: min_lstm: affine-elementwise, affine elementwise
# CHECK-NEXT: para_gru: nonlinear-elementwise, no proof: not affine in `%h`: `math.exp` at <place> is applied to a value that depends on `%h`
# CHECK-NEXT: para_lstm: nonlinear-block(2), no proof: not affine in `state #0`: `math.exp` at <place> is applied to a value that depends on `state #0`
# CHECK-NEXT: qrnn: affine-elementwise, affine elementwise
# CHECK-NEXT: rwkv4_wkv: nonlinear-block(3), softmax with decay
# CHECK-NEXT: s4d: affine-block(2), affine complex
# CHECK-NEXT: s5: affine-block(2), affine complex
# CHECK-NEXT: selective_scan: affine-elementwise, affine elementwise
# CHECK-NEXT: signed_selective_scan: affine-elementwise, affine elementwise
# CHECK-NEXT: sru: affine-elementwise, affine elementwise
# CHECK-NEXT: sru_peephole: nonlinear-elementwise, no proof: not affine in `%h`: `math.exp` at <place> is applied to a value that depends on `%h`
# CHECK-NEXT: timestep_norm: nonlinear-dense, running moments
# CHECK-NEXT: viterbi: nonlinear-dense, no proof: not affine in `%h`: `arith.maximumf` at <place> is applied to a value that depends on `%h`
# CHECK-NEXT: viterbi_path: nonlinear-dense, no proof: not affine in `%h`: `arith.cmpi` at <place> is applied to a value that depends on `%h`
