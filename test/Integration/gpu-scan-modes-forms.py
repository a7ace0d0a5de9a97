# RUN: %python %S/gpu-scan-modes.py tiles forms packed products spread cells
# REQUIRES: numpy, x86-host
"""Plan `scan` on an emulated GPU where outs add up modes: forms of steps, packed sequences, traps and the library's cells:
see gpu-scan-modes.py."""
