# RUN: %python %s
# REQUIRES: numpy, x86-host
"""What plans that guess states report through a context: seqc_stats, in C's layout and as a Python dict."""

import ctypes

import numpy as np

import seqc
from compiled import Context, Stats, compile_text, context
from library import Cell
from segment_steps import STEPS, Form

NAMES = [name for name, _ in Stats._fields_]


def counted(function, values):
    stats = Stats(*([-7] * len(NAMES)))  # what was there before is overwritten
    function(*values, context=context(stats=stats))
    return {name: getattr(stats, name) for name in NAMES}


def gates(T, bias, B=1, scale=0.9, H=1):
    """A ParaGRU whose update gate opens by `bias`."""
    cell = Cell("para_gru", H=H, I=2)
    values = cell.values(np.random.default_rng([T, B]), B, T)
    names = [a[0] for a in cell.arguments]
    values[names.index("b")][:H] = bias
    values[names.index("a")][...] = np.random.default_rng(1).uniform(-scale, scale, values[names.index("a")].shape)
    return cell.program(), values


def segments():
    """A gentle cell is repaired once; one that never forgets is finished step by step."""
    T, B = 20000, 3
    text, values = gates(T, 0, B)
    got = counted(compile_text(text, "segments")["f"], values)
    assert (got["sequences"], got["steps"], got["jumps"], got["one_by_one"], got["passes"]) == (B, B * T, 0, 0, 0), got
    assert B * T <= got["evaluated"] <= 1.5 * B * T and 0 < got["repaired"] < 100 * B, got
    chaotic = Form(STEPS["logistic"], [1])
    values = chaotic.values(np.random.default_rng(0), (B,), T)
    kept = counted(compile_text(chaotic.text(), "segments")["f"], values)
    assert kept["one_by_one"] == B and kept["evaluated"] >= 2 * B * T - 48 * 16, kept


def newton():
    text, values = gates(20000, -3)
    got = counted(compile_text(text, "newton")["f"], values)
    assert 0 < got["passes"] <= 20 and got["evaluated"] >= 20000 * (1 + got["passes"]) - 16, got


def tasks():
    """Bundles of threads are counted as one row; the numbers do not depend on the hook."""
    text, values = gates(20000, 0, 2)
    function = compile_text(text, "segments", extra=["--threads=2"])["f"]
    got = counted(function, values)
    assert (got["sequences"], got["steps"], got["one_by_one"]) == (2, 40000, 0), got
    stats = Stats()
    halves = context(lambda n, body: [body(i, i + 1) for i in reversed(range(n))], stats=stats)
    function(*values, context=halves)
    assert {name: getattr(stats, name) for name in NAMES} == got, got


def others():
    """Zeros where no plan guesses; a context of the first version, which ends before the field, is left alone."""
    text, values = gates(100, 0)
    function = compile_text(text, "fused")["f"]
    assert counted(function, values) == dict.fromkeys(NAMES, 0)
    function = compile_text(text, "segments")["f"]
    stats = Stats(*([-7] * len(NAMES)))
    old = context(stats=stats)
    old.size = Context.stats.offset
    function(*values, context=old)
    assert all(getattr(stats, name) == -7 for name in NAMES)
    old.size -= 1
    try:
        function(*values, context=old)
    except Exception as error:
        assert "expected a context of at least 56 bytes in its field 'size', but got 55" in str(error), error
    else:
        raise AssertionError("a context of unknown layout was taken")
    assert Context.stats.offset == 56 and ctypes.sizeof(Context) == 72


def python():
    text, values = gates(20000, 0)
    function = seqc.compile(text, schedule="segments").f
    told = {}
    plain, counting = function(*values), function(*values, stats=told)
    assert all(np.array_equal(a, b) for a, b in zip(plain, counting))
    assert list(told) == NAMES and told["steps"] == 20000 and told["one_by_one"] == 0, told


for part in (segments, newton, tasks, others, python):
    part()
