"""NVIDIA's programs for tests of GPUs."""

import glob
import os
import sys


def ptxas():
    """The pinned one that set-up installs: a gate that cannot run is a failure."""
    found = [p for folder in sys.path for p in glob.glob(os.path.join(folder, "nvidia", "cu13", "bin", "ptxas"))]
    assert found, "expected ptxas from nvidia-cuda-nvcc, which tools/dev/setup installs, but found none"
    return found[0]
