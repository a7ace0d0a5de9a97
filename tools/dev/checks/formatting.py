"""C and C++ as clang-format-22 writes it; text files without trailing blanks."""
import re
import shutil
import subprocess

from .tree import Finding

SOURCES = {".c", ".cpp", ".h"}
TEXT = {".c", ".cpp", ".h", ".td", ".md", ".py", ".cmake", ".txt", ".mlir", ".test", ""}


# The heading of a file and the rule below it, of any width, also where clang-format broke it.
HEADING = re.compile(r"\A//===- (.+?)[ -]*(?:===//)?\n(?://-*=*//\n)?")
RULE = re.compile(r"^//===-+===//\n(?://-*=*//\n)?", re.M)
WIDTH = 80


def check(tree):
    yield from headings(tree)
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


def headings(tree):
    """`//===- Name.h - What it is ---===//` and the rules below it are 80 columns wide."""
    for path in tree.files:
        text = tree.text(path) if path.suffix in SOURCES else None
        if not text or not text.startswith("//===- "):
            continue
        words = HEADING.match(text).group(1).strip()
        wanted = HEADING.sub(lambda _: f"//===- {words} ".ljust(WIDTH - 5, "-") + "===//\n", text)
        wanted = RULE.sub("//===".ljust(WIDTH - 5, "-") + "===//\n", wanted)
        if len(wanted.split("\n")[0]) > WIDTH:
            yield Finding(path, 1, f"expected a heading of at most {WIDTH} columns")
        elif wanted != text and tree.fix:
            (tree.root / path).write_text(wanted, encoding="utf-8")
            tree.text.cache_clear()
        elif wanted != text:
            yield Finding(path, 1, f"expected a heading of {WIDTH} columns (tools/dev/lint --fix)")


def blanks(tree, path):
    text = tree.text(path)
    if not text:
        return
    for number, line in tree.lines(path):
        if line != line.rstrip():
            yield Finding(path, number, "expected no blanks at the end of the line")
    if not text.endswith("\n"):
        yield Finding(path, text.count("\n") + 1, "expected a newline at the end of the file")
