"""What each family of metrics contributes: regress on it alone, and on all the others.

The paper groups its metrics into local, neighbour, strength, global and expansion ones (Cunegatti
et al. 2024, section 3.2). A family that predicts well alone carries information; one that is not
missed when it is dropped carries none that the others lack.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from sparsetopo.analysis.regression.case import Case, Progress, Regressors
from sparsetopo.analysis.regression.cases import DEFAULT_CHECK_REPEATS
from sparsetopo.analysis.regression.subsets import COLUMN_KINDS
from sparsetopo.analysis.regression.summary import MEAN
from sparsetopo.analysis.regression.table import run_cases
from sparsetopo.analysis.tables.feature_sets import FeatureSet
from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.errors import DataError
from sparsetopo.metrics.registry import CATEGORIES

ALL = "all"
KEEP = "keep"
DROP = "drop"


def families_table(
    features: FeatureSet,
    categories: Mapping[str, str],
    *,
    target: str = "accuracy_drop",
    column_kinds: Sequence[str] = COLUMN_KINDS,
    folds: int = 5,
    repeats: int = DEFAULT_CHECK_REPEATS,
    seed: int = 0,
    scaling: str = "column",
    workers: int = 1,
    regressors: Regressors | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Cross-validate every column with each family alone and without each family.

    Parameters
    ----------
    features
        The set of features, "MGE" as a rule.
    categories
        {feature: its family} for every feature of the set (`Metric.category`).
    target, column_kinds, folds, repeats, seed, scaling, workers, regressors, progress
        As in `regression.regression_table`; folds are shuffled.

    Returns
    -------
    DataFrame
        column_kind, column, family, use ("all" features, "keep" this family alone, "drop" it),
        features (how many), adjusted_r2 and mae (means over the regressors), difference
        (adjusted_r2 minus that of all features), status. All rows of a column rest on the same
        networks (those with all features) and the same folds. The adjustment takes the number of
        features into account. Where a family is the only one there is nothing to drop: one row "all"
        and one "keep".

    Raises
    ------
    DataError
        A feature without a category.
    """
    without = [column for column in features.columns if column not in categories]
    if without:
        raise DataError(
            f"the feature(s) {', '.join(without)} have no category; every feature needs one."
        )
    require_columns(features.table, [target, *features.columns])
    complete = features.table.copy()
    # A network that lacks one feature is left out of every row, so that rows can be compared.
    lacking = complete[[*features.columns, target]].isna().any(axis=1)
    complete.loc[lacking, list(features.columns)] = float("nan")
    uses = _uses(features.columns, categories)
    cases = [
        Case(key, chosen, complete, scaling=scaling, repeats=repeats)
        for key, chosen in uses.items()
    ]
    table = run_cases(
        cases,
        target=target,
        column_kinds=column_kinds,
        folds=folds,
        seed=seed,
        workers=workers,
        regressors=regressors,
        progress=progress,
    )
    return _tidy(table[table["regressor"] == MEAN])


def _uses(columns: Sequence[str], categories: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """{"use family": its features}; the families in the order of figures, others after them."""
    present = {categories[column] for column in columns}
    families = [family for family in CATEGORIES if family in present]
    families += sorted(present - set(CATEGORIES))
    uses = {f"{ALL} {ALL}": tuple(columns)}
    for family in families:
        inside = tuple(column for column in columns if categories[column] == family)
        outside = tuple(column for column in columns if categories[column] != family)
        uses[f"{KEEP} {family}"] = inside
        if outside:
            uses[f"{DROP} {family}"] = outside
    return uses


def _tidy(table: pd.DataFrame) -> pd.DataFrame:
    columns = ["column_kind", "column"]
    split = table["encoding"].str.split(" ", n=1, expand=True)
    tidy = table.assign(use=split[0], family=split[1])
    every = tidy[tidy["use"] == ALL].set_index(columns)["adjusted_r2"].rename("of_all")
    tidy = tidy.join(every, on=columns)
    tidy["difference"] = tidy["adjusted_r2"] - tidy["of_all"]
    # Rows of a column together, columns in the order of the study.
    order = {key: place for place, key in enumerate(every.index)}
    places = [order[key] for key in zip(tidy["column_kind"], tidy["column"], strict=True)]
    tidy = tidy.assign(place=places).sort_values("place", kind="stable")
    wanted = [*columns, "family", "use", "features", "adjusted_r2", "mae", "difference", "status"]
    return tidy[wanted].reset_index(drop=True)
