# Weights from .safetensors: bound bit for bit, and every way in which they do not fit.
# RUN: %python %s | FileCheck %s
# CHECK: weights: ok
import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "Driver", "Inputs"))
import tool

tool.folder()
LINE = 'func.func @f(%x: tensor<2x3xf32>, %w: tensor<2x3xf32> {seqc.param = "enc.w"})'
tool.write("m.mlir", LINE + """ -> tensor<2x3xf32> {
  %y = arith.addf %x, %w : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
""")
COLUMN = LINE.index("%w") + 1


def pack(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(shape=(2, 3), dtype="F32", offsets=(0, 24)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


DATA = struct.pack("<6f", 1, -2, 3.5, 0.25, 1e-30, 7)
# An odd header: the data is not aligned.
tool.write("w.safetensors", pack(json.dumps({"__metadata__": {"a": "b"}, "enc.w": tensor(),
                                             "other": tensor((0,), "F16", (24, 24))}).encode() + b" ", DATA))
result = tool.run("m.mlir", "--emit=seq", "--weights=w.safetensors")
text = result.stdout.decode()
tool.report("bound", result.returncode == 0 and "[1.000000e+00, -2.000000e+00, 3.500000e+00]" in text
            and "func.func @f(%arg0: tensor<2x3xf32>)" in text and "seqc.param" not in text, result)
result = tool.run("m.mlir", "--emit=seq")
tool.report("unbound", 'seqc.param = "enc.w"' in result.stdout.decode(), result)


def misfit(message, header, data=DATA, help=""):
    tool.write("w.safetensors", pack(header, data))
    caret = " " * (COLUMN - 1) + "^\n"
    tool.expect(1, f"m.mlir:1:{COLUMN}: error: expected f32[2,3] for parameter 'enc.w', but got "
                f"{message}\n{LINE} -> tensor<2x3xf32> {{\n{caret}{help}", "m.mlir", "--emit=seq",
                "--weights=w.safetensors")


misfit("f32[3,2]", {"enc.w": tensor((3, 2))})
misfit("f32[6]", {"enc.w": tensor((6,))})
misfit("f16[2,6]", {"enc.w": tensor((2, 6), "F16")})
misfit("i32[2,3]", {"enc.w": tensor((2, 3), "I32")})
misfit("no tensor of that name in 'w.safetensors'", {"enc.ww": tensor()},
       help="help: did you mean 'enc.ww'?\n")
misfit("no tensor of that name in 'w.safetensors'", {})


def broken(message, contents):
    tool.write("w.safetensors", contents)
    tool.expect(1, f"w.safetensors: error: {message}\n", "m.mlir", "--emit=seq",
                "--weights=w.safetensors")


good = pack({"enc.w": tensor()}, DATA)
broken("expected at least 8 bytes, but got 0", b"")
broken("expected at least 8 bytes, but got 7", good[:7])
broken(f"expected a header inside the file's 40 bytes, but got one of {len(good) - 32}", good[:40])
broken(f"expected a header inside the file's {len(good)} bytes, but got one of 18446744073709551615",
       pack({"enc.w": tensor()}, DATA, 2**64 - 1))
broken("tensor 'enc.w': expected data inside the file's 23 bytes of data, but got offsets 0 to 24", good[:-1])
broken("expected a JSON object as header", pack(b"[]"))
broken("expected a header nested at most 8 deep", pack(b"[" * 1000000))
broken("expected each name once, but got 'a' twice",
       pack(b'{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}', DATA))
broken("tensor 'a': expected dtype, shape and data_offsets", pack({"a": 1}))
broken("tensor 'a': expected dtype, shape and data_offsets", pack({"a": tensor((-1,))}))
broken("tensor 'a': expected dtype, shape and data_offsets", pack({"a": tensor(offsets=(0, 8, 9))}))
broken("tensor 'a': expected a known dtype, but got 'F7'", pack({"a": tensor((2,), "F7")}))
broken("tensor 'a': expected sizes whose product fits 63 bits", pack({"a": tensor((2**40, 2**40))}))
broken("tensor 'a': expected sizes whose product fits 63 bits", pack({"a": tensor((2**64 - 1, 0))}))
broken("tensor 'a': expected 24 bytes for its shape, but got 8", pack({"a": tensor(offsets=(0, 8))}, DATA))
broken("tensor 'a': expected data inside the file's 24 bytes of data, but got offsets 8 to 4",
       pack({"a": tensor(offsets=(8, 4))}, DATA))
broken("expected tensors that do not overlap, but 'a' and 'b' do",
       pack({"a": tensor((4,), offsets=(0, 16)), "b": tensor((4,), offsets=(8, 24))}, DATA))
tool.expect(1, "no.safetensors: error: cannot read it: No such file or directory\n", "m.mlir",
            "--emit=seq", "--weights=no.safetensors")
tool.expect(1, ".: error: cannot read it: it is a directory\n", "m.mlir", "--emit=seq", "--weights=.")
result = (tool.write("w.safetensors", pack(b"{]")), tool.run("m.mlir", "--emit=seq", "--weights=w.safetensors"))[1]
tool.report("JSON", result.returncode == 1 and b"expected a JSON header, but got: " in result.stderr, result)

# Every truncation is refused with a message.
for size in range(len(good)):
    tool.write("w.safetensors", good[:size])
    result = tool.run("m.mlir", "--emit=seq", "--weights=w.safetensors")
    tool.report(f"cut at {size}", result.returncode == 1 and result.stderr.startswith(
        (b"w.safetensors: error: ", b"m.mlir:")), result)
tool.finish("weights")
