# RUN: %python %S/gpu-resources.py newton
# REQUIRES: numpy
"""What ptxas says of the kernels of plan `newton`: see gpu-resources.py."""
