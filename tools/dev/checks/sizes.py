"""Sizes of files and functions: usual sizes are warned about, ceilings are errors."""
import re

from .tree import Finding

# Suffix and top folder: (usual, ceiling) in lines.
SOURCE = (400, 800)
HEADER = (150, 300)
TABLEGEN = (600, 800)
TEST = (200, 800)
FUNCTION_P90 = 40
FUNCTION_LONG = 80


def limits(path):
    if path.suffix in (".cpp", ".c"):
        return SOURCE
    if path.suffix == ".h":
        return HEADER
    if path.suffix == ".td":
        return TABLEGEN
    if path.parts[0] == "test" and path.suffix in (".mlir", ".test", ".py"):
        return TEST
    if path.suffix == ".py" or path.parts[:2] == ("tools", "dev"):
        return SOURCE
    return None


def functions(lines):
    """(first line, length) of function bodies, by clang-format's layout: a body opens with a line
    that ends in ') {' or the like at some indent, and closes with '}' at the same indent."""
    opening = re.compile(r"^( *)(?!namespace|class|struct|enum|extern|if|for|while|switch|else|do\b)\S.*\)[^;]*\{$")
    index = 0
    while index < len(lines):
        match = opening.match(lines[index])
        indent = match.group(1) if match else ""
        if match and len(indent) <= 2:
            for end in range(index + 1, len(lines)):
                if re.match(rf"^{indent}\}}", lines[end]):
                    yield index + 1, end - index + 1
                    index = end
                    break
        index += 1


def check(tree):
    lengths = []
    for path in tree.files:
        bounds = limits(path)
        text = tree.text(path)
        if bounds is None or text is None or "Inputs" in path.parts:
            continue
        count = text.count("\n")
        usual, ceiling = bounds
        if count > usual:
            yield Finding(path, count, f"expected at most {usual} lines, but got {count}"
                          f" (the ceiling is {ceiling})", fatal=count > ceiling)
        if path.suffix in (".cpp", ".c") and path.parts[0] in ("lib", "tools"):
            for line, length in functions(text.split("\n")):
                lengths.append(length)
                if length > FUNCTION_LONG:
                    yield Finding(path, line, f"expected functions of at most {FUNCTION_LONG} lines,"
                                  f" but got {length}", fatal=False)
    if lengths:
        p90 = sorted(lengths)[int(len(lengths) * 0.9)]
        if p90 > FUNCTION_P90:
            yield Finding("lib", 1, f"expected 90 % of functions within {FUNCTION_P90} lines,"
                          f" but the 90th percentile is {p90}")
