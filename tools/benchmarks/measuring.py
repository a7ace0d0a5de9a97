"""Timing: candidates take turns, each several times in a row, on one thread."""
import ctypes
import statistics
import time

import numpy as np

from . import memory

# Seconds that a candidate may take in one round, and in all; seconds that fast ones are repeated for.
ROUND, TOTAL, FAST = 0.08, 12.0, 0.002


class Times:
    """Seconds of every run of one candidate."""

    def __init__(self):
        self.runs = []

    @property
    def least(self):
        return min(self.runs)

    @property
    def median(self):
        return statistics.median(self.runs)


def once(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def interleave(candidates, rounds, probe=lambda: None):
    """Times by candidate; `probe` is called once a round. Runs come in rows of 2 to 8 (of up to 256 where
    they are fast), because non-temporal stores leave the caches to the next run as they found them; the
    first of a row is not counted."""
    times = {c: Times() for c in candidates}
    first = {c: once(c.run) for c in candidates}
    for number in range(rounds):
        probe()
        for candidate in candidates:
            if number >= 2 and first[candidate] * 2 * number > TOTAL:
                continue
            row = max(min(8, int(ROUND / first[candidate])), min(256, int(FAST / first[candidate])), 1)
            times[candidate].runs += candidate.times(row + 1)[1:]
    return times


class Machine:
    """What one core can do, measured between the candidates of a run: bytes a second of a copy as large
    as the row's own traffic (the better of stores through and past the caches), single precision
    operations a second, seconds of an FMA that waits for the one before."""

    LARGEST = 32 << 20  # floats in each array of a copy

    def __init__(self, hand):
        self.hand, self.library = hand, hand.library()
        self.arrays = memory.empty((self.LARGEST,)), memory.empty((self.LARGEST,))
        self.copies, self.peaks, self.latencies = {}, [], []

    def probe(self, size):
        """Measures everything once; the copy moves `size` bytes, read and written."""
        count = max(1 << 12, min(self.LARGEST, size // 8 // 64 * 64))
        for copy in ("limit_copy", "limit_copy_cached"):
            runs = self.hand.candidate(copy, copy, [*self.arrays, count], None).times(4 if count > 1 << 20 else 32)
            self.copies.setdefault(count, []).extend(8 * count / seconds for seconds in runs[1:])
        rounds = 1 << 19
        flops = 2 * 12 * self.library.limit_lanes() * rounds
        self.peaks.append(flops / once(lambda: self.library.limit_peak(ctypes.c_long(rounds))))
        self.latencies.append(once(lambda: self.library.limit_latency(ctypes.c_long(rounds))) / rounds)
        self.count = count

    def bound(self, size, operations):
        """Least seconds for so many bytes and operations as of the last probes, and which it is."""
        moving, computing = size / max(self.copies[self.count]), operations / max(self.peaks)
        return (moving, "memory") if moving >= computing else (computing, "arithmetic")


def distance(got, expected):
    """Largest difference, relative to the largest expected value; infinite for a NaN."""
    difference = np.max(np.abs(np.asarray(got).astype(expected.dtype) - expected))
    return float(difference / np.max(np.abs(expected))) if np.isfinite(difference) else float("inf")
