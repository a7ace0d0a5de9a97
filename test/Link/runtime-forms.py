# The runtime's object, which a library gets, and its bitcode, which an object file gets, are the
# same runtime: the same exported symbols, the same answers, and only as much of it as is used.
# REQUIRES: x86-host
# RUN: rm -rf %t && mkdir %t
# RUN: clang -O1 -S -emit-llvm -ffreestanding --target=x86_64-unknown-linux-gnu %S/Inputs/bodies.c -o %t/bodies.ll
# RUN: seqc-test-abi %S/Inputs/model.json %t/bodies.ll -o %t/object.so --object=%t/model.o
# RUN: ld.lld -shared -z now %t/model.o -lm -lc -L/usr/lib/x86_64-linux-gnu -o %t/bitcode.so
# RUN: %python %s %t
import ctypes
import subprocess
import sys

(folder,) = sys.argv[1:]


def symbols(name, *options):
    run = ["llvm-nm", "--format=just-symbols", *options, f"{folder}/{name}.so"]
    return set(subprocess.run(run, capture_output=True, text=True, check=True).stdout.split())


def answers(name):
    library = ctypes.CDLL(f"{folder}/{name}.so")
    library.model_last_error.restype = ctypes.c_char_p
    sizes = (ctypes.c_int64 * 2)(3, -1)
    yield library.cell_call(None, None, 6), library.model_last_error()
    yield library.cell_shapes(None, 1), library.model_last_error()
    for count in (0, 1, 2):
        library.cell_state_bytes.restype = ctypes.c_int64
        yield library.cell_state_bytes(sizes, count), library.model_last_error()
    yield library.cell_step(None, None, ctypes.c_int64(0), None, 0), library.model_last_error()


object_answers = list(answers("object"))
assert object_answers == list(answers("bitcode")), (object_answers, list(answers("bitcode")))
assert object_answers[0] == (1, b"cell: expected an array of tensors, but got null"), object_answers
assert len({text for _, text in object_answers}) > 3, object_answers

exported = symbols("object", "-D", "--defined-only")
assert exported == symbols("bitcode", "-D", "--defined-only") and "cell_call" in exported, exported
assert not any(name.startswith("seqc_rt") for name in exported), exported
functions = symbols("object")
assert "seqc_rt_check_cpu" in functions and "__truncsfhf2" not in functions, functions
