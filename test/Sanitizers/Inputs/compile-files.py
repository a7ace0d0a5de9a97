"""compile-files.py PROGRAM SOURCE: runs PROGRAM on a spread of at most 40 models of the tree."""

import pathlib
import subprocess
import sys

program, source = sys.argv[1], pathlib.Path(sys.argv[2])
folders = ["docs/examples", "test/CAPI", "test/Frontend", "test/Integration", "test/Schedule"]
files = sorted(f for name in folders for f in (source / name).rglob("*.mlir"))
files = [f for f in files if f.stat().st_size < 20000]
stride = -(-len(files) // 40)
sys.exit(subprocess.run([program, *map(str, files[::stride])]).returncode)
