# RUN: %python %s %cells | FileCheck %s
# REQUIRES: numpy
"""The usage comment on top of every cell compiles as it stands, and the cell is linked in."""

import pathlib
import subprocess
import sys

from celltext import caller
from compiled import tool

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.mlir")):
    command = [tool("seqc"), "-", "-o", "-", "--emit=seq"]
    text = caller(path)
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    assert done.returncode == 0, f"{path.name}\n{done.stderr}\n{text}"
    assert "seq.cells" not in done.stdout, f"{path.name}: the declaration is still there"
    used = "linalg.matvec" in done.stdout
    print(f"{path.stem}: {done.stdout.count('seq.recurrence')} recurrence, matvec {used}")

# CHECK: aaren: 1 recurrence, matvec False
# CHECK-NEXT: biquad: 1 recurrence, matvec False
# CHECK-NEXT: biquad_cascade: 2 recurrence, matvec False
# CHECK-NEXT: cema: 1 recurrence, matvec False
# CHECK-NEXT: cummax: 1 recurrence, matvec False
# CHECK-NEXT: elman: 1 recurrence, matvec True
# CHECK-NEXT: ema: 1 recurrence, matvec False
# CHECK-NEXT: gate_loop: 1 recurrence, matvec False
# CHECK-NEXT: gru: 1 recurrence, matvec True
# CHECK-NEXT: gru_reset_before: 1 recurrence, matvec True
# CHECK-NEXT: hgrn: 1 recurrence, matvec True
# CHECK-NEXT: hmm_forward: 1 recurrence, matvec False
# CHECK-NEXT: kalman: 2 recurrence, matvec True
# CHECK-NEXT: logcumsumexp: 1 recurrence, matvec False
# CHECK-NEXT: lru: 1 recurrence, matvec True
# CHECK-NEXT: lstm: 1 recurrence, matvec True
# CHECK-NEXT: mega_ema: 1 recurrence, matvec False
# CHECK-NEXT: min_gru: 1 recurrence, matvec True
# CHECK-NEXT: min_lstm: 1 recurrence, matvec True
# CHECK-NEXT: para_gru: 1 recurrence, matvec True
# CHECK-NEXT: para_lstm: 1 recurrence, matvec True
# CHECK-NEXT: qrnn: 1 recurrence, matvec True
# CHECK-NEXT: rwkv4_wkv: 1 recurrence, matvec False
# CHECK-NEXT: s4d: 1 recurrence, matvec False
# CHECK-NEXT: s5: 1 recurrence, matvec True
# CHECK-NEXT: selective_scan: 1 recurrence, matvec True
# CHECK-NEXT: signed_selective_scan: 1 recurrence, matvec True
# CHECK-NEXT: sru: 1 recurrence, matvec True
# CHECK-NEXT: sru_peephole: 1 recurrence, matvec True
# CHECK-NEXT: timestep_norm: 1 recurrence, matvec False
# CHECK-NEXT: viterbi: 1 recurrence, matvec False
# CHECK-NEXT: viterbi_path: 1 recurrence, matvec False
