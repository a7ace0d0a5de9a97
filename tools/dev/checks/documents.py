"""Documents: links resolve, no machine's paths or strange hosts in any file, every declaration
is described, and docs/reference equals fresh output."""
import pathlib
import re
import subprocess
import sys

from .declarations import llvm_prefix, undescribed
from .tree import Finding

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*?)\s*#*$")
# Folders that exist on one machine only.
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(work|root|home|Users)/\w")
URL = re.compile(r"\bhttps?://([\w.-]+)")
MENTION = re.compile(r"(?<![\w/.(])docs/[\w/.-]+\.md\b")
# Hosts of papers, standards and projects that a text may point to.
HOSTS = {"arxiv.org", "doi.org", "llvm.org", "mlir.llvm.org", "www.apache.org", "onnx.ai",
         "dmlc.github.io", "www.w3.org"}


def check(tree):
    for path in tree.files:
        if tree.text(path) is None:
            yield Finding(path, 1, "expected UTF-8 text, but got a binary file", fatal=False)
            continue
        yield from places(tree, path)
        if path.suffix == ".md":
            yield from links(tree, path)
    yield from undescribed(tree)
    yield from two_commands(tree)
    yield from reference(tree)


def places(tree, path):
    if path.parts[:2] == ("test", "Lint"):  # holds what this check refuses
        return
    for number, line in tree.lines(path):
        if MACHINE_PATH.search(line):
            yield Finding(path, number, "expected no absolute path of one machine")
        for mention in MENTION.findall(line):
            if not (tree.root / mention).exists():
                yield Finding(path, number, f"expected a document that exists, but got '{mention}'")
        for host in URL.findall(line):
            if host not in HOSTS:
                yield Finding(path, number, f"expected a link to one of the known hosts, but got '{host}'")


def anchor(heading):
    """The name that a heading can be linked by: lower case, no punctuation, dashes for blanks."""
    text = re.sub(r"[`*]", "", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(tree, path):
    fenced = False
    for _, line in tree.lines(path):
        if line.startswith("```"):
            fenced = not fenced
        match = HEADING.match(line)
        if match and not fenced:
            yield anchor(match.group(1))


def links(tree, path):
    fenced = False
    for number, line in tree.lines(path):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        if fenced:
            continue
        for target in LINK.findall(line):
            if re.match(r"https?://", target):
                continue
            name, _, mark = target.partition("#")
            goal = (tree.root / path).parent / name if name else tree.root / path
            if not goal.exists():
                yield Finding(path, number, f"expected a link to something that exists, but got '{target}'")
            elif mark and goal.suffix == ".md":
                relative = goal.resolve().relative_to(tree.root)
                if mark not in anchors(tree, relative):
                    yield Finding(path, number, f"expected a heading of '{relative}', but got '#{mark}'")


def two_commands(tree):
    """.ci/run runs the commands of the README's first shell block, as they stand there."""
    readme, script = pathlib.PurePath("README.md"), pathlib.PurePath(".ci/run")
    if readme not in tree.files or script not in tree.files:
        return
    block = re.search(r"```sh\n(.*?)```", tree.text(readme), re.S)
    for command in (line.split("#")[0].strip() for line in block.group(1).splitlines()):
        if command and command not in (line.strip() for _, line in tree.lines(script)):
            yield Finding(script, 1, f"expected the README's command '{command}' on a line of its own")


def reference(tree):
    program = tree.root / "tools/dev/reference"
    if not program.exists() or llvm_prefix() is None:
        return
    run = subprocess.run([sys.executable, str(program), "--check"], capture_output=True, text=True)
    for line in (run.stdout + run.stderr).splitlines() if run.returncode else []:
        yield Finding("docs/reference", 1, line)
