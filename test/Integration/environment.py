# RUN: %python %s %inputs
# REQUIRES: numpy
"""Python tests run with the packages and the folders that lit.cfg.py promises."""

import os
import sys

import numpy as np

assert sys.argv[1] in sys.path, "test/Integration/Inputs must be importable"
assert os.path.isdir(os.environ["SEQC_BUILD_DIR"])
assert np.float32(1) + np.float32(2) == 3
