# Text that would crash or stall a parser is refused at its place; no run may die of a signal.
# RUN: %python %s | FileCheck %s
# CHECK: text: ok
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "Driver", "Inputs"))
import tool

tool.folder()
DEEP = "error: expected brackets nested at most 256 deep\n"


def refused(what, text, message, place):
    result = tool.run("-", "--emit=seq", stdin=text.encode(), timeout=20)
    first = result.stderr.decode(errors="replace").split("\n")[0] + "\n"
    tool.report(what, (result.returncode, first) == (1, f"<stdin>:{place}: {message}"), (result.returncode, first))


# 100,000 levels of each kind of nesting.
N = 100000
for what, opening in (("modules", "module {"), ("lists", "["), ("types", "tensor<"), ("regions", "({"),
                      ("tuples", "tuple<"), ("parentheses", "("), ("dictionaries", "{a = ")):
    brackets = sum(opening.count(c) for c in "([{<")
    column = (256 // brackets) * len(opening) + max(opening.rfind(c) for c in "([{<") + 1
    if brackets == 2:
        column = 128 * 2 + 1
    refused(what, opening * N, DEEP, f"1:{column}")
refused("attributes", "func.func @f() attributes {a = " + "[" * N, DEEP, f"1:{31 + 256}")
refused("affine parentheses", "#m = affine_map<(d0) -> (" + "(" * N, DEEP, f"1:{25 + 255}")
refused("operators", "#m = affine_map<(d0) -> (d0" + " + d0" * N,
        "error: expected at most 256 operators in one expression\n", f"1:{27 + 5 * 256 + 2}")
refused("signs", "#m = affine_map<(d0) -> (" + "-" * N,
        "error: expected at most 256 operators in one expression\n", f"1:{25 + 257}")
aliases = "#a0 = [1]\n" + "".join(f"#a{i + 1} = [#a{i}]\n" for i in range(N))
result = tool.run("-", "--emit=seq", stdin=aliases.encode())
tool.report("aliases", result.returncode == 1 and DEEP.encode() in result.stderr, result.stderr[:200])
refused("zero byte", "module {\n  \0}", "error: expected text, but got a zero byte\n", "2:3")

# What looks like brackets and is none.
text = '// ((((' + "(" * 500 + '\n' + tool.SUM.replace("%n = arith.addf", '%s = "arith.constant"() {value = 0 : i32, note = "' + "[" * 500 + '"} : () -> i32\n    %n = arith.addf')
result = tool.run("-", "--emit=seq", stdin=text.encode())
tool.report("comments and strings", result.returncode == 0, result.stderr)
many = "".join(f"#s{i} = affine_set<(d0) : (d0 >= 0, 4 - d0 >= 0)>\n" for i in range(1000)) + tool.SUM
result = tool.run("-", "--emit=seq", stdin=many.encode())
tool.report("comparisons", result.returncode == 0, result.stderr)
deep = "[" * 200 + "]" * 200
result = tool.run("-", "--emit=seq", stdin=tool.SUM.replace(
    ") {\n", ") attributes {a = " + deep + "} {\n", 1).encode())
tool.report("200 levels are fine", result.returncode == 0, result.stderr[:300])
flat = "func.func @f(%x: f32) -> f32 {\n" + "".join(
    f"  %a{i} = arith.constant -1.0 : f32\n" for i in range(20000)) + "  return %x : f32\n}\n"
result = tool.run("-", "--emit=seq", stdin=flat.encode())
tool.report("20,000 flat ops", result.returncode == 0, result.stderr[:300])

# Text without an end: what is missing and where.
for text, place, message in (
    ("module {", "1:7", "expected operation name in quotes"),
    ("func.func @f() {", "1:15", "expected operation name in quotes"),
    ('#a = "b', "1:8", "expected '\"' in string literal"),
    ("func.func @f(%x: tensor<4", "1:25", "expected 'x' in dimension list"),
    ("#m = affine_map<(d0) -> (d0", "1:27", "expected ')' in affine map range"),
    ("module attributes {a = [1, 2", "1:27", "expected ',' or ']'"),
    ('"seq.recurrence"(', "1:17", "expected ')' to end operand list"),
    (tool.SUM[:tool.SUM.index(") out(")], "5:37", "expected ')'"),
):
    refused(f"end of {text[-20:]}", text, f"error: {message}\n", place)

# At every length; random bytes; random edits.
for size in range(0, len(tool.SUM) - 2, 7):
    result = tool.run("-", "--emit=seq", stdin=tool.SUM[:size].encode())
    tool.report(f"cut at {size}", result.returncode == 1 and b"error: " in result.stderr,
                (result.returncode, result.stderr))
seeded = random.Random(1)
for i in range(60):
    result = tool.run("-", "--emit=seq", stdin=seeded.randbytes(seeded.randrange(1, 4000)), timeout=20)
    tool.report(f"random {i}", result.returncode == 1 and b"error: " in result.stderr, result)
for i in range(150):
    text = bytearray(tool.SUM.encode())
    for _ in range(seeded.randrange(1, 4)):
        text[seeded.randrange(len(text))] = seeded.randrange(1, 256)
    result = tool.run("-", "--emit=scheduled", stdin=bytes(text), timeout=20)
    tool.report(f"edit {i}", result.returncode in (0, 1), (result, bytes(text)))
tool.finish("text")
