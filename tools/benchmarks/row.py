"""What every row of the bench has, and how models get their sizes."""
import string

from .programs import HERE


def model(name, **sizes):
    text = (HERE / f"models/{name}.mlir").read_text()
    return string.Template(text).substitute({k: str(v) for k, v in sizes.items()})


class Row:
    """One line of the table. `size` (bytes that must move) and `operations` give the machine's bound."""

    tolerance = 1e-4
    bars = ()
    size = operations = 0

    def candidates(self, seqc, hand):
        """Factories, each of which returns a Candidate or raises Missing."""
        raise NotImplementedError

    def oracle(self):
        """The expected first result in float64."""
        raise NotImplementedError
