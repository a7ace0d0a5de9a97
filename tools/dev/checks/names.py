"""Names: CamelCase in lib and include, dash-case in test and tools, no catch-all names."""
import re

from .tree import Finding

CAMEL = re.compile(r"[A-Z][A-Za-z0-9]*\.(cpp|c|h|td|def|inc|ld)$")
DASH = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$")
PYTHON = re.compile(r"_{0,2}[a-z0-9]+(_[a-z0-9]+)*_{0,2}\.py$")
FOLDER = re.compile(r"[A-Z][A-Za-z0-9]*$")
CATCH_ALL = {"utils", "util", "utilities", "common", "helpers", "helper", "misc", "uncategorized"}
# Folders below test/ that need not mirror lib/.
TEST_FOLDERS = {"Integration", "Docs", "Python", "CAPI", "Unit", "lib", "Inputs", "Lint",
                "Sanitizers", "Tools"}


def words(stem):
    """'FooBarUtils' and 'foo-bar-utils' as lower-case words."""
    return [w.lower() for w in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", stem)]


def check(tree):
    for path in tree.files:
        for part in (*path.parts[:-1], path.stem):
            for word in words(part):
                if word in CATCH_ALL:
                    yield Finding(path, 1, f"expected a name that says a concept, but got '{word}'")
    yield from camel_case(tree)
    yield from dash_case(tree)
    yield from test_mirror(tree)


def camel_case(tree):
    for path in tree.under("lib", "include", suffixes={".cpp", ".c", ".h", ".td", ".def"}):
        if path.parts[:2] == ("include", "seqc-c"):
            continue
        if not CAMEL.match(path.name):
            yield Finding(path, 1, f"expected a CamelCase file name, but got '{path.name}'")


def dash_case(tree):
    for path in tree.under("test", "tools"):
        if path.parts[:2] in (("test", "Unit"), ("test", "lib")) or "Inputs" in path.parts:
            continue
        if path.name in ("CMakeLists.txt", "README.md", ".clang-format") or PYTHON.match(path.name):
            continue
        if CAMEL.match(path.name):  # C++ beside a tool's main, or built by a test's CMake
            continue
        if not DASH.match(path.name):
            yield Finding(path, 1, f"expected a dash-case file name, but got '{path.name}'")


def test_mirror(tree):
    """Folders of test/ have the names of those of lib/, or of TEST_FOLDERS."""
    lib = {path.parts[1] for path in tree.under("lib") if len(path.parts) > 2}
    for folder in sorted({path.parts[1] for path in tree.under("test") if len(path.parts) > 2}):
        if folder not in lib | TEST_FOLDERS:
            yield Finding(f"test/{folder}", 1, "expected a folder that mirrors one of lib/")
