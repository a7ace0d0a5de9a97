"""compile-files.py PROGRAM SOURCE FOLDER: runs PROGRAM on a spread of at most 40 models of the
tree: the .mlir files of tests and examples, cut at `// -----`, written to FOLDER."""

import pathlib
import shutil
import subprocess
import sys

program, source, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
parts = []
for name in ("docs/examples", "test"):
    for path in sorted((source / name).rglob("*.mlir")):
        text = path.read_text()
        if len(text) < 40000:
            models = text.split("\n// -----\n")
            parts += [(f"{path.stem}-{i}.mlir", model) for i, model in enumerate(models)]
stride = -(-len(parts) // 40)
for name, model in parts[::stride]:
    (folder / name).write_text(model)
files = sorted(map(str, folder.iterdir()))
sys.exit(subprocess.run([program, *files]).returncode)
