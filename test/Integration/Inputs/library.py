"""Any cell of lib/Cells as a test subject: its program at given sizes, read off the cell's own text,
and the checks that all cells share.

    cell = library.Cell("ema", D=5)
    values = cell.values(rng, B=3, T=31, alpha=lambda v: sigmoid(v))
    library.check(cell, values, oracle(*wide(values)))
"""

import os
import re

import numpy as np

import bits
import plans
from compiled import DTYPES, compile_text

FOLDER = os.path.join(os.environ["SEQC_SOURCE_DIR"], "lib", "Cells")
LENGTHS = [0, 1, 2, 31, 33, 257]
BATCHES = [1, 3]
NAMES = {"in": ' {seqc.dims = ["B", "T"]}', "state": ' {seqc.dims = ["B"]}', "weight": ""}


def names():
    return sorted(n.removesuffix(".mlir") for n in os.listdir(FOLDER) if n.endswith(".mlir"))


SIZES = dict(D=40, G=2, H=24, I=7, N=4, S=5, P=3, C=3, M=6, K=4, O=2)


def sizes_of(name):
    """Small sizes for each letter of a cell's text."""
    with open(os.path.join(FOLDER, name + ".mlir")) as file:
        letters = set(re.findall(r"\$\(?\d*\*?([A-Z]\d*)", file.read())) - {"B", "T", "F"}
    return {letter: SIZES[letter[0]] for letter in letters}


class Cell:
    """`arguments` and `results` in IR order: (name, kind, step shape, element type)."""

    def __init__(self, name, dtype="f32", **sizes):
        self.name, self.dtype, self.sizes = name, dtype, sizes
        with open(os.path.join(FOLDER, name + ".mlir")) as file:
            text = file.read()
        head, results = re.search(
            rf"^func\.func private @seq\.cells\.{name}\((.*?)\)\s*->\s*(.*?)\s*\{{$", text, re.M | re.S
        ).groups()
        found = re.findall(r"%(\w+): (tensor<[^>]*>)", head)
        self.arguments = [(n, *self.parse(t)) for n, t in found]
        self.results = [self.parse(t) for t in re.findall(r"tensor<[^>]*>", results)]
        used = {n for _, _, shape, _ in self.arguments for n in shape}
        assert all(isinstance(n, int) for n in used), f"{name}: give sizes for {used}"

    def size(self, token):
        """$H, 3 or $(3*H) as a number."""
        factor, letter = re.fullmatch(r"\$?\(?(\d*)\*?([A-Z]\d*)?\)?", token).groups()
        return int(factor or 1) * (self.sizes.get(letter, letter) if letter else 1)

    def parse(self, text):
        *sizes, element = text.removeprefix("tensor<").removesuffix(">").split("x")
        kind = "in" if "$T" in sizes else "state" if "$B*" in sizes else "weight"
        shape = tuple(self.size(s) for s in sizes if s not in ("$T", "$B*"))
        return kind, shape, self.dtype if element == "$F" else element

    def type(self, kind, shape, element):
        leading = {"in": ["?", "?"], "state": ["?"], "weight": []}[kind]
        return f"tensor<{'x'.join([*leading, *map(str, shape), element])}>"

    def program(self):
        """A module whose function `f` calls the cell with dynamic batch and time."""
        types = ", ".join(self.type(*a[1:]) for a in self.arguments)
        results = ", ".join(self.type(*r) for r in self.results)
        declared = ", ".join(f"%{n}: {self.type(k, s, e)}{NAMES[k]}" for n, k, s, e in self.arguments)
        values = ", ".join(f"%{a[0]}" for a in self.arguments)
        count = len(self.results)
        return f"""func.func private @seq.cells.{self.name}({types}) -> ({results})
func.func @f({declared}) -> ({results}) {{
  %results:{count} = call @seq.cells.{self.name}({values}) : ({types}) -> ({results})
  return {", ".join(f"%results#{i}" for i in range(count))} : {results}
}}
"""

    def compile(self, schedule="auto", march="native"):
        return compile_text(self.program(), schedule, march)["f"]

    def values(self, rng, B, T, **changes):
        """Random arguments in IR order: normal, matrices scaled by their width, zeros for integers.
        What a name maps to is a function of that argument's normal values, or the value."""
        values = []
        for name, kind, shape, element in self.arguments:
            whole = {"in": (B, T), "state": (B,), "weight": ()}[kind] + shape
            value = rng.standard_normal(whole)
            if kind == "weight" and len(shape) > 1:
                value = value / np.sqrt(shape[-1])
            if element not in ("f32", "f64"):
                value = np.zeros(whole)
            change = changes.pop(name, None)
            value = change(value) if callable(change) else value if change is None else change
            values.append(np.array(np.broadcast_to(value, whole), DTYPES[element], order="C"))
        assert not changes, f"{self.name} has no argument {list(changes)}"
        return values


def wide(values):
    """float64 of every float."""
    return [np.asarray(v, np.float64) if v.dtype.kind == "f" else v for v in values]


def check(cell, values, expected, relative=1e-5, absolute=1e-5, streams=True):
    """Close to the oracle; `fused` gives the bits of `reference` at every --march level, whole, in
    pieces, one sequence at a time, on threads. Returns the results."""
    for march, *libraries in plans.pairs(cell.program()):
        reference, fused = (library["f"] for library in libraries)
        sizes = plans.bind(fused, values)
        what = f"{cell.name} {cell.dtype} {march} {cell.sizes} {sizes}"
        actual = plans.check_calls(reference, fused, values, what, sizes["T"])
        bits.expect_close(actual, expected, what, relative, absolute)
        plans.check_batch(fused, values, actual, what, "B")
        if sizes["T"] == 33:
            plans.check_threads(fused, values, actual, what)
        assert fused.signature["streams"] == streams, f"{what}: {fused.signature}"
        if streams:
            rng = np.random.default_rng(sizes["T"])
            for function in (reference, fused):
                plans.check_splits(function, values, actual, what, rng)
    return actual


def check_special_values(cell, rng, **changes):
    """NaN, infinities, denormals and huge numbers meet the same bits in both plans."""
    values = cell.values(rng, 3, 9, **changes)
    for value in values:
        if value.dtype.kind == "f":
            flat = value.reshape(-1)
            flat[rng.integers(0, flat.size, 2)] = rng.choice([np.nan, np.inf, -np.inf, 1e-42, 3e38, -0.0], 2)
    for march, reference, fused in plans.pairs(cell.program()):
        plans.check_calls(reference["f"], fused["f"], values, f"{cell.name} {march} special values")
