# Errors as text with carets and as JSON; at most 20; colours never reach a file.
# RUN: %python %s | FileCheck %s
# CHECK: diagnostics: ok
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "Inputs"))
import tool

tool.folder()
LINE = "func.func @f(%x: tensor<4xf32> {seqc.parm = \"w\"}) {"
tool.write("m.mlir", LINE + "\n  return\n}\n")
MESSAGE = ("expected an argument attribute of seqc (seqc.dims, seqc.param or seqc.name), but got "
           "'seqc.parm'")
tool.expect(1, f"m.mlir:1:14: error: {MESSAGE}\n{LINE}\n             ^\n"
            "help: did you mean 'seqc.param'?\n", "m.mlir", "--emit=seq")


def records(status, *args, **more):
    result = tool.run(*args, "--diagnostics=json", **more)
    tool.report("status", result.returncode == status, result)
    return [json.loads(line) for line in result.stderr.decode().splitlines()]


found = records(1, "m.mlir", "--emit=seq")
tool.report("record", found == [{
    "file": "m.mlir", "line": 1, "col": 14, "severity": "error", "message": MESSAGE,
    "notes": [{"file": "", "line": 0, "col": 0, "severity": "help",
               "message": "did you mean 'seqc.param'?", "notes": []}]}], found)
found = records(2, "m.mlir", "--emti=seq")
tool.report("usage", [(r["severity"], r["message"]) for r in found] ==
            [("error", "unknown option '--emti'")], found)
found = records(1, "-", "--emit=seq", stdin=b"module {\n  \xff\xfe\n}")
tool.report("not UTF-8", len(found) == 1 and (found[0]["file"], found[0]["line"]) == ("<stdin>", 2), found)

many = "".join(f"func.func @while.{i}(%x: f32) {{\n  return\n}}\n" for i in range(30))
found = records(1, "-", "--emit=seq", stdin=many.encode())
tool.report("20 errors", len(found) == 21 and found[-1]["message"] == "10 more errors are not shown", found)

# A caret counts tabs and UTF-8 as the terminal does, and hostile bytes stay out of it.
result = tool.run("-", "--emit=seq", stdin="\t// é\n\tfunc.func @f() { \"é\x1b[31m\" }\n".encode())
tool.report("control bytes", b"\x1b" not in result.stderr and result.returncode == 1, result)
tool.finish("diagnostics")
