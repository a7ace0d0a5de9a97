# A crash of seqc is exit 3 with a reproducer, not a signal.
# RUN: %python %s | FileCheck %s
# CHECK: crash: ok
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "Inputs"))
import tool

tool.folder()
# Enough work to be hit in the middle of it.
text = "".join(tool.SUM.replace("@sum", f"@sum{i}") for i in range(2000))
tool.write("m.mlir", text)
for delay in (0.4, 0.8, 1.6, 3.2):  # on a busy machine the program may not have begun
    process = subprocess.Popen([tool.SEQC, "m.mlir", "-o", "m.so"], stderr=subprocess.PIPE)
    time.sleep(delay)
    process.send_signal(signal.SIGSEGV)
    error = process.communicate()[1].decode()
    if process.returncode == 3:
        break
tool.report("status", process.returncode == 3, process.returncode)
tool.report("message", error == "seqc: error: seqc crashed (segmentation fault); this is a bug in "
            "seqc, not in the model\nhelp: please report it with 'm.seqc-reproducer.mlir'\n", error)
reproducer = open("m.seqc-reproducer.mlir").read()
tool.report("options", "// seqc m.mlir -o m.so\n" in reproducer, reproducer[:200])
tool.report("module", reproducer.endswith(text))
tool.report("no output", not os.path.exists("m.so") and not os.path.exists("m.h"))
tool.finish("crash")
