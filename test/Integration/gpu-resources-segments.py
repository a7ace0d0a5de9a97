# RUN: %python %S/gpu-resources.py segments newton
# REQUIRES: numpy
"""What ptxas says of the kernels of plans `segments` and `newton`: see gpu-resources.py."""
