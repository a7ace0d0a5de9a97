# RUN: %python %S/gpu-scan.py packed types products spread
# REQUIRES: numpy, x86-host
"""Plan `scan` on an emulated GPU: packed sequences, types, and values for which products cannot stand for steps: see
gpu-scan.py."""
