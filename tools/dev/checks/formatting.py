"""C and C++ as clang-format-22 writes it; text files without trailing blanks."""
import shutil
import subprocess

from .tree import Finding

SOURCES = {".c", ".cpp", ".h"}
TEXT = {".c", ".cpp", ".h", ".td", ".md", ".py", ".cmake", ".txt", ".mlir", ".test", ""}


def check(tree):
    yield from clang_format(tree)
    for path in tree.files:
        if path.suffix in TEXT and "Inputs" not in path.parts:
            yield from blanks(tree, path)


def clang_format(tree):
    program = shutil.which("clang-format-22")
    sources = [path for path in tree.files if path.suffix in SOURCES]
    if not program:
        yield Finding("tools/dev/lint", 1, "expected clang-format-22 on PATH (tools/dev/setup installs it)")
        return
    for path in sources:
        command = [program, "--style=file", "--fallback-style=LLVM", str(tree.root / path)]
        if tree.fix:
            subprocess.run([*command, "-i"], check=True)
            continue
        wanted = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        for number, (line, want) in enumerate(zip(tree.text(path).split("\n"), wanted.split("\n")), 1):
            if line != want:
                yield Finding(path, number, "expected clang-format-22's layout (tools/dev/lint --fix)")
                break


def blanks(tree, path):
    text = tree.text(path)
    if not text:
        return
    for number, line in tree.lines(path):
        if line != line.rstrip():
            yield Finding(path, number, "expected no blanks at the end of the line")
    if not text.endswith("\n"):
        yield Finding(path, text.count("\n") + 1, "expected a newline at the end of the file")
