# RUN: %python %s
# REQUIRES: numpy, scipy
"""The filters of the cell library against SciPy in float64: biquad and ema against lfilter, a cascade
against sosfilt, with their states."""

import numpy as np
from scipy.signal import butter, ellip, lfilter, sosfilt

import library


def per_channel(x, *states, run):
    """run(x[b, :, d], states[b, ..., d], d) -> (y, last states) for every sequence and channel."""
    y, last = np.empty(x.shape), [np.empty(s.shape) for s in states]
    for n in range(x.shape[0]):
        for d in range(x.shape[2]):
            y[n, :, d], final = run(x[n, :, d], [s[n, ..., d] for s in states], d)
            for s, f in zip(last, final):
                s[n, ..., d] = f
    return [y, *last]


def biquad(x, b, a, z1, z2):
    def run(x, z, d):
        return lfilter(b[:, d], [1, *a[:, d]], x, zi=z) if x.size else (x, z)

    return per_channel(x, z1, z2, run=run)


def biquad_cascade(x, sos, z1, z2):
    def run(x, z, d):
        y, last = sosfilt(sos, x, zi=np.stack(z, -1)) if x.size else (x, np.stack(z, -1))
        return y, last.T

    return per_channel(x, z1, z2, run=run)


def ema(x, alpha, h0):
    def run(x, h, d):
        y, last = lfilter([alpha[d]], [1, alpha[d] - 1], x, zi=[(1 - alpha[d]) * h[0]]) if x.size else (x, h)
        return y, [y[-1]] if x.size else h

    return per_channel(x, h0, run=run)


def poles(v):
    """Feedback coefficients [2, D] of pole pairs inside the unit circle."""
    radius, angle = 0.95 / (1 + np.exp(-v[0])), v[1]
    return np.stack([-2 * radius * np.cos(angle), radius**2])


rng = np.random.default_rng(15)
library.check_special_values(library.Cell("biquad", D=17), rng)
library.check_special_values(library.Cell("biquad_cascade", D=17, K=3), rng)
for dtype, tolerance in (("f32", 1e-5), ("f64", 1e-13)):
    for B in library.BATCHES:
        for T in library.LENGTHS:
            for D in (1, 2, 17, 64):
                cell = library.Cell("biquad", dtype, D=D)
                values = cell.values(rng, B, T, a=poles)
                library.check(cell, values, biquad(*library.wide(values)), tolerance, tolerance)
                cell = library.Cell("ema", dtype, D=D)
                values = cell.values(rng, B, T, alpha=lambda v: 1 / (1 + np.exp(-v)))
                library.check(cell, values, ema(*library.wide(values)), tolerance, tolerance)
            designs = [(1, butter(2, 0.3, output="sos")), (2, ellip(8, 0.5, 40, [0.2, 0.4], "bandpass", output="sos"))]
            designs += [(17, butter(6, 0.4, "highpass", output="sos")), (3, 2 * butter(5, 0.25, output="sos"))]
            for D, sos in designs:
                cell = library.Cell("biquad_cascade", dtype, D=D, K=len(sos))
                values = cell.values(rng, B, T, sos=sos)
                wide = library.wide(values)
                # SciPy wants a_0 = 1.
                wide[1] = wide[1] / wide[1][:, 3:4]
                library.check(cell, values, biquad_cascade(*wide), 4 * tolerance, 4 * tolerance)
