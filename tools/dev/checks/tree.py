"""The files of the checkout, and what a check says about them."""
import dataclasses
import functools
import pathlib
import subprocess


@dataclasses.dataclass
class Finding:
    """One sentence about one place. Warnings (`fatal` false) do not fail the run."""

    path: pathlib.PurePath
    line: int
    message: str
    fatal: bool = True

    def __str__(self):
        kind = "error" if self.fatal else "warning"
        return f"{self.path}:{self.line}: {kind}: {self.message}"


class Tree:
    """A checkout: files that git tracks, and new ones that it does not ignore."""

    def __init__(self, root, fix=False):
        self.root = root
        self.fix = fix

    @functools.cached_property
    def files(self):
        """Paths relative to the root, sorted."""
        listing = subprocess.run(
            ["git", "-C", str(self.root), "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"], check=True, capture_output=True, text=True).stdout
        paths = {pathlib.PurePath(name) for name in listing.split("\0") if name}
        return sorted(path for path in paths if (self.root / path).is_file())

    def under(self, *folders, suffixes=None):
        """Files below one of `folders`, with one of `suffixes` (all when None)."""
        for path in self.files:
            if path.parts[0] in folders and (suffixes is None or path.suffix in suffixes):
                yield path

    @functools.lru_cache(maxsize=None)
    def text(self, path):
        """The file's text; None when it is not UTF-8."""
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return None

    def lines(self, path):
        """(number, line) pairs, from 1."""
        return enumerate((self.text(path) or "").split("\n"), 1)
