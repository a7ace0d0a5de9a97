"""A folder includes only what stands to its left in the order below (docs/Architecture.md)."""
import re

from .tree import Finding

# Folders of one row stand beside each other and do not include each other.
ORDER = [
    ["Support", "Cells"],
    ["Dialect/Seq/IR"],
    ["Analysis"],
    ["Dialect/Seq/Transforms", "Frontend"],
    ["Schedule"],
    ["Conversion"],
    ["Target"],
    ["Pipeline"],
    ["Link", "JIT"],
    ["Driver"],
    ["CAPI"],
    ["Bindings"],
]
RANK = {folder: rank for rank, row in enumerate(ORDER) for folder in row}
INCLUDE = re.compile(r'\s*#\s*include\s*["<]([^">]+)[">]')
# The runtime stands alone: it is linked into every model.
RUNTIME_REFUSES = ("llvm/", "mlir/", "llvm-c/", "mlir-c/")


def layer(parts):
    """The row's folder that a path below lib/ or include/seqc/ belongs to, or None."""
    for depth in (3, 2, 1):
        name = "/".join(parts[:depth])
        if name in RANK or name == "Runtime":
            return name
    return None


def check(tree):
    for path in tree.under("lib", "include", suffixes={".c", ".cpp", ".h"}):
        below = path.parts[1:] if path.parts[0] == "lib" else path.parts[2:]
        if path.parts[:2] == ("include", "seqc-c"):
            continue
        own = layer(below)
        if own is None:
            if len(below) > 1 and below[0] not in ("Runtime",):
                yield Finding(path, 1, f"expected a folder of the layer order, but got '{below[0]}'")
            continue
        for number, line in tree.lines(path):
            match = INCLUDE.match(line)
            if match:
                yield from judge(path, number, own, match.group(1))


def judge(path, number, own, header):
    if own == "Runtime":
        if header.startswith(RUNTIME_REFUSES):
            yield Finding(path, number, f"expected no LLVM header in the runtime, but got '{header}'")
        if header.startswith("seqc/") and not header.startswith("seqc/Runtime/"):
            yield Finding(path, number, f"expected only 'seqc/Runtime/' in the runtime, but got '{header}'")
        return
    if not header.startswith("seqc/"):
        return
    other = layer(header.split("/")[1:])
    if other is None or other in (own, "Runtime"):
        return
    if RANK[other] >= RANK[own]:
        yield Finding(path, number, f"'{own}' stands before '{other}' and must not include '{header}'")
