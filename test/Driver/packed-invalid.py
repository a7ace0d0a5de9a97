# Packed sequences whose offsets nobody could check: one sentence each; and what --explain says.
# RUN: %python %s | FileCheck %s
# CHECK: packed: ok
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "Inputs"))
import tool

tool.folder()
TEXT = """func.func @f(%%u: tensor<?x3xf32>, %%cu: tensor<?xi32>, %%h0: tensor<?x3xf32>, %%k: index) -> tensor<?x3xf32> {
  %s
  %%y, %%l = seq.recurrence (%%x: tensor<3xf32> in %s) cu_seqlens(%s) states(%%h: tensor<3xf32> = %s) {
    %%n = arith.addf %%h, %%x : tensor<3xf32>
    seq.yield next(%%n : tensor<3xf32>) out(%%n : tensor<3xf32>)
  } : (tensor<?x3xf32>, tensor<?xi32>, tensor<?x3xf32>) -> (tensor<?x3xf32>, tensor<?x3xf32>)
  return %%y : tensor<?x3xf32>
}
"""


def refuse(what, sentence, line, u="%u", cu="%cu", h="%h0"):
    tool.write("m.mlir", TEXT % (line, u, cu, h))
    result = tool.run("m.mlir", "-o", "m.so")
    first = result.stderr.decode().splitlines()[:1]
    expected = [f"m.mlir:3:12: error: 'seq.recurrence' op {sentence}"]
    tool.report(what, result.returncode == 1 and first == expected, result)
    tool.report(what + ", nothing written", os.listdir(".") == ["m.mlir"], os.listdir("."))


argument = ("expected 'cu_seqlens' to be an argument of the function, whose values are checked before a "
            "call runs, but it is computed")
refuse("computed offsets", argument, "%c = arith.addi %cu, %cu : tensor<?xi32>", cu="%c")
refuse("part of an argument", argument,
       "%c = tensor.extract_slice %cu[1] [%k] [1] : tensor<?xi32> to tensor<?xi32>", cu="%c")
refuse("computed steps",
       "expected the number of steps of packed sequences to be a size of an argument, with which "
       "'cu_seqlens' is compared, but it is computed",
       "%v = tensor.concat dim(0) %u, %u : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>", u="%v")
count = ("expected the number of packed sequences to be a size of an argument, or that of 'cu_seqlens' "
         "less 1, but it is computed")
refuse("computed sequences", count,
       "%g = tensor.concat dim(0) %h0, %h0 : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>", h="%g")
refuse("as many sequences as offsets", count,
       "%c0 = arith.constant 0 : index %m = tensor.dim %cu, %c0 : tensor<?xi32> "
       "%e = arith.constant 2 : index %d = arith.subi %m, %e : index "
       "%t = tensor.empty(%d) : tensor<?x3xf32> %z = arith.constant 0.0 : f32 "
       "%g = linalg.fill ins(%z : f32) outs(%t : tensor<?x3xf32>) -> tensor<?x3xf32>", h="%g")


# Two ops with the same offsets: each is compared with its own sizes.
BOTH = """func.func @f(%u: tensor<?x3xf32>, %v: tensor<?x3xf32>, %cu: tensor<?xi32>, %h0: tensor<?x3xf32>, %k0: tensor<?x3xf32>) -> (tensor<?x3xf32>, tensor<?x3xf32>) {
"""
for i, (u, h) in enumerate((("%u", "%h0"), ("SECOND_U", "SECOND_H"))):
    BOTH += f"""  %y{i}, %l{i} = seq.recurrence (%x: tensor<3xf32> in {u}) cu_seqlens(%cu) states(%h: tensor<3xf32> = {h}) {{
    %n = arith.addf %h, %x : tensor<3xf32>
    seq.yield next(%n : tensor<3xf32>) out(%n : tensor<3xf32>)
  }} : (tensor<?x3xf32>, tensor<?xi32>, tensor<?x3xf32>) -> (tensor<?x3xf32>, tensor<?x3xf32>)
"""
BOTH += "  return %y0, %y1 : tensor<?x3xf32>, tensor<?x3xf32>\n}\n"
for u, h, what in (("%v", "%h0", "to have the same number of steps, but got another than before"),
                   ("%u", "%k0", "to be equally many, but got another number than before")):
    tool.write("m.mlir", BOTH.replace("SECOND_U", u).replace("SECOND_H", h))
    result = tool.run("m.mlir", "-o", "m.so")
    sentence = f"m.mlir:6:14: error: 'seq.recurrence' op expected all packed sequences with these offsets {what} (help:"
    tool.report(what, result.returncode == 1 and result.stderr.decode().startswith(sentence), result)

tool.write("m.mlir", TEXT % ("", "%u", "%cu", "%h0"))
text = tool.run("m.mlir", "--explain=text").stdout.decode()
tool.report("no stream", "no step function: `seq.recurrence` at m.mlir:3:12 runs packed sequences from their "
            "start to their end (`cu_seqlens`)" in text, text)
tool.report("bytes", "steps·24 + batch·28 + 4" in text or "d0·24 + d2·28 + 4" in text, text)
tool.finish("packed")
