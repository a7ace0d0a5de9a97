# Declarations of cells that fit no cell.
# RUN: %python %s | FileCheck %s
# CHECK: cells: ok
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "Driver", "Inputs"))
import tool

tool.folder()
HELP = "help: sizes other than batch and time are static, elements f32 or f64\n"


def wrong(name, types, results, message, help=""):
    line = f"func.func private @seq.cells.{name}({types}) -> ({results})"
    tool.write("m.mlir", line + "\n" + tool.SUM)
    tool.expect(1, f"m.mlir:1:1: error: {message}\n{line}\n^\n{help}", "m.mlir", "--emit=seq")


cells = sorted(f[:-5] for f in os.listdir(os.path.join(os.environ["SEQC_SOURCE_DIR"], "lib", "Cells"))
               if f.endswith(".mlir"))
names = ", ".join(cells[:-1]) + " or " + cells[-1]
wrong("lstmm", "tensor<4xf32>", "tensor<4xf32>", f"expected a cell ({names}), but got 'lstmm'",
      "help: did you mean 'lstm'?\n")
x, w, r, b, h = "tensor<?x?x4xf32>", "tensor<24x4xf32>", "tensor<24x8xf32>", "tensor<24xf32>", "tensor<?x8xf32>"
out = "tensor<?x?x8xf32>, tensor<?x8xf32>"
wrong("gru", ", ".join([x, w, r, b, b]), out, "expected 6 arguments of cell 'gru', but got 5")
wrong("gru", ", ".join([x, w, r, b, b, h]), "tensor<?x?x8xf32>",
      "expected 2 results of cell 'gru', but got 1")
wrong("gru", ", ".join([x, "tensor<25x4xf32>", r, b, b, h]), out,
      "expected argument 1 of cell 'gru' to be tensor<3*Hx4xf32>, but got 'tensor<25x4xf32>'", HELP)
wrong("gru", ", ".join([x, w, r, b, "tensor<23xf32>", h]), out,
      "expected argument 4 of cell 'gru' to be tensor<24xf32>, but got 'tensor<23xf32>'", HELP)
wrong("gru", ", ".join(["tensor<?x?x?xf32>", w, r, b, b, h]), out,
      "expected argument 0 of cell 'gru' to be tensor<?x?xIxF>, but got 'tensor<?x?x?xf32>'", HELP)
wrong("gru", ", ".join([x, w, r, b, b, "tensor<8xf32>"]), out,
      "expected argument 5 of cell 'gru' to be tensor<?x8xf32>, but got 'tensor<8xf32>'", HELP)
wrong("gru", ", ".join([t.replace("f32", "f16") for t in (x, w, r, b, b, h)]),
      out.replace("f32", "f16"),
      "expected argument 0 of cell 'gru' to be tensor<?x?x4xF>, but got 'tensor<?x?x4xf16>'", HELP)
tool.finish("cells")
