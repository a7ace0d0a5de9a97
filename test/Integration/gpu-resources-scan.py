# RUN: %python %S/gpu-resources.py scan
# REQUIRES: numpy
"""What ptxas says of the kernels of plan `scan`: see gpu-resources.py."""
