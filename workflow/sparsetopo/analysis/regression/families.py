"""What each family of metrics contributes: regress on it alone, and on all the others.

The paper groups its metrics into local, neighbour, strength, global and expansion ones (Cunegatti
et al. 2024, section 3.2). A family that predicts well alone carries information; one that can be
dropped without loss carries none that the others lack.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from sparsetopo.analysis.regression.cases import DEFAULT_CHECK_REPEATS, Case
from sparsetopo.analysis.regression.scores import regression_table
from sparsetopo.analysis.regression.settings import DEFAULT_SETTINGS, CrossValidation
from sparsetopo.analysis.regression.splits import SHUFFLED
from sparsetopo.analysis.regression.subsets import TARGET
from sparsetopo.analysis.regression.summary import MEAN
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
    settings: CrossValidation = DEFAULT_SETTINGS,
    *,
    repeats: int = DEFAULT_CHECK_REPEATS,
    scaling: str = "subset",
) -> pd.DataFrame:
    """Cross-validate every subset with each family alone and without each family.

    Parameters
    ----------
    features
        The set of features, usually "MGE".
    categories
        {feature: its family} for every feature of the set (`Metric.category`).
    repeats, scaling
        As in `Case`; folds are shuffled.

    Returns
    -------
    DataFrame
        subset_kind, subset, family, use ("all" features, "keep" this family alone, "drop" it),
        features (how many), adjusted_r2 and mae (means over the regressors), difference
        (adjusted_r2 minus that of all features), status. All rows of a subset rest on the same
        networks (those with all features) and the same folds. A set of one family has no row "drop".

    Raises
    ------
    DataError
        A feature without a category, and what `regression_table` refuses.
    """
    without = [column for column in features.columns if column not in categories]
    if without:
        raise DataError(
            f"the feature(s) {', '.join(without)} have no category; every feature needs one."
        )
    require_columns(features.table, [TARGET, *features.columns])
    complete = features.table.copy()
    # A network that lacks one feature is left out of every row, so that rows can be compared.
    lacking = complete[[*features.columns, TARGET]].isna().any(axis=1)
    complete.loc[lacking, list(features.columns)] = float("nan")
    cases = [
        Case(FeatureSet(use, chosen, complete), SHUFFLED, scaling, repeats)
        for use, chosen in _uses(features.columns, categories).items()
    ]
    table = regression_table(cases, settings)
    return _tidy(table[table["regressor"] == MEAN])


def _uses(columns: Sequence[str], categories: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return {"use family": its features}: families in the order of figures, others after them."""
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
    subset = ["subset_kind", "subset"]
    split = table["encoding"].str.split(" ", n=1, expand=True)
    tidy = table.assign(use=split[0], family=split[1])
    every = tidy[tidy["use"] == ALL].set_index(subset)["adjusted_r2"]
    tidy = tidy.join(every.rename("of_all"), on=subset)
    tidy["difference"] = tidy["adjusted_r2"] - tidy["of_all"]
    # The rows of a subset together, in the order of the study's subsets.
    position = every.index.get_indexer(pd.MultiIndex.from_frame(tidy[subset]))
    tidy = tidy.assign(position=position).sort_values("position", kind="stable")
    wanted = [*subset, "family", "use", "features", "adjusted_r2", "mae", "difference", "status"]
    return tidy[wanted].reset_index(drop=True)
