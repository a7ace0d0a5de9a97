"""Reads x86 assembly text and finds scalar floating-point arithmetic inside loops.

A loop is what lies between a label and a later jump back to it. Loads, stores, broadcasts,
conversions and comparisons of scalars are no arithmetic.
"""

import re

FUNCTION = re.compile(r"^([\w.$]+):")
LABEL = re.compile(r"^(\.L\w+):")
JUMP = re.compile(r"^\s+j\w+\s+(\.L\w+)")
SCALAR = re.compile(
    r"^\s+v?(?:add|sub|mul|div|sqrt|min|max|rcp|rcp14|rsqrt|rsqrt14|round|rndscale|"
    r"reduce|scalef|f?n?m(?:add|sub)(?:132|213|231))s[sd]\b"
)
CALL = re.compile(r"^\s+(?:call|jmp)q?\s+\*?(\w+)")
LIBM = re.compile(
    r"(?:a?(?:sin|cos|tan)h?|atan2|exp|exp2|exp10|expm1|log|log2|log10|log1p|pow|erfc?|sqrt|cbrt|"
    r"fmod|floor|ceil|round|trunc|fma|fmin|fmax)f?|__(?:trunc|extend)\w+"
)


def functions(text):
    """(name, lines) of each function."""
    name, lines = None, []
    for line in text.splitlines():
        line = line.split("#")[0].rstrip()
        match = FUNCTION.match(line)
        if match and not match[1].startswith(".L"):
            if name:
                yield name, lines
            name, lines = match[1], []
        elif name:
            lines.append(line)
    if name:
        yield name, lines


def in_loops(lines):
    """Numbers of the lines that lie in some loop."""
    labels, covered = {}, [False] * len(lines)
    for number, line in enumerate(lines):
        if match := LABEL.match(line):
            labels[match[1]] = number
        elif (match := JUMP.match(line)) and match[1] in labels:
            for i in range(labels[match[1]], number + 1):
                covered[i] = True
    return [i for i, inside in enumerate(covered) if inside]


def scalar_arithmetic(text):
    """(function, instruction) for each scalar operation or libm call inside a loop, and the
    number of vector operations inside loops, which shows that something was looked at."""
    found, vectors = [], 0
    for name, lines in functions(text):
        for i in in_loops(lines):
            call = CALL.match(lines[i])
            if SCALAR.match(lines[i]) or (call and LIBM.fullmatch(call[1])):
                found.append((name, lines[i].strip()))
            vectors += bool(re.match(r"^\s+v\w+p[sd]\b", lines[i]))
    return found, vectors
