"""How plan `segments` (or `newton`) is compared with plan `fused`, bit for bit.

    pair = Pair(text)                     the same function f under both plans
    pair.check(values, "what is checked")

Each call finds scratch memory full of other things: bytes of NaNs, random ones, or what the call
before left there. Tasks run in any order, on one thread or several.
"""

import numpy as np

import bits
import plans
from compiled import compile_text, context

# Around a block (16 steps), a block for each segment of three vectors (48 · 16), and long ones.
LENGTHS = (0, 1, 2, 15, 16, 17, 31, 47, 48, 49, 767, 768, 769, 5000)
LONG = 65537
SPECIAL = (np.nan, np.inf, -np.inf, -0.0, 0.0, 3e38, -3e38, 1e-42)


class Pair:
    """Function f of a module under both plans; `by_hand` is the module with a schedule of its own."""

    def __init__(self, text, march="native", threads=1, by_hand=None, plan="segments"):
        extra = [f"--threads={threads}"] if threads > 1 else []
        self.fused = compile_text(text, "fused", march)["f"]
        self.text, self.march, self.extra, self.plan = by_hand or text, march, extra, plan
        self.segments = self._compiled(extra)
        self.scratch = np.zeros(0, np.uint8)
        self.calls = 0

    def _compiled(self, extra):
        return compile_text(self.text, self.plan, self.march, extra)["f"]

    def weakened(self, part):
        """The function without a part of the certificate."""
        return self._compiled([*self.extra, f"--test-weaken={part}"])

    def in_segments(self, values):
        """False where plan `fused` would be compared with itself: for what the emitter cannot
        express, and delay lines, which are no recurrences in the end. Segments need memory for
        their ends, at any length."""
        return self.segments.scratch_bytes(*values) > self.fused.scratch_bytes(*values)

    def dirty(self, function, values):
        """Scratch memory, a byte behind a cache line, with NaNs, random bytes or the last call's."""
        need = function.scratch_bytes(*values) + 1
        kind = self.calls % 4
        if self.scratch.size < need:
            self.scratch, kind = np.empty(need + need // 4, np.uint8), kind or 1
        if kind == 1:
            self.scratch[:] = 255
        elif kind == 2:
            self.scratch[:] = np.random.default_rng(self.calls).integers(0, 256, self.scratch.size)
        return self.scratch[1:need]

    def run(self, values, function=None):
        """Results of plan `segments` in some way to call it."""
        function = function or self.segments
        self.calls += 1
        parts = plans.in_parts(1 + self.calls % 5, threads=self.calls % 7 == 0, seed=self.calls)
        where = ("end", "start", "inside")[self.calls % 3]
        hook = context(parts, self.dirty(function, values))
        return function(*values, context=hook, where=where, seed=self.calls % 16)

    def check(self, values, what):
        """Raises where a bit differs. Returns the bits of plan `fused`."""
        with np.errstate(all="ignore"):
            expected = self.fused(*values)
            bits.expect_same(self.run(values), expected, f"{what} {self.plan} {self.march} {self.extra}")
        return expected

    def differs(self, values, function):
        """True if `function`, which leaves out something, gives other bits."""
        expected, actual = self.fused(*values), self.run(values, function)
        return not all(bits.same_bits(a, e) for a, e in zip(actual, expected, strict=True))


def start(rng, shape, kind):
    """Initial states."""
    if kind == "zero":
        return np.zeros(shape)
    if kind == "normal":
        return rng.standard_normal(shape)
    if kind == "huge":
        return 1e30 * rng.standard_normal(shape)
    return rng.choice(SPECIAL, shape)


STARTS = ("zero", "normal", "huge", "special")


def spoil(rng, values, share=0.01):
    """Some NaNs, infinities and huge numbers in the middle of a float array, in place."""
    flat = values.reshape(-1)
    count = int(np.ceil(share * flat.size)) if flat.size else 0
    places = rng.integers(0, max(1, flat.size), count)
    with np.errstate(over="ignore"):
        flat[places] = rng.choice(SPECIAL, count).astype(values.dtype)
