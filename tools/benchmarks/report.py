"""The bench's output: one block a row for reading, or one Markdown table."""
import re


def duration(seconds):
    for unit, scale in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1 or unit == "µs":
            return f"{seconds * scale:.3g} {unit}"


class Result:
    """What a row came to: times by candidate (least, median), and the reasons of those that did not run."""

    def __init__(self, row, times, absent, bound):
        self.row, self.absent, self.bound = row, absent, bound
        self.divide = getattr(row, "divide", 1)
        self.times = {c.name: (c.kind, t.least / self.divide, t.median / self.divide) for c, t in times.items()}
        self.cases = {c.name: list(c.cases) for c in times if c.cases}

    def least(self, pattern):
        """(name, seconds) of the fastest candidate whose name matches; None if there is none."""
        found = [(t[1], name) for name, t in self.times.items() if re.match(pattern, name)]
        return (min(found)[1], min(found)[0]) if found else None

    def ratios(self, name):
        """Seconds of candidate `name` against seqc's, for every seed if seqc ran several."""
        own, other = (self.cases.get(key, [self.times[key][1]]) for key in ("seqc", name))
        return [b / a for a, b in zip(own, other * len(own) if len(other) == 1 else other)]

    def bars(self):
        """(sentence, met) of every bar."""
        return [bar.judge(self) for bar in self.row.bars]


def text(result):
    """The row for a terminal."""
    own = result.least("seqc$")
    lines = [result.row.name]
    for name, (_, least, median) in sorted(result.times.items(), key=lambda item: item[1][1]):
        ratio = f"{least / own[1]:8.2f} x seqc" if own and name != "seqc" else ""
        bound = result.bound[0] / result.divide
        share = f"{bound / least:6.0%} of the bound" if bound else ""
        lines.append(f"  {name:22} {duration(least):>9} {duration(median):>9}  {ratio:16} {share}".rstrip())
    lines += [f"  {name:22} not run: {reason}" for name, reason in result.absent]
    if result.bound[0]:
        lines.append(f"  bound by {result.bound[1]}: {duration(result.bound[0] / result.divide)}")
    return "\n".join(lines)


HEAD = """| row | seqc least / median | hand | seqc / hand speed | peers (speed of seqc against it) | share of the machine's bound |
|---|---|---|---|---|---|"""


def markdown(result):
    """The row of the Markdown table."""
    own, hand = result.least("seqc$"), result.least("hand")
    seqc = " / ".join(map(duration, result.times["seqc"][1:])) if own else "not run"
    others = []
    for name, (_, least, _) in sorted(result.times.items(), key=lambda item: item[1][1]):
        if name != "seqc" and not name.startswith("hand"):
            others.append(f"{name} {duration(least)}" + (f" ({least / own[1]:.2f}×)" if own else ""))
    others += [f"{name}: not run" for name, _ in result.absent if name not in ("seqc", "hand")]
    best = own or hand
    share = f"{result.bound[0] / result.divide / best[1]:.0%}" if best and result.bound[0] else "–"
    return "| " + " | ".join([
        result.row.name, seqc, f"{duration(hand[1])} ({hand[0]})" if hand else "–",
        f"{hand[1] / own[1]:.2f}" if own and hand else "–", "; ".join(others), share]) + " |"
