"""Recurrences in float64 by LAPACK: a linear one is a bidiagonal system, solved for all times at once."""

import numpy as np
import scipy.linalg


def linear(a, u, h0):
    """All states of h_t = a_t h_{t-1} + u_t along axis 1, |a| ≤ 1, real or complex; and the last one."""
    if not u.shape[1]:
        return u, h0
    a, u = np.broadcast_to(a, u.shape), np.array(u)
    u[:, 0] += a[:, 0] * h0
    h, T = np.empty_like(u), u.shape[1]
    for index in np.ndindex(u.shape[0], *u.shape[2:]):
        at = (index[0], slice(None)) + index[1:]
        band = np.ones((2, T), u.dtype)
        band[1, :-1] = -a[at][1:]
        h[at] = scipy.linalg.solve_banded((1, 0), band, u[at], check_finite=False)
    return h, h[:, -1]
