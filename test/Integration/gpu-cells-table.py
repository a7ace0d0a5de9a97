# RUN: %python %s
# REQUIRES: numpy
"""docs/Targets.md says of every cell whether a GPU has kernels for it, and why not: what the compiler says."""

import gpu_reports

with open(gpu_reports.PAGE) as file:
    page = file.read()
assert page == gpu_reports.page_with(gpu_reports.cells_table()), "tools/dev/gpu-reports writes the table anew"
