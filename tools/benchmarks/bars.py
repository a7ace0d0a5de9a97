"""What seqc is held to in a row. `judge(result)` gives a sentence and whether the bar is met."""
import re


class Bar:
    """seqc must be at least `factor` times as fast as the fastest candidate that `rivals` (a pattern)
    matches."""

    def __init__(self, rivals, factor):
        self.rivals, self.factor = rivals, factor

    def judge(self, result):
        own, rival = result.least("seqc$"), result.least(self.rivals)
        want = f"{result.row.name}: at least {self.factor:.2f} times as fast as {self.rivals.replace('|', ' or ')}"
        absent = [name for name, _ in result.absent if re.match(self.rivals, name)]
        if own is None or rival is None:
            return f"{want}: not measured", False
        ratio = rival[1] / own[1]
        if absent and "|" in self.rivals:  # the best of several, of which some did not run
            return f"{want}: {ratio:.2f} ({rival[0]}), not measured: no {', '.join(absent)}", False
        return f"{want}: {ratio:.2f} ({rival[0]}), {'met' if ratio >= self.factor else 'missed'}", ratio >= self.factor


class Scaling:
    """From one thread to two, seqc must gain at least `factor` times what a copy gains."""

    def __init__(self, factor):
        self.factor = factor

    def judge(self, result):
        want = f"{result.row.name}: at least {self.factor:.2f} times the gain of a copy"
        names = "seqc, one thread$", "seqc$", "copy$", "copy, two threads$"
        found = [result.least(name) for name in names]
        if None in found:
            return f"{want}: not measured", False
        alone, together, copy, copies = (seconds for _, seconds in found)
        own, other = alone / together, copy / copies
        met = own >= self.factor * other
        return f"{want}: {own:.2f} against {other:.2f}, {'met' if met else 'missed'}", met
