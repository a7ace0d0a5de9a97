"""How plans `segments` and `newton` on an emulated GPU are compared with plan `reference`, bit for bit.

    pair = GpuPair(text, plan)                  the same function f under both plans
    pair.check(values, "what is checked")       some orders of threads, scratch full of other things

A fault of the kernels (out of bounds, races, unwritten bytes, ...) is an error of the call.
"""

import numpy as np

import gpu_tools
from compiled import compile_text, context
from segment_cases import Pair

# Around a block (16 steps), a segment of 64, the segments of a warp (32 · 64), and what is left over.
LENGTHS = (0, 1, 15, 16, 17, 63, 64, 65, 80, 129, 700, 2047, 2064, 2113)
# All segments, of one block each, and threads that have one step at a time, or all of a block.
SMALL = "{}, vector_bits = 32, chunk = {}, strip = {}, rows = {}, vectors = 1"


class GpuPair(Pair):
    def __init__(self, text, plan="segments", by_hand=None, seeds=(1, 2, 3)):
        self.seeds = seeds
        super().__init__(text, march=None, by_hand=by_hand, plan="auto" if by_hand else plan)
        self.fused = compile_text(text, "reference")["f"]

    def _compiled(self, extra):
        return gpu_tools.on_gpu(self.text, self.plan, extra)

    def run(self, values, function=None):
        """The results, which do not depend on the order of threads."""
        function = function or self.segments
        self.calls += 1
        hook = context(scratch=self.dirty(function, values))
        with np.errstate(all="ignore"):
            return gpu_tools.everywhere(function, values, "", self.seeds, context=hook)
