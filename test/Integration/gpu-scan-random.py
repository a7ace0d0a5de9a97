# RUN: %python %S/scan-random.py gpu
# REQUIRES: numpy, x86-host
"""Random scans on an emulated GPU: see scan-random.py."""
