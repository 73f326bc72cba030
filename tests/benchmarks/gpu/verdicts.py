"""The table of a GPU check: one row and one verdict for everything that was looked at."""

import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field

PASSED, FAILED, MEASURED, SKIPPED = "pass", "FAIL", "measured", "skipped"
_WIDTHS = (8, 36, 44)


@dataclass(frozen=True)
class Row:
    """What was looked at, what came out, and what would be right."""

    verdict: str
    check: str
    found: str
    allowed: str = ""

    @classmethod
    def of(cls, right: bool, check: str, found: str, allowed: str) -> "Row":
        """Return a row that passes or fails."""
        return cls(PASSED if right else FAILED, check, found, allowed)

    def __str__(self) -> str:
        cells = (self.verdict, self.check, self.found)
        padded = [f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True)]
        return f"| {' | '.join([*padded, self.allowed])} |"


@dataclass
class Table:
    """Prints its rows as they come, so that a run that is killed has told what it found."""

    rows: list[Row] = field(default_factory=list)
    start: float = field(default_factory=time.monotonic)

    def head(self) -> None:
        """Print the names of the columns."""
        print(Row("verdict", "check", "found", "right"), flush=True)
        print(f"|{'|'.join(' --- ' for _ in range(4))}|", flush=True)

    def add(self, row: Row) -> None:
        """Print a row and keep it."""
        self.rows.append(row)
        print(row, flush=True)

    def take(self, what: str, rows: Iterator[Row]) -> None:
        """Add all rows of a part of the check; what it dies of is a row that fails, not the end of the others."""
        try:
            for row in rows:
                self.add(row)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            first = next(iter(str(error).splitlines()), "")
            self.add(Row(FAILED, what, f"{type(error).__name__}: {first}", "no error"))

    @property
    def seconds(self) -> float:
        """Seconds since the check began."""
        return time.monotonic() - self.start

    def count(self, verdict: str) -> int:
        """Number of rows with a verdict."""
        return sum(row.verdict == verdict for row in self.rows)

    def end(self, limit: int | None) -> int:
        """Add the row of the time that it took and print a summary; return the exit status."""
        check, found = "time of everything", f"{self.seconds:.0f} s"
        if limit is None:
            self.add(Row(MEASURED, check, found))
        else:
            self.add(Row.of(self.seconds <= limit, check, found, f"at most {limit} s"))
        kinds = (PASSED, FAILED, MEASURED, SKIPPED)
        print(", ".join(f"{kind}: {self.count(kind)}" for kind in kinds))
        return int(self.count(FAILED) > 0)
