"""Every lit test says how it runs, and every file of test/ is a test, an input or a part of the frame."""
import pathlib
import re

from .tree import Finding

SUFFIXES = {".mlir", ".test", ".py", ".c"}
# Files of the frame itself, and folders whose files CMake builds.
FRAME = {"lit.cfg.py", "lit.local.cfg.py"}
RUN = re.compile(r"RUN:")


def check(tree):
    built = {path.parent for path in tree.under("test") if path.name == "CMakeLists.txt"}
    built.discard(pathlib.PurePath("test"))
    for path in tree.under("test"):
        if "Inputs" in path.parts or path.name in FRAME or built & set(path.parents):
            continue
        if path.suffix in SUFFIXES and not RUN.search(tree.text(path) or ""):
            yield Finding(path, 1, "expected a RUN line (inputs of tests live in Inputs/)")
        if path.suffix == ".mlir":
            yield from checks_something(tree, path)


def checks_something(tree, path):
    """A FileCheck run needs a CHECK line; --verify-diagnostics needs an expectation."""
    lines = (tree.text(path) or "").split("\n")
    runs = "\n".join(line for line in lines if "RUN:" in line)
    text = "\n".join(line for line in lines if "RUN:" not in line)
    if re.search(r"\|\s*FileCheck\s+%s\s*$", runs, re.M) and "CHECK" not in text:
        yield Finding(path, 1, "expected a CHECK line for FileCheck to read")
    if "verify-diagnostics" in runs and "expected-" not in text:
        yield Finding(path, 1, "expected an expected-error for --verify-diagnostics to read")
