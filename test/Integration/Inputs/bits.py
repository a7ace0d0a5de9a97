"""How results are compared: bit for bit (NaN equals NaN), or within a tolerance."""

import numpy as np


def same_bits(a, b):
    """True if two arrays hold the same bits, where any NaN equals any other."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind == "c":
        parts = np.dtype(f"f{a.dtype.itemsize // 2}")
        a, b = (np.ascontiguousarray(v).view(parts) for v in (a, b))
    integer = np.dtype(f"u{a.dtype.itemsize}")
    equal = np.ascontiguousarray(a).view(integer) == np.ascontiguousarray(b).view(integer)
    if a.dtype.kind in "fV" or "float" in a.dtype.name:
        equal |= np.isnan(a) & np.isnan(b)
    return bool(equal.all())


def difference(a, b):
    """Where and how much two results differ, as one line."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return f"{a.dtype}{a.shape} and {b.dtype}{b.shape}"
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    wrong = ~((x == y) & (np.signbit(x) == np.signbit(y)) | (np.isnan(x) & np.isnan(y)))
    if not wrong.any():
        return "no element differs in value"
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    with np.errstate(invalid="ignore"):
        largest = np.nanmax(np.abs(x - y)) if wrong.any() else 0
    return f"{int(wrong.sum())} of {wrong.size} differ, first at {first}: {x[first]!r} and {y[first]!r}, at most {largest:.3g}"


def expect_same(a, b, what):
    for i, (x, y) in enumerate(zip(a, b, strict=True)):
        assert same_bits(x, y), f"{what}: result {i}: {difference(x, y)}"


def expect_close(actual, expected, what, relative=1e-5, absolute=1e-5):
    """Each result within `absolute + relative * largest magnitude` of the oracle's."""
    for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
        a, e = np.asarray(a, np.float64), np.asarray(e, np.float64)
        assert a.shape == e.shape, f"{what}: result {i}: shape {a.shape}, expected {e.shape}"
        if not e.size:
            continue
        finite = np.isfinite(e)
        assert (finite == np.isfinite(a)).all(), f"{what}: result {i}: finite in other places"
        if not finite.any():
            continue
        error = np.abs(np.where(finite, a, 0) - np.where(finite, e, 0)).max()
        bound = absolute + relative * np.abs(e[finite]).max()
        assert error <= bound, f"{what}: result {i}: error {error:.3g} above {bound:.3g}"
