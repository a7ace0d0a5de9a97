"""The cell library as kernels of a GPU: what ptxas says of each, and which cells have none yet. Both are kept as text,
which tools/dev/gpu-reports writes and tests compare with what the compiler does.
"""

import os
import re
import subprocess

import gpu_tools
import library
from compiled import FOLDER, tool

ARCHITECTURES = ("sm_80", "sm_90", "sm_100")
PLANS = ("fused", "scan", "segments", "newton")
SIZES = dict(D=40, G=2, H=24, I=7, N=4, S=5, P=3, C=3, M=6, K=4, O=2)
SOURCE = os.environ["SEQC_SOURCE_DIR"]
RESOURCES = os.path.join(SOURCE, "test", "Integration", "Inputs", "gpu-resources.txt")
PAGE = os.path.join(SOURCE, "docs", "Targets.md")
BEGIN, END = "<!-- cells on GPUs: written by tools/dev/gpu-reports -->\n", "<!-- end of cells on GPUs -->\n"


def sizes_of(name):
    """Sizes for every letter of a cell's text."""
    with open(os.path.join(library.FOLDER, name + ".mlir")) as file:
        letters = set(re.findall(r"\$\(?\d*\*?([A-Z]\d*)", file.read())) - {"B", "T", "F"}
    return {letter: SIZES[letter[0]] for letter in letters}


def cases():
    """(label, program) of every cell, and of some with as many modes, or as wide heads, as models have."""
    for name in library.names():
        yield name, library.Cell(name, **sizes_of(name)).program()
    for name in ("mega_ema", "cema", "s4d", "selective_scan", "signed_selective_scan"):
        for modes in (16, 64) if "scan" in name else (16,):
            yield f"{name}/{modes}-modes", library.Cell(name, D=64, N=modes).program()
    for name in ("lstm", "gru", "gru_reset_before", "elman"):
        for head in (64, 128, 160, 256):
            yield f"{name}/head-{head}", library.Cell(name, I=head, H=head).program()


def compile_ptx(source, arch, plan="auto"):
    """(finished process, path of the PTX)."""
    path = os.path.join(FOLDER.name, "gpu.mlir")
    with open(path, "w") as file:
        file.write(source)
    command = [tool("seqc"), path, "--target=cuda", f"--cuda-arch={arch}", f"--schedule={plan}", "-o", path + ".ptx"]
    return subprocess.run(command, capture_output=True, text=True), path + ".ptx"


def refusal(source):
    """Why a program has no kernels yet, one sentence; empty if it has."""
    done, _ = compile_ptx(source, ARCHITECTURES[0])
    if done.returncode == 0:
        return ""
    sentence = re.search(r"error: (?:'[\w.]+' op )?(.*)", done.stderr).group(1)
    return re.sub(r" at \S+:\d+:\d+", "", sentence)  # cells may grow lines


class Resources:
    """What ptxas says of a kernel, and `threads` and `blocks` that its PTX asks for."""

    def __init__(self, kernel, text, entry):
        numbers = lambda pattern: [int(n) for n in re.search(pattern, text).groups()]
        number = lambda pattern: int((re.search(pattern, text) or [0, 0])[1])
        self.kernel = kernel
        self.stack, self.stores, self.loads = numbers(
            r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
        (self.registers,) = numbers(r"Used (\d+) registers")
        self.barriers, self.shared = number(r"used (\d+) barriers"), number(r"(\d+) bytes smem")
        self.threads, self.blocks = (int(re.search(rf"\.{n} (\d+)", entry)[1]) for n in ("maxntid", "minnctapersm"))

    def __str__(self):
        return (f"{self.kernel} registers={self.registers} stack={self.stack} spill_stores={self.stores} "
                f"spill_loads={self.loads} shared={self.shared} barriers={self.barriers}")


def resources(path, arch):
    """The resources of each kernel of a PTX file, as ptxas reports them."""
    done = subprocess.run([gpu_tools.ptxas(), "-v", f"-arch={arch}", path, "-o", path + ".cubin"], capture_output=True, text=True)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    reports = dict(re.findall(r"Compiling entry function '(\w+)'(.*?)(?=Compiling entry|\Z)", text, re.S))
    with open(path) as file:
        entries = dict(re.findall(r"\.entry (\w+)\((.*?)\{", file.read(), re.S))
    assert reports and reports.keys() == entries.keys(), text
    return [Resources(kernel, report, entries[kernel]) for kernel, report in sorted(reports.items())]


def all_resources(plans=PLANS):
    """(line's beginning, Resources) of each kernel of each case, plan and architecture."""
    for label, source in cases():
        for plan in plans:
            for arch in ARCHITECTURES:
                done, path = compile_ptx(source, arch, plan)
                if done.returncode:
                    break
                for found in resources(path, arch):
                    yield f"{label} {plan} {arch}", found


def resources_text(found):
    lines = sorted(f"{head} {kernel}\n" for head, kernel in found)
    return f"# ptxas {gpu_tools.VERSION}; written by tools/dev/gpu-reports\n" + "".join(lines)


def cells_table():
    """The table of docs/Targets.md: the plans that a cell's kernels may have, or why it has none."""
    text = "| cell | kernels |\n|---|---|\n"
    for name in library.names():
        source = library.Cell(name, **sizes_of(name)).program()
        reason = refusal(source)
        plans = [plan for plan in PLANS if not reason and compile_ptx(source, ARCHITECTURES[0], plan)[0].returncode == 0]
        text += f"| `{name}` | {'not yet: ' + reason if reason else 'emulated: ' + ', '.join(plans)} |\n"
    return text


def page_with(table):
    """docs/Targets.md with this table."""
    with open(PAGE) as file:
        text = file.read()
    before, rest = text.split(BEGIN)
    return before + BEGIN + "\n" + table + "\n" + END + rest.split(END)[1]
