# RUN: %python %s fused
# REQUIRES: numpy
"""What the pinned ptxas says of the kernels of every cell, for each architecture: what stands in
Inputs/gpu-resources.txt, which tools/dev/gpu-reports writes, to the last register; and, whatever stands there, no
spills, no memory of a thread's own, registers for as many blocks on an SM as the kernel asks for, and no more of other
things than a block may have. Arguments are plans; each of the others has a test of its own, as gpu-resources-scan.py."""

import difflib
import sys

import gpu_reports

# Of an SM of every architecture; of a block.
REGISTERS = 65536
SHARED_BYTES, BARRIERS, THREADS = 49152, 16, 1024


def fault(kernel):
    """What of a kernel is beyond the limits, or empty."""
    # Registers are handed out to warps in units of 256.
    registers = (kernel.registers + 7) // 8 * 8 * kernel.threads * kernel.blocks
    kept = {"stack": (kernel.stack, 0), "spills": (kernel.stores + kernel.loads, 0), "registers": (registers, REGISTERS),
            "threads": (kernel.threads, THREADS), "shared": (kernel.shared, SHARED_BYTES),
            "barriers": (kernel.barriers, BARRIERS)}
    wrong = [f"{name} {value} of {most}" for name, (value, most) in kept.items() if value > most]
    return "; ".join(wrong if kernel.threads % 32 == 0 and kernel.threads * kernel.blocks else [*wrong, "no whole warps"])


def sample(frame, used, entry):
    """ptxas's words, with other numbers."""
    text = f"\n    {frame} bytes stack frame, {{}} bytes spill stores, {{}} bytes spill loads\nptxas info    : Used {used}"
    return lambda stores, loads: fault(gpu_reports.Resources("f_0", text.format(stores, loads), entry))


ENTRY = ".maxntid 128\n.minnctapersm 8\n"
PLAIN = "64 registers, used 0 barriers, 400 bytes cmem[0]"
assert sample(0, PLAIN, ENTRY)(0, 0) == ""
assert sample(8, PLAIN, ENTRY)(0, 0) == "stack 8 of 0"
assert sample(0, PLAIN, ENTRY)(4, 8) == "spills 12 of 0"
assert sample(0, PLAIN.replace("64", "65"), ENTRY)(0, 0) == "registers 73728 of 65536"
assert sample(0, PLAIN.replace("400", "65536 bytes smem, 400"), ENTRY)(0, 0) == "shared 65536 of 49152"
assert sample(0, PLAIN, ENTRY.replace("128", "100"))(0, 0) == "no whole warps"

plans = sys.argv[1:]
found = list(gpu_reports.all_resources(plans))
for head, kernel in found:
    assert not fault(kernel), f"{head} {kernel}: {fault(kernel)}"
with open(gpu_reports.RESOURCES) as file:
    kept = "".join(line for line in file if line[0] == "#" or line.split()[1] in plans)
now = gpu_reports.resources_text(found)
lines = difflib.unified_diff(kept.splitlines(), now.splitlines(), "kept", "now", lineterm="", n=0)
assert kept == now, "tools/dev/gpu-reports writes it anew:\n" + "\n".join(lines)
print(f"{len(found)} kernels")
