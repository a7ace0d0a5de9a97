# RUN: %python %s %t
# REQUIRES: numpy, x86-host
"""Kernels of an emulated GPU in this process and in a library that is saved, also from several threads at once."""

import os
import sys
import threading

import numpy as np
import seqc

import library

os.makedirs(sys.argv[1], exist_ok=True)
saved = os.path.join(sys.argv[1], "elman.so")
cell = library.Cell("elman", H=24, I=7)
values = [np.asarray(v, np.float32) for v in cell.values(np.random.default_rng(1), 3, 9)]
want = seqc.compile(cell.program(), schedule="reference", march="x86-64-v3").f(*values)
model = seqc.compile(cell.program(), device="emulate")
assert model is not seqc.compile(cell.program())
model.save(saved)


def check(function):
    for got, expected in zip(function(*values), want, strict=True):
        assert got.tobytes() == expected.tobytes()


for function in (model.f, seqc.load(saved).f):
    check(function)
    failures = []

    def run():
        try:
            check(function)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures

for options, what in [
    (dict(device="emulated"), "expected the device 'emulate' or NULL, but got 'emulated'"),
    (dict(device="emulate", march="avx2"), "expected the march sm_80, sm_90 or sm_100 with the device 'emulate'"),
    (dict(device="emulate", target_facts="x"), "expected no target_facts with the device 'emulate'"),
]:
    try:
        seqc.compile(cell.program(), **options)
    except ValueError as error:
        assert what in str(error), error
    else:
        raise AssertionError(options)
