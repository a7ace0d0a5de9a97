# Every linker makes a library that loads and works; what goes wrong is said in a sentence.
# REQUIRES: x86-host
# RUN: rm -rf %t && mkdir %t
# RUN: clang -O1 -S -emit-llvm -ffreestanding --target=x86_64-unknown-linux-gnu %S/Inputs/bodies.c -o %t/bodies.ll
# RUN: %python %s %S/Inputs/model.json %t
import ctypes
import json
import os
import shutil
import stat
import subprocess
import sys

signature, folder = sys.argv[1:]
bodies = os.path.join(folder, "bodies.ll")
tool = shutil.which("seqc-test-abi")
temp = os.path.join(folder, "tmp")
os.mkdir(temp)


def link(output, *options, bodies=bodies, **environment):
    return subprocess.run(
        [tool, signature, bodies, "-o", output, *options],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": temp, **environment},
        check=False,
    )


def check_error(result, message, output):
    assert result.returncode == 1, result
    assert message in result.stderr, (message, result.stderr)
    assert not os.path.exists(output), output
    assert os.listdir(temp) == [], os.listdir(temp)


def script(name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n" + text)
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    return path


# Linkers and compiler drivers, by name and by path.
names = ["ld.lld", "ld", "ld.bfd", "ld.gold", "cc", "gcc", "clang", shutil.which("ld.lld")]
found = [name for name in names if name and shutil.which(name)]
assert "ld.lld" in found and len(found) >= 3, found
for number, name in enumerate(found):
    output = os.path.join(folder, f"model{number}.so")
    result = link(output, f"--linker={name}")
    assert result.returncode == 0, (name, result.stderr)
    assert os.stat(output).st_mode & stat.S_IXUSR
    library = ctypes.CDLL(output)
    library.model_info.restype = ctypes.c_char_p
    assert json.loads(library.model_info())["module"] == "model"
    assert library.cell_call(None, None, 6) == 1
    library.model_last_error.restype = ctypes.c_char_p
    message = b"cell: expected an array of tensors, but got null"
    assert library.model_last_error() == message, name

output = os.path.join(folder, "none.so")
# No linker at all, and one that is not there.
empty = os.path.join(folder, "empty")
os.mkdir(empty)
check_error(
    link(output, PATH=empty),
    "expected a linker, but found none of ld.lld-22, ld.lld, ld and cc; install lld or binutils, "
    "or name a linker",
    output,
)
for name in ("no-such-linker", "/no/such/linker", bodies):
    check_error(
        link(output, f"--linker={name}"),
        f"expected a linker, but found no program '{name}'",
        output,
    )
# One that fails, that dies, that writes nothing, that is no program.
failing = script("ld.failing", "echo 'no room for '\"$1\" >&2; exit 3\n")
check_error(link(output, f"--linker={failing}"), f"linker '{failing}' failed: no room for -shared", output)
dying = script("ld.dying", "kill -9 $$\n")
check_error(link(output, f"--linker={dying}"), f"linker '{dying}' failed (signal 9)", output)
lazy = script("ld.lazy", "exit 0\n")
check_error(link(output, f"--linker={lazy}"), f"linker '{lazy}' failed: it wrote nothing", output)
broken = script("ld.broken", "")
with open(broken, "wb") as file:
    file.write(b"\x7fELF no program")
check_error(link(output, f"--linker={broken}"), f"linker '{broken}' failed: it cannot be executed", output)
# A shell's characters are only characters.
odd = os.path.join(folder, "a b;echo $(touch x)")
os.mkdir(odd)
result = link(os.path.join(odd, "model's.so"))
assert result.returncode == 0, result.stderr
ctypes.CDLL(os.path.join(odd, "model's.so"))

# Code that needs more than libc and libm.
with open(bodies, encoding="utf-8") as file:
    text = file.read()
other = os.path.join(folder, "other.ll")
with open(other, "w", encoding="utf-8") as file:
    file.write(text.replace("@tanh", "@memrefCopy"))
check_error(
    link(output, bodies=other),
    "expected code that needs libc and libm only, but it needs 'memrefCopy'",
    output,
)
# No folder for temporary files.
check_error(
    link(output, TMPDIR="/no/such/folder"),
    "could not create a temporary file: No such file or directory",
    output,
)
