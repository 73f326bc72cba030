"""One way to cross-validate a table: what is regressed on, and how it is split and scaled.

A study has many (`regression_cases.study_cases`); scores, null distributions and intervals are made
for the same ones, so that their rows can be put side by side.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sparsetopo.analysis.regression.cross_validation import require_scaling
from sparsetopo.analysis.regression.splits import SHUFFLED, Split, require_validation, splits_of
from sparsetopo.analysis.regression.subsets import Sample
from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.errors import DataError

DEFAULT_REPEATS = 100
"""As in the paper."""

Regressors = Mapping[str, Callable[[], Any]]
"""Name: a function that makes a fresh estimator."""
Progress = Callable[[int, int], None]
"""Called with (done, total)."""


@dataclass(frozen=True)
class Case:
    """One way to cross-validate a table: which features, which splits, which scaling.

    Attributes
    ----------
    encoding
        Copied into the result.
    features, table
        Columns to regress on, and one row a network.
    validation
        One of `splits.VALIDATIONS`.
    scaling
        "column": features are scaled over the whole column, as in the paper; "fold": over the
        rows that are fitted on.
    repeats
        Of the shuffled folds. There is one way to leave groups out, so no repeat.
    """

    encoding: str
    features: tuple[str, ...]
    table: pd.DataFrame
    validation: str = SHUFFLED
    scaling: str = "column"
    repeats: int = DEFAULT_REPEATS

    def splits(self, sample: Sample, folds: int, seed: int, repeats: int = 0) -> list[list[Split]]:
        """Splits of each repeat (of the first `repeats`, if given) of a column."""
        if self.validation != SHUFFLED:
            return [splits_of(self.validation, sample.cells, folds)]
        wanted = min(repeats or self.repeats, self.repeats)
        return [
            splits_of(SHUFFLED, sample.cells, folds, sample.name, seed, repeat)
            for repeat in range(wanted)
        ]


def check_cases(
    cases: Sequence[Case], target: str, column_kinds: Sequence[str], folds: int
) -> None:
    """Refuse what cannot be run.

    Raises
    ------
    DataError
        Below two folds or one repeat, an unknown validation or scaling, missing columns, no rows.
    """
    for case in cases:
        if folds < 2 or case.repeats < 1:
            raise DataError(
                f"cross-validation needs 2 folds and 1 repeat at least, not {folds} and {case.repeats}."
            )
        require_validation(case.validation)
        require_scaling(case.scaling)
        require_columns(case.table, [*column_kinds, target, *case.features])
        if case.table.empty:
            raise DataError(f"the table of '{case.encoding}' has no row; it needs one a network.")


def labels(case: Case, sample: Sample) -> dict[str, str | int]:
    """Columns that say which case and which column of the study a row is about."""
    return {
        "encoding": case.encoding,
        "validation": case.validation,
        "scaling": case.scaling,
        "column_kind": sample.kind,
        "column": sample.name,
    }
