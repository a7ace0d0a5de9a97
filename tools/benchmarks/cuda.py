"""`tools/bench --device=cuda`: rows on an NVIDIA GPU. What was measured, with CUDA events, and what the model of
docs/Targets.md predicts stand in columns of their own."""
import collections
import ctypes
import importlib
import json
import re
import statistics
import sys

RUNS, FLUSH = 10, 256 << 20  # of a candidate in a round; bytes written between runs, more than any L2
LABEL = "predicted (model v1, H100 SXM constants, not run)"
HEAD = ("| row | seqc, measured: least / median | plan | " + LABEL + " | peers, measured | share of a copy's speed |\n"
        "|---|---|---|---|---|---|")

Prediction = collections.namedtuple("Prediction", "plan least most limit")


def refusal(find=importlib.import_module):
    """Why nothing can be measured here, one sentence; empty if it can."""
    try:
        torch = find("torch")
    except Exception as error:  # torch raises OSError when its libraries are missing
        reason = "torch is not here (" + re.sub(r"\S*/", "", (str(error).splitlines() or ["?"])[0])[:80] + ")"
    else:
        reason = "" if torch.cuda.is_available() else "torch finds no driver, or no GPU"
    return f"expected a CUDA device for --device=cuda, but got none: {reason}" if reason else ""


def prediction(text):
    """What --explain=json predicts for all recurrences of a model together; None where it has none."""
    remarks = json.loads(text)["remarks"]
    place = lambda remark: (remark["file"], remark["line"], remark["col"], remark["facts"].get("plan"))
    prices = {place(r): r["facts"] for r in remarks if r["category"] == "plan" and r["name"] == "price"}
    chosen = [place(r) for r in remarks if r["category"] == "plan" and r["name"] == "plan"]
    found = [prices[at] for at in chosen if at in prices]
    if not found or any(facts.get("times") != LABEL for facts in found):
        return None
    least, most = (sum(int(facts[end]) for facts in found) * 1e-9 for end in ("least_ns", "most_ns"))
    return Prediction(", ".join(at[-1] for at in chosen), least, most,
                      max(found, key=lambda facts: int(facts["most_ns"]))["limit"])


def architecture(capability):
    """The one of seqc's architectures that suits a GPU of this compute capability best."""
    known = [name for name, least in (("sm_80", (8, 0)), ("sm_90", (9, 0)), ("sm_100", (10, 0))) if capability >= least]
    return (known or ["sm_80"])[-1]


class Outcome:
    """What a row came to: `times` by candidate, all runs in seconds, reasons of those that did not run, and seconds of
    a copy of as many bytes as the row must move."""

    def __init__(self, name, times, absent, predicted, copy):
        self.name, self.times, self.absent, self.predicted, self.copy = name, times, absent, predicted, copy

    def markdown(self):
        from .report import duration

        own = self.times.get("seqc")
        seqc = f"{duration(min(own))} / {duration(statistics.median(own))}" if own else "not run"
        plan, predicted = "–", "–"
        if self.predicted:
            plan = self.predicted.plan
            predicted = f"{duration(self.predicted.least)} to {duration(self.predicted.most)}, {self.predicted.limit}"
        peers = [f"{name} {duration(min(runs))}" + (f" ({min(runs) / min(own):.2f}×)" if own else "")
                 for name, runs in sorted(self.times.items(), key=lambda item: min(item[1])) if name != "seqc"]
        peers += [f"{name}: not run" for name, _ in self.absent if name != "seqc"]
        share = f"{self.copy / min(own):.0%}" if own and self.copy else "–"
        return "| " + " | ".join([self.name, seqc, plan, predicted, "; ".join(peers) or "–", share]) + " |"

    def reasons(self):
        return [f"{self.name}, {name}: not run: {reason}" for name, reason in self.absent]


class Device:
    """One GPU, by way of torch: DLPack's type of it, arrays there and back, and times."""

    kind = 2  # kDLCUDA

    def __init__(self, torch):
        self.torch, self.number = torch, torch.cuda.current_device()
        self.options = ("--target=cuda", f"--cuda-arch={architecture(torch.cuda.get_device_capability())}")
        self.name = torch.cuda.get_device_name(self.number)
        self.flush = torch.empty(FLUSH, dtype=torch.uint8, device="cuda")

    def array(self, values):
        return self.torch.from_numpy(values).to("cuda")

    def empty(self, shape, like):
        return self.torch.empty(tuple(shape), dtype=like, device="cuda")

    def bytes(self, count):
        return self.empty((count,), self.torch.uint8)

    def numbers(self, array):
        """On the host, once all work is done."""
        return array.detach().cpu().numpy()

    def stream(self):
        return self.torch.cuda.current_stream().cuda_stream

    def times(self, run, runs):
        """Seconds of each run on the GPU; caches hold none of its data."""
        pairs = [[self.torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(runs)]
        for begin, end in pairs:
            self.flush.zero_()
            begin.record()
            run()
            end.record()
        self.torch.cuda.synchronize()
        return [begin.elapsed_time(end) * 1e-3 for begin, end in pairs]


def compiler(build, folder, device):
    """programs.Seqc for `device`: its candidates call kernels; `predicted` is what --explain said of the last one."""
    import numpy as np

    from . import memory, programs

    class CudaSeqc(programs.Seqc):
        predicted = None

        def candidate(self, name, text, inputs, outputs, weights=None, options=(), compare=1, label="seqc", pool=None):
            batch, steps = inputs[0].shape[:2]
            assumed = f"--assume=B={batch},T={steps}"
            self.predicted = self.predict(text, assumed)
            library = self.library(name, text, weights, [*device.options, assumed])
            return self.on_device(library, inputs, outputs, compare, label)

        def predict(self, text, *options):
            source, report = self.folder / "explained.mlir", self.folder / "explained.json"
            source.write_text(text)
            self.command(source, "--target=cuda", f"--explain=json:{report}", *options)
            return prediction(report.read_text())

        def on_device(self, library, inputs, outputs, compare, label):
            values = [device.array(a) for a in inputs]
            results = [device.empty(shape, values[0].dtype) for shape in outputs]
            arrays = [*values, *results]
            is_complex, bits = np.iscomplexobj(inputs[0]), 8 * inputs[0].itemsize
            arguments = memory.pointers([memory.tensor(a.data_ptr(), tuple(a.shape), is_complex, bits,
                                                       (device.kind, device.number)) for a in arrays], arrays)
            need = library.run_scratch_bytes
            need.restype = ctypes.c_int64
            scratch = device.bytes(max(64, need(arguments, len(arrays))))
            message = ctypes.create_string_buffer(400)
            context = memory.Context(size=ctypes.sizeof(memory.Context), scratch=scratch.data_ptr(),
                                     scratch_bytes=len(scratch), error_capacity=400,
                                     error=ctypes.cast(message, ctypes.c_char_p), stream=device.stream())
            keep = library, scratch, message

            def run():
                if library.run_call(ctypes.byref(context), arguments, len(arrays)):
                    raise programs.Missing(f"seqc: {keep[2].value.decode()}")

            def result():
                found = [device.numbers(a) for a in results[:compare]]
                return found[0] if compare == 1 else np.stack(found)

            return programs.Candidate(label, "seqc", run, result, lambda runs: device.times(run, runs))

    return CudaSeqc(build, folder, None)


def table():
    """The rows: those of the CPU's table that fill a GPU, and peers' own shapes (accelerated-scan's (8, 4096, 1536),
    FlashRNN's and cuDNN's LSTM and GRU)."""
    from . import layers, rows, scans

    return [rows.Affine(8, 4096, 1536), rows.Affine(1, 65536, 512), rows.ParaGru(8, 2048, 256),
            rows.SelectiveScan(2048, 1536), scans.Complex(16384, 256, False), scans.Block(16384, 256),
            *(scans.Running(kind, 1 << 24) for kind in ("cumsum", "cummax", "logcumsumexp")),
            layers.Rwkv4(4096, 512), layers.Modes("Mega damped EMA", "mega", 4096, 512),
            rows.Gated("LSTM", 1024, 8, 256), rows.Gated("LSTM", 1024, 16, 768), rows.Gated("GRU", 1024, 16, 768)]


def measure(row, seqc, device, rounds):
    """The row's outcome, and whether some numbers were wrong."""
    from . import cuda_peers
    from .measuring import distance
    from .programs import Candidate, Missing

    row.prepare()
    expected, good, absent, wrong, predicted = row.oracle(), [], [], False, None
    seqc.predicted = None
    for make in [row.candidates(seqc, None)[0], *cuda_peers.of(row, device)]:
        name = getattr(make, "label", "seqc")
        try:
            candidate = make()
            candidate.run()
            off, allowed = distance(candidate.result(), expected), getattr(candidate, "tolerance", row.tolerance)
            if off > allowed:
                wrong = True
                raise Missing(f"WRONG: {off:.1e} from float64, allowed {allowed:.0e}")
            good.append(candidate)
        except Missing as reason:
            absent.append((name, str(reason)))
        except Exception as error:  # a peer's own failure is its entry's
            absent.append((name, f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:160]}"))
    half = [device.bytes(row.size // 2) for _ in range(2)]
    copy = Candidate("copy", "limit", lambda: half[1].copy_(half[0]), None)
    times, copies = {candidate.name: [] for candidate in good}, []
    for _ in range(rounds):
        copies += device.times(copy.run, RUNS + 1)[1:]
        for candidate in good:
            times[candidate.name] += candidate.times(RUNS + 1)[1:]
    return Outcome(row.name, times, absent, seqc.predicted, min(copies, default=0)), wrong


def run(args, folder, device, chosen):
    """Prints the table of the rows `chosen`; the exit code."""
    from .programs import Missing

    seqc = compiler(args.build_dir, folder, device)
    print(f"{device.name}\n\n{HEAD}", flush=True)
    reasons, wrong, ran = [], False, False
    for row in chosen:
        if not re.search(args.rows, row.name):
            continue
        try:
            outcome, bad = measure(row, seqc, device, args.rounds)
        except Missing as reason:
            outcome, bad = Outcome(row.name, {}, [("seqc", str(reason))], None, 0), False
        wrong, ran = wrong or bad, ran or bool(outcome.times)
        reasons += outcome.reasons()
        print(outcome.markdown(), flush=True)
    print(*("\n" + reason for reason in reasons), sep="\n")
    return 1 if wrong else 0 if ran else 4


def main(args, folder):
    reason = refusal()
    if reason:
        print(f"bench: {reason}", file=sys.stderr)
        return 4
    return run(args, folder, Device(importlib.import_module("torch")), table())
