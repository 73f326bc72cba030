"""The paper's published accuracies, for a study that trains nothing.

A study with ``accuracies: published`` measures its own graphs and takes the accuracy of every
network from tables 8-10 of Cunegatti et al. 2024. These are means over three seeds, so all seeds of a cell
share one value. They are read while a configuration is checked, so nothing here imports pandas or torch.
"""

import csv
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from sparsetopo.errors import FileFormatError
from sparsetopo.resources import RESOURCES

DEFAULT_PATH = RESOURCES / "paper" / "accuracies.csv"
COLUMNS = ("dataset", "architecture", "algorithm", "sparsity", "accuracy", "accuracy_std", "note")
DENSE = "dense"
"""The "algorithm" of a row that holds a dense baseline; its sparsity is 0."""

SparseKey = tuple[str, str, str, str]
"""Data set, architecture, algorithm, sparsity."""


@dataclass(frozen=True)
class PublishedAccuracy:
    """A printed mean and standard deviation over seeds, as fractions; None if not printed."""

    accuracy: float | None
    accuracy_std: float | None
    note: str


@dataclass(frozen=True)
class PublishedAccuracies:
    """The accuracies of a file, of sparse networks and of dense ones (by data set and architecture).

    Sparsities are written as in "0.6".
    """

    path: str
    sparse: dict[SparseKey, PublishedAccuracy]
    dense: dict[tuple[str, str], PublishedAccuracy]

    def problems(self, grid: Mapping[str, Sequence[str]]) -> list[str]:
        """What the file does not cover of a grid, as sentences that start with a path in the configuration.

        A cell whose accuracy was not printed is covered: it stays in the grid, without an accuracy.
        """
        faults, covered = [], []
        for position, axis in enumerate(("datasets", "architectures", "algorithms", "sparsities")):
            known = list(dict.fromkeys(key[position] for key in self.sparse))
            here = [value for value in grid[axis] if _plain(axis, value) in known]
            faults += [
                f"grid.{axis}: '{value}' is not in the paper's tables of accuracies, which accuracies: published "
                f"needs; they cover {', '.join(known)}"
                for value in grid[axis]
                if value not in here
            ]
            covered.append(here)
        return faults + self._gaps(*covered)

    def of_network(
        self, dataset: str, architecture: str, algorithm: str, sparsity: str
    ) -> PublishedAccuracy | None:
        """Accuracy of a sparse network; None if the file does not cover it."""
        key = (dataset, architecture, algorithm, _plain("sparsities", sparsity))
        return self.sparse.get(key)

    def _gaps(
        self,
        datasets: Iterable[str],
        architectures: Iterable[str],
        algorithms: Iterable[str],
        sparsities: Iterable[str],
    ) -> list[str]:
        """Combinations that are not covered, although each of their values is in some other cell."""
        pairs = list(product(datasets, architectures))
        lacking = ["/".join((*pair, DENSE)) for pair in pairs if pair not in self.dense]
        lacking += [
            "/".join((*pair, algorithm, sparsity))
            for pair, algorithm, sparsity in product(pairs, algorithms, sparsities)
            if self.of_network(*pair, algorithm, sparsity) is None
        ]
        if not lacking:
            return []
        more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        return [
            f"grid: there is no published accuracy for {', '.join(lacking[:5])}{more} "
            f"(accuracies: published; {self.path})"
        ]


def read_published_accuracies(
    path: str | os.PathLike[str] = DEFAULT_PATH,
) -> PublishedAccuracies:
    """Read and check a file of published accuracies.

    Parameters
    ----------
    path
        CSV with the columns `COLUMNS`; accuracies are fractions, empty where none was printed. The
        default is ``resources/paper/accuracies.csv`` beside the workflow.

    Raises
    ------
    FileFormatError
        If the file is missing, lacks a column, names a cell twice, or has an accuracy that is not
        a number between 0 and 1; the message names the line.

    Examples
    --------
    >>> read_published_accuracies().of_network("CIFAR-10", "Conv-6", "snip", "0.60")
    PublishedAccuracy(accuracy=0.927, accuracy_std=0.003, note='')
    """
    try:
        with open(path, encoding="utf-8", newline="") as handle:
            reader = csv.DictReader(handle, strict=True)
            present = reader.fieldnames or []
            missing = [column for column in COLUMNS if column not in present]
            if missing:
                raise FileFormatError(
                    f"{path}: lacks the column(s) {', '.join(missing)}; published accuracies "
                    f"have the columns {', '.join(COLUMNS)}."
                )
            rows = [(reader.line_num, row) for row in reader]
    except FileNotFoundError as error:
        raise FileFormatError(
            f"{path}: there is no such file; the published accuracies are read from it "
            "(accuracies: published)."
        ) from error
    except (csv.Error, UnicodeDecodeError, IsADirectoryError) as error:
        raise FileFormatError(f"{path}: not a readable CSV file ({error}).") from error
    found = PublishedAccuracies(str(path), {}, {})
    for line, row in rows:
        _add(found, f"{path}, line {line}", row)
    if not found.sparse or not found.dense:
        raise FileFormatError(
            f"{path}: holds {len(found.sparse)} sparse and {len(found.dense)} dense accuracies; "
            "both are needed."
        )
    return found


def _add(found: PublishedAccuracies, where: str, row: dict[str, str | None]) -> None:
    """Check one row and add it."""
    text = {column: (row[column] or "").strip() for column in COLUMNS}
    unnamed = [column for column in COLUMNS[:4] if not text[column]]
    if unnamed or None in row:
        what = f"no value in column '{unnamed[0]}'" if unnamed else "more values than columns"
        raise FileFormatError(f"{where}: {what}.")
    entry = PublishedAccuracy(
        _fraction(where, "accuracy", text["accuracy"]),
        _fraction(where, "accuracy_std", text["accuracy_std"]),
        text["note"],
    )
    place = (text["dataset"], text["architecture"])
    if text["algorithm"] == DENSE:
        repeated = place in found.dense
        found.dense[place] = entry
        if not entry.accuracy:
            raise FileFormatError(f"{where}: a dense baseline needs an accuracy above 0.")
    else:
        key = (*place, text["algorithm"], _sparsity(where, text["sparsity"]))
        repeated = key in found.sparse
        found.sparse[key] = entry
    if repeated:
        cell = "/".join(text[column] for column in COLUMNS[:4])
        raise FileFormatError(f"{where}: {cell} is in the file more than once.")


def _fraction(where: str, column: str, text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise FileFormatError(
            f"{where}: {column} is '{text}'; it must be a fraction between 0 and 1, or empty."
        )
    return value


def _sparsity(where: str, text: str) -> str:
    plain = _plain("sparsities", text)
    try:
        valid = 0 < float(plain) < 1
    except ValueError:
        valid = False
    if not valid:
        raise FileFormatError(f"{where}: sparsity is '{text}'; it must lie between 0 and 1.")
    return plain


def _plain(axis: str, value: str) -> str:
    """A sparsity without trailing zeros ("0.60" is "0.6"); any other value as it is."""
    if axis != "sparsities":
        return value
    try:
        return f"{float(value):.12g}"
    except ValueError:
        return str(value)
