"""What the .td files declare: every op, pass and option has its description, and a test that uses it."""
import json
import os
import pathlib
import re
import shutil
import subprocess

from .tree import Finding


def llvm_prefix():
    """The LLVM 22 installation: MLIR_DIR's, or llvm-config's; None without one."""
    if os.environ.get("MLIR_DIR"):
        return pathlib.Path(os.environ["MLIR_DIR"]).resolve().parents[2]
    for program in ("llvm-config-22", "llvm-config"):
        if shutil.which(program):
            answer = subprocess.run([program, "--version", "--prefix"], capture_output=True, text=True)
            version, prefix = answer.stdout.split()
            if version.startswith("22."):
                return pathlib.Path(prefix)
    return None


def records(tree, path):
    """The records of one .td file as llvm-tblgen lists them: a dictionary by name."""
    prefix = llvm_prefix()
    command = [str(prefix / "bin/llvm-tblgen"), "-dump-json", "-I", str(prefix / "include"),
               "-I", str(tree.root / "include"), str(tree.root / path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def defined(tree, path, kind):
    """Records of class `kind` that `path` itself defines."""
    found = records(tree, path)
    names = found["!instanceof"].get(kind, [])
    text = tree.text(path)
    return [found[name] for name in names if re.search(rf"\bdef\s+{re.escape(name)}\b", text)
            or found[name]["!anonymous"]]


def undescribed(tree):
    if llvm_prefix() is None:
        yield Finding("tools/dev/lint", 1, "expected LLVM 22 (tools/dev/setup installs it)")
        return
    for path in tree.under("include", "lib", suffixes={".td"}):
        text = tree.text(path)
        if "Passes" in path.stem:
            yield from passes(tree, path)
        elif re.search(r"\bOption<|OptParser", text):
            yield from options(tree, path)
        elif re.search(r"\bOp<", text):
            yield from ops(tree, path)


def tested(tree, word):
    """True when a file of test/ contains `word`."""
    return any(word in (tree.text(path) or "") for path in tree.under("test"))


def passes(tree, path):
    for record in defined(tree, path, "PassBase"):
        name = record["argument"]
        for part in ("summary", "description"):
            if not record[part].strip():
                yield Finding(path, 1, f"expected a {part} of pass '{name}'")
        if not tested(tree, name):
            yield Finding(path, 1, f"expected a test that runs '--{name}'")
        for example in re.findall(r"\btest/[\w/.-]*\w", record["description"]):
            if not (tree.root / example).is_file():
                yield Finding(path, 1, f"expected the example of '{name}' to exist, but got '{example}'")


def ops(tree, path):
    for record in defined(tree, path, "Op"):
        name = f"{record['opDialect']['def'].split('_')[0].lower()}.{record['opName']}"
        description = record.get("opDescription") or record.get("description") or ""
        if not record["summary"].strip() or not description.strip():
            yield Finding(path, 1, f"expected a summary and a description of '{name}'")
        for part in ("Constraints:", "```mlir"):
            if part not in description:
                yield Finding(path, 1, f"expected '{part}' in the description of '{name}'")


def options(tree, path):
    for record in defined(tree, path, "Option"):
        name = record["Name"]
        if name in ("<input>", "<unknown>") or record.get("Alias"):
            continue
        hidden = any(flag["def"] == "HelpHidden" for flag in record["Flags"])
        if not record.get("HelpText") and not hidden:
            yield Finding(path, 1, f"expected a help text of option '{name}'")
        if not tested(tree, name):
            yield Finding(path, 1, f"expected a test that uses option '{name}'")
