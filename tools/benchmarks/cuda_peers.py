"""What users of a GPU would pick today: torch (CUB's scans, cuDNN's LSTM and GRU), accelerated-scan, FlashRNN. A
package that cannot be imported raises Missing, and only its own entry fails."""
import numpy as np

from . import rows, scans
from .peers import package
from .programs import Candidate
from .scan_peers import named


def candidate(name, device, compute, arrange=np.asarray, tolerance=None):
    """`compute()` returns an array of `device`; `arrange` lays its numbers out as the oracle's."""
    kept = {}

    def run():
        with device.torch.inference_mode():
            kept["result"] = compute()

    made = Candidate(name, "peer", run, lambda: arrange(device.numbers(kept["result"])),
                     lambda runs: device.times(run, runs))
    if tolerance:
        made.tolerance = tolerance
    return made


def running(row, device):
    """CUB's scans, as torch calls them."""
    def make():
        x, torch = device.array(row.x), device.torch
        compute = {"cumsum": lambda: torch.cumsum(x, 0), "cummax": lambda: torch.cummax(x, 0).values,
                   "logcumsumexp": lambda: torch.logcumsumexp(x, 0)}[row.file]
        return candidate("torch", device, compute, lambda y: y[:, None])

    return [named("torch", make)]


def affine(row, device):
    """accelerated-scan, whose time is innermost and a power of two."""
    def make():
        scan = package("accelerated_scan.warp").scan
        a, x = (device.array(np.ascontiguousarray(v.swapaxes(1, 2))) for v in (row.a, row.x))
        return candidate("accelerated-scan", device, lambda: scan(a, x), lambda y: y.swapaxes(1, 2))

    return [named("accelerated-scan", make)]


def gated(row, device):
    """cuDNN, and FlashRNN with one head and the projection of its inputs by torch."""
    def cudnn():
        torch = device.torch
        module = getattr(torch.nn, row.kind)(row.hidden, row.hidden, batch_first=True).to("cuda")
        with torch.no_grad():
            for parameter, value in zip(module.parameters(), (row.w, row.r, row.b, row.c)):
                parameter.copy_(device.array(value))
        x = device.array(row.x)
        return candidate("cuDNN", device, lambda: module(x)[0])

    def flashrnn():
        call, torch = package("flashrnn").flashrnn, device.torch
        x, w, r, bias = (device.array(v).bfloat16() for v in (row.x, row.w, row.r, row.b + row.c))
        r, bias = (v.reshape(4, 1, row.hidden, *v.shape[1:]).contiguous() for v in (r, bias))
        shape = row.batch, row.steps, 4, 1, row.hidden
        compute = lambda: call((x @ w.T).reshape(shape), r, bias, function="lstm")[0][0, :, :, 0].float()
        return candidate("FlashRNN, bf16", device, compute, tolerance=0.05)

    made = [named("cuDNN", cudnn)]
    return made + [named("FlashRNN, bf16", flashrnn)] if row.kind == "LSTM" else made


def of(row, device):
    """Factories of the row's peers, by name."""
    for kind, make in ((scans.Running, running), (rows.Affine, affine), (rows.Gated, gated)):
        if isinstance(row, kind):
            return make(row, device)
    return []
