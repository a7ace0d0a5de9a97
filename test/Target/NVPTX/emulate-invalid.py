# RUN: %python %s
# REQUIRES: x86-host
"""What the emulator does not know is an error that names it, and nothing is written."""

import json
import os
import subprocess
import tempfile

from compiled import tool

FUNCTION = {"name": "f", "numbers": "bitwise", "symbols": ["N"], "hiddenArguments": [], "hiddenResults": []}
FUNCTION |= {"states": [], "streams": False, "notStreamable": "no steps", "time": None}
TENSOR = {"dtype": "i32", "scalar": False, "shape": ["N"]}
FUNCTION |= {"arguments": [TENSOR | {"name": "x"}], "results": [TENSOR | {"name": "y"}]}
SIGNATURE = {"abi": 1, "module": "m", "triple": "x86_64-unknown-linux-gnu", "features": [], "functions": [FUNCTION]}
TEXT = """
%(globals)s
define internal void @task(ptr %%ptrs, ptr %%dims, ptr %%scratch, i64 %%begin, i64 %%end) %(attribute)s {
  %(code)s
  ret void
}
declare void @seqc_rt_parallel_for(ptr, ptr, ptr, ptr, ptr, i64)
define void @seqc_body_f(ptr %%ptrs, ptr %%dims, ptr %%scratch, ptr %%par) {
  call void @seqc_rt_parallel_for(ptr %%par, ptr @task, ptr %%ptrs, ptr %%dims, ptr %%scratch, i64 4)
  ret void
}
define void @seqc_shapes_f(ptr %%dims) {
  ret void
}
define i64 @seqc_scratch_f(ptr %%dims) {
  ret i64 64
}
define void @seqc_init_f(ptr %%ptrs, ptr %%dims) {
  ret void
}
"""
KNOWS = "expected code that the emulator knows, but got "
SHARED = "@a = internal addrspace(3) global [%d x i32] %s, align 16"
STORE_SHARED = "store volatile i32 1, ptr addrspace(3) @a"
CASES = [
    (dict(attribute='"seqc.threads"="48"'), "expected a multiple of 32 up to 1024 in 'seqc.threads', but got '48'"),
    (dict(attribute='"seqc.threads"="2048"'), "expected a multiple of 32 up to 1024 in 'seqc.threads', but got '2048'"),
    (dict(attribute='"seqc.threads"="many"'), "expected a multiple of 32 up to 1024 in 'seqc.threads', but got 'many'"),
    (
        dict(
            globals="declare i32 @llvm.nvvm.activemask()",
            code="%m = call i32 @llvm.nvvm.activemask()\n  store i32 %m, ptr %scratch",
        ),
        KNOWS + "'llvm.nvvm.activemask' in kernel 'f_0'",
    ),
    (
        dict(
            globals="declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)",
            code="call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 1)",
        ),
        KNOWS + "a barrier other than 0 in kernel 'f_0'",
    ),
    (
        dict(code='store atomic i32 1, ptr %scratch syncscope("cluster") release, align 4'),
        KNOWS + "the scope 'cluster' in kernel 'f_0'",
    ),
    (
        dict(code='call void asm sideeffect "membar.gl;", "~{memory}"()'),
        KNOWS + "a call of 'membar.gl;' in kernel 'f_0'",
    ),
    (
        dict(globals=SHARED % (58113, "undef"), code=STORE_SHARED),
        KNOWS + "232452 bytes of shared memory, more than 232448 in kernel 'f_0'",
    ),
    (
        dict(globals=SHARED % (4, "zeroinitializer"), code=STORE_SHARED),
        KNOWS + "shared memory 'a' whose size or contents the module does not leave open in kernel 'f_0'",
    ),
]

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "m")
    with open(path + ".json", "w") as file:
        json.dump(SIGNATURE, file)
    for parts, what in CASES + [(dict(code="store i32 1, ptr %scratch"), None)]:
        with open(path + ".ll", "w") as file:
            file.write(TEXT % (dict(globals="", attribute="", code="") | parts))
        command = [tool("seqc-test-kernels"), path + ".json", path + ".ll", "-o", path + ".so"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode != 0) == (what is not None), (parts, done)
        assert os.path.exists(path + ".so") == (what is None), parts
        assert what is None or done.stderr == f"seqc-test-kernels: {what}\n", (what, done.stderr)
