"""status.py CODE COMMAND…: runs COMMAND, prints all it says, fails unless it exits with CODE."""

import subprocess
import sys

process = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
sys.stdout.buffer.write(process.stdout)
if process.returncode != int(sys.argv[1]):
    sys.exit(f"expected exit status {sys.argv[1]}, but got {process.returncode}")
