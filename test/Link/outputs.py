# Outputs are written whole or not at all: limits, full disks, wrong paths, interrupts, and two
# compiles at once.
# REQUIRES: x86-host
# RUN: rm -rf %t && mkdir %t
# RUN: clang -O1 -S -emit-llvm -ffreestanding --target=x86_64-unknown-linux-gnu %S/Inputs/bodies.c -o %t/bodies.ll
# RUN: %python %s %S/Inputs/model.json %t
import glob
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time

signature, folder = sys.argv[1:]
bodies = os.path.join(folder, "bodies.ll")
tool = shutil.which("seqc-test-abi")
temp = os.path.join(folder, "tmp")
out = os.path.join(folder, "out")
os.mkdir(temp)
os.mkdir(out)
library, header = os.path.join(out, "model.so"), os.path.join(out, "model.h")
environment = {**os.environ, "TMPDIR": temp}


def command(*options, signature=signature, library=library, header=header):
    return [tool, signature, bodies, "-o", library, f"--header={header}", *options]


def run(arguments, limit=None):
    def prepare():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        arguments, capture_output=True, text=True, env=environment, preexec_fn=prepare, check=False
    )


def check_error(result, message, left=()):
    assert result.returncode == 1, result
    assert message in result.stderr, (message, result.stderr)
    assert sorted(os.listdir(out)) == sorted(left), os.listdir(out)
    assert os.listdir(temp) == [], os.listdir(temp)


# A limit on the size of files: whichever file meets it, nothing is left.
for limit, message in [
    (0, "could not write a temporary file: File too large"),
    (20000, "File too large"),
]:
    check_error(run(command(), limit), message)
text = os.path.join(out, "model.ll")
check_error(run([tool, signature, bodies, f"--llvm={text}"], 5000), f"could not write '{text}': File too large")

# What was there stays when the second one of two files cannot be written.
assert run(command()).returncode == 0
before = open(library, "rb").read()
missing = os.path.join(folder, "missing", "model.h")
result = run(command("--prefix=other_", header=missing))
check_error(result, f"could not write '{missing}': No such file or directory", ["model.h", "model.so"])
check_error(
    run(command("--prefix=other_", header=temp)),
    f"expected a file's name to write, but '{temp}' is a directory",
    ["model.h", "model.so"],
)
assert open(library, "rb").read() == before
mask = os.umask(0)
os.umask(mask)
assert stat.S_IMODE(os.stat(library).st_mode) == 0o777 & ~mask

# A device is written to, and a full one is an error; a link is followed.
assert run(command(header="/dev/null")).returncode == 0
result = run(command(header="/dev/full"))
assert "could not write '/dev/full': No space left on device" in result.stderr, result
assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
real, alias = os.path.join(folder, "real.h"), os.path.join(folder, "alias.h")
open(real, "w").close()
os.symlink(real, alias)
assert run(command(header=alias)).returncode == 0
assert os.path.islink(alias) and os.path.getsize(real) > 1000

# Interrupted at any time: no temporary file anywhere, and library and header complete or absent.
for number, action in enumerate([signal.SIGINT, signal.SIGTERM] * 12):
    for path in glob.glob(os.path.join(out, "*")):
        os.remove(path)
    child = subprocess.Popen(
        command("--repeat=100000"),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # lit's workers ignore SIGINT, which children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    time.sleep(0.01 * number)
    child.send_signal(action)
    try:
        assert child.wait(60) == -action
    finally:
        child.kill()
    for _ in range(100):  # the linker is told by the system
        if not os.listdir(temp):
            break
        time.sleep(0.02)
    assert os.listdir(temp) == [], os.listdir(temp)
    assert set(os.listdir(out)) <= {"model.so", "model.h"}, os.listdir(out)

# Two compiles of one output: afterwards library and header are of the same one.
other = os.path.join(folder, "other.json")
with open(signature, encoding="utf-8") as file, open(other, "w", encoding="utf-8") as copy:
    copy.write(file.read().replace('"w"', '"weights"'))
for _ in range(3):
    children = [
        subprocess.Popen(command("--repeat=100", signature=s), env=environment) for s in (signature, other)
    ]
    assert [child.wait() for child in children] == [0, 0]
    symbol = re.search(rb"cell_sig_[0-9a-f]{16}", open(header, "rb").read()).group()
    assert symbol in open(library, "rb").read()
    assert sorted(os.listdir(out)) == ["model.h", "model.so"]
