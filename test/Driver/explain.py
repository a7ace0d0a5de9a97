# --explain: blocks of text, or JSON, of the compiler's remarks; to stdout, stderr or a file.
# RUN: %python %s | FileCheck %s
# CHECK: explain: ok
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "Inputs"))
import tool

tool.folder()
tool.write("m.mlir", tool.SUM)
result = tool.run("m.mlir", "--explain=text")
text = result.stdout.decode()
tool.report("status", (result.returncode, result.stderr) == (0, b""), result)
tool.report("place", text.startswith("m.mlir:3:"), text)
for category in ("step", "plan"):
    tool.report(category, f"\n  {category} " in text, text)
tool.report("nothing written", os.listdir(".") == ["m.mlir"], os.listdir("."))

result = tool.run("m.mlir", "--explain=json")
data = json.loads(result.stdout)
tool.report("schema", data["schema"] == 1 and result.returncode == 0, data)
fields = {"file", "line", "col", "function", "category", "name", "kind", "sentences", "facts"}
tool.report("fields", data["remarks"] and all(set(r) == fields for r in data["remarks"]), data)
tool.report("step and plan", {"step", "plan"} <= {r["category"] for r in data["remarks"]}, data)

result = tool.run("m.mlir", "--explain=text:e.txt", "--emit=scheduled")
tool.report("file", open("e.txt").read() == text and b"schedule(<" in result.stdout, result)
result = tool.run("m.mlir", "--explain=text", "--emit=scheduled")
tool.report("stderr", result.stderr.decode() == text and b"schedule(<" in result.stdout, result)
tool.write("n.mlir", "func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n  return %x : tensor<4xf32>\n}\n")
result = tool.run("n.mlir", "--explain", "--emit=scheduled")
tool.report("no recurrence", result.stderr.startswith(b"n.mlir:1:1 in 'f': ")
            and b"no step function: it holds no recurrence" in result.stderr
            and result.stderr.count(b"\n") == 1, result)
result = tool.run("m.mlir", "--explain", "--march=x86-64-v4")
line = result.stdout.decode()
tool.report("one line", line.count("\n") == 1 and line.startswith("m.mlir:3:") and "plan " in line, line)
result = tool.run("n.mlir", "--explain", "--emit=seq")
tool.report("nothing", result.stderr == b"nothing to explain: no function was scheduled\n", result)
tool.finish("explain")
