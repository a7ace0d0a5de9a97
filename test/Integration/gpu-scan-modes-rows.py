# RUN: %python %S/gpu-scan-modes.py carried counts
# REQUIRES: numpy, x86-host
"""Plan `scan` on an emulated GPU where outs add up modes: blocks that have a row each, and what the emulator counts: see
gpu-scan-modes.py."""
