# RUN: %python %S/gpu-resources.py segments
# REQUIRES: numpy
"""What ptxas says of the kernels of plan `segments`: see gpu-resources.py."""
