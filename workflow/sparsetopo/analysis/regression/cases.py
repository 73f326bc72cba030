"""All regressions of a study: every set of features, validated in every way.

The paper's case is shuffled folds, with features scaled over the whole column. Beside it: scaling
that never sees the test rows, and whole data sets, architectures or algorithms left out.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from sparsetopo.analysis.regression.case import DEFAULT_REPEATS, Case, Progress, Regressors
from sparsetopo.analysis.regression.splits import LEFT_OUT, SHUFFLED
from sparsetopo.analysis.regression.subsets import COLUMN_KINDS
from sparsetopo.analysis.regression.table import run_cases
from sparsetopo.analysis.tables.feature_sets import PAPER_ENCODINGS, SIZE, FeatureSet

DEFAULT_CHECK_REPEATS = 20
FIRST_ENCODINGS = (*PAPER_ENCODINGS, SIZE)
"""The sets of features that are regressed on when no further check is wanted."""


def study_cases(
    sets: Mapping[str, FeatureSet],
    *,
    repeats: int = DEFAULT_REPEATS,
    check_repeats: int = DEFAULT_CHECK_REPEATS,
    scaling: str = "column",
    checks: bool = True,
) -> list[Case]:
    """List what is cross-validated.

    Parameters
    ----------
    sets
        From `feature_sets.feature_sets`.
    scaling
        Of the first case of each set: shuffled folds, as in the paper.
    repeats
        Of that case for `FIRST_ENCODINGS`.
    check_repeats
        Of that case for the other sets; and of shuffled folds with scaling "fold" (left out if
        `scaling` is that already).
    checks
        Whether to make all cases of all sets: shuffled with both scalings, and each of
        `splits.LEFT_OUT` with scaling "fold"; otherwise the first case of `FIRST_ENCODINGS` only.
    """
    cases = []
    for name, features in sets.items():
        if not checks and name not in FIRST_ENCODINGS:
            continue
        ways = [(SHUFFLED, scaling, repeats if name in FIRST_ENCODINGS else check_repeats)]
        if checks:
            ways += [(SHUFFLED, "fold", check_repeats)] if scaling != "fold" else []
            ways += [(validation, "fold", 1) for validation in LEFT_OUT]
        cases += [Case(name, features.columns, features.table, *way) for way in ways]
    return cases


def regression_cases(
    sets: Mapping[str, FeatureSet],
    *,
    target: str = "accuracy_drop",
    column_kinds: Sequence[str] = COLUMN_KINDS,
    folds: int = 5,
    repeats: int = DEFAULT_REPEATS,
    check_repeats: int = DEFAULT_CHECK_REPEATS,
    seed: int = 0,
    scaling: str = "column",
    checks: bool = True,
    workers: int = 1,
    regressors: Regressors | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Cross-validate every column of the study in every case of `study_cases`.

    Parameters
    ----------
    sets, repeats, check_repeats, scaling, checks
        See `study_cases`.
    progress
        Called with (columns of cases done, in all).
    target, column_kinds, folds, seed, workers, regressors
        As in `regression.regression_table`.

    Returns
    -------
    DataFrame
        The columns of `regression.regression_table`. Equal columns with equal numbers of rows have
        the same shuffled folds in all sets.
    """
    cases = study_cases(
        sets, repeats=repeats, check_repeats=check_repeats, scaling=scaling, checks=checks
    )
    return run_cases(
        cases,
        target=target,
        column_kinds=column_kinds,
        folds=folds,
        seed=seed,
        workers=workers,
        regressors=regressors,
        progress=progress,
    )
