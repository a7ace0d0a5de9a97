# RUN: %python %s
# REQUIRES: numpy, x86-host
"""No scalar floating-point arithmetic and no call of libm in the loops of the cells' code (also
where the width is no multiple of a vector) and of Silero VAD."""

import os
import subprocess

import assembly
import cells
from compiled import levels, tool

SAMPLE = """
f:
.LBB0_1:
	vaddps	%ymm0, %ymm1, %ymm0
	vaddss	%xmm0, %xmm1, %xmm0  # scalar
	callq	expf@PLT
	jne	.LBB0_1
	vmulsd	%xmm0, %xmm1, %xmm0
	retq
"""


def emitted(text, march):
    command = [tool("seqc"), "-", "-o", "-", "--emit=asm", "--schedule=fused", f"--march={march}"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


# The reader finds what is in a loop and nothing else.
assert assembly.scalar_arithmetic(SAMPLE) == (
    [("f", "vaddss\t%xmm0, %xmm1, %xmm0"), ("f", "callq\texpf@PLT")],
    1,
)

programs = [
    (f"{name} H={H} N={N}", cells.program(name, H, H, N))
    for name in cells.CELLS
    for H, N in ((64, 16), (17, 3))
]
silero = ("docs", "examples", "silero-vad", "silero-vad.mlir")
with open(os.path.join(os.environ["SEQC_SOURCE_DIR"], *silero)) as file:
    programs.append(("silero-vad", file.read()))

bad = 0
for name, text in programs:
    for march in levels():
        found, vectors = assembly.scalar_arithmetic(emitted(text, march))
        assert vectors > 10, f"{name} {march}: expected vector code in loops"
        if found:
            bad += 1
            print(f"{name} {march}: {len(found)} scalar operations, e.g. {found[:4]}")
assert not bad
