"""What seqc is held to in a row. `judge(result)` gives a sentence and whether the bar is met."""
import re
import statistics


class Bar:
    """seqc must be at least `factor` times as fast as the fastest candidate that `rivals` (a pattern)
    matches: in the median of the seeds, where a row has several, or in what `over` makes of them."""

    def __init__(self, rivals, factor, over=statistics.median):
        self.rivals, self.factor, self.over = rivals, factor, over

    def judge(self, result):
        own, rival = result.least("seqc$"), result.least(self.rivals)
        want = f"{result.row.name}: at least {self.factor:.2f} times as fast as {self.rivals.replace('|', ' or ')}"
        absent = [name for name, _ in result.absent if re.match(self.rivals, name)]
        if own is None or rival is None:
            return f"{want}: not measured", False
        ratios = result.ratios(rival[0])
        ratio = self.over(ratios)
        found = f"{want}: {ratio:.2f} ({rival[0]}{span(ratios)})"
        if absent and "|" in self.rivals:  # the best of several, of which some did not run
            return f"{found}, not measured: no {', '.join(absent)}", False
        return f"{found}, {'met' if ratio >= self.factor else 'missed'}", ratio >= self.factor


def span(ratios):
    """What several seeds came to, in words."""
    return f"; {min(ratios):.2f} to {max(ratios):.2f} over {len(ratios)} seeds" if len(ratios) > 1 else ""


class Scaling:
    """From one thread to two, seqc must gain at least `factor` times what the loop `limit` gains."""

    def __init__(self, factor, limit="copy"):
        self.factor, self.limit = factor, limit

    def judge(self, result):
        want = f"{result.row.name}: at least {self.factor:.2f} times the gain of a loop of {self.limit}"
        names = "seqc, one thread$", "seqc$", f"{self.limit}$", f"{self.limit}, two threads$"
        found = [result.least(name) for name in names]
        if None in found:
            return f"{want}: not measured", False
        alone, together, limit, limits = (seconds for _, seconds in found)
        own, other = alone / together, limit / limits
        met = own >= self.factor * other
        return f"{want}: {own:.2f} against {other:.2f}, {'met' if met else 'missed'}", met
