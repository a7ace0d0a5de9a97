# RUN: %python %s %cells | FileCheck %s
# REQUIRES: numpy
"""What each cell of the library is proved to be, as it is written: its class, and the proof
or the sentence why there is none."""

import json
import pathlib
import re
import subprocess
import sys

from compiled import tool


def caller(path):
    """A public function that calls the cell with the types of its usage comment."""
    lines = path.read_text().split("// Usage:\n")[1].splitlines()
    block = lines[: next(i for i, l in enumerate(lines) if not l.startswith("//"))]
    declaration = " ".join(l.removeprefix("//").strip() for l in block)
    name, arguments, results = re.fullmatch(
        r"func\.func private (@[\w.]+)\((.*)\)\s*-> \((.*)\)", declaration
    ).groups()
    types, count = arguments.split(", "), len(results.split(", "))
    declared = ", ".join(f"%a{i}: {t}" for i, t in enumerate(types))
    values = ", ".join(f"%a{i}" for i in range(len(types)))
    return f"""{declaration}
func.func @use({declared}) -> ({results}) {{
  %r:{count} = call {name}({values}) : ({arguments}) -> ({results})
  return {", ".join(f"%r#{i}" for i in range(count))} : {results}
}}"""


for path in sorted(pathlib.Path(sys.argv[1]).glob("*.mlir")):
    command = [tool("seqc"), "-", "--explain=json"]
    done = subprocess.run(command, input=caller(path), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{path.name}\n{done.stderr}"
    for remark in json.loads(done.stdout)["remarks"]:
        if remark["category"] == "step" and remark["name"] == "class":
            facts = remark["facts"]
            sentence = re.sub(r"`?[\w./<>-]*\.mlir:\d+:\d+", "<place>", " ".join(remark["sentences"]))
            print(f"{path.stem}: {facts['class']}, {facts.get('proof', 'no proof: ' + sentence)}")
