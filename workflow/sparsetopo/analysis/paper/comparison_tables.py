"""The paper's tables 3, 4, 11 and 12 beside ours: one row a printed cell.

The paper prints two digits, so a cell of the rankings counts as met within `RANKING_TOLERANCE`:
half a unit of the last digit for its rounding, and as much for that of the authors' numbers.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sparsetopo.analysis.tables.feature_sets import PAPER_ENCODINGS
from sparsetopo.analysis.tables.table import read_table, require_columns
from sparsetopo.errors import DataError, FileFormatError
from sparsetopo.resources import RESOURCES

PAPER_FOLDER = RESOURCES / "paper"
RANKING_TOLERANCE = 0.0101
R2_TOLERANCE, MAE_TOLERANCE = 0.02, 0.002
"""A cell that is off by more gets a remark."""

POOLS = {"table4": "all", "table11": "scored", "table12": "random"}
"""Table of the paper: the pool of algorithms that it ranks."""
STRATEGIES = ("layer_density", "delta_r", "delta_r_imdb", "lambda_imsg", "mixture")
MEAN = "mean"
"""Sparsity of the paper's row averages."""

_RANKING_KEYS = ["architecture", "strategy", "sparsity"]


@dataclass(frozen=True)
class PaperTables:
    """What the paper printed.

    Attributes
    ----------
    regression
        Table 3: encoding, subset, paper_adjusted_r2, paper_mae.
    rankings
        By the names of `POOLS`: architecture, strategy, sparsity, paper_rbo (a misprint corrected), note. Rows of
        sparsity "mean" are the printed averages.
    """

    regression: pd.DataFrame
    rankings: dict[str, pd.DataFrame]


def read_paper(folder: str | os.PathLike[str] = PAPER_FOLDER) -> PaperTables:
    """Read the printed tables: regression.csv, ranking_all.csv, ranking_scored.csv and ranking_random.csv of a folder.

    Raises
    ------
    FileFormatError
        If a file is missing, not CSV, or lacks a column.
    """
    root = Path(folder)
    regression = read_paper_regression(root)
    columns = [*_RANKING_KEYS, "rbo", "note"]
    rankings = {
        table: _read(root / f"ranking_{pool}.csv", columns)[columns].rename(
            columns={"rbo": "paper_rbo"}
        )
        for table, pool in POOLS.items()
    }
    return PaperTables(regression, rankings)


def read_paper_regression(folder: str | os.PathLike[str] = PAPER_FOLDER) -> pd.DataFrame:
    """Read the printed table 3 alone (`PaperTables.regression`); raises as `read_paper` does."""
    printed = _read(Path(folder) / "regression.csv", ["score", "encoding", "subset", "value"])
    wide = printed.pivot(index=["encoding", "subset"], columns="score", values="value")
    wide = wide.rename(columns={"adjusted_r2": "paper_adjusted_r2", "mae": "paper_mae"})
    order = printed[["encoding", "subset"]].drop_duplicates()
    order = order.sort_values(
        "encoding", key=lambda names: names.map(PAPER_ENCODINGS.index), kind="stable"
    )
    regression = order.merge(wide.reset_index(), on=["encoding", "subset"])
    return regression[["encoding", "subset", "paper_adjusted_r2", "paper_mae"]]


def regression_comparison(regression: pd.DataFrame, paper: pd.DataFrame) -> pd.DataFrame:
    """Table 3 (`PaperTables.regression`) beside ours, ``tables/regression.csv``.

    What counts is the mean over regressors, shuffled folds, features scaled over the subset.

    Returns
    -------
    DataFrame
        encoding, subset, adjusted_r2, adjusted_r2_std, mae, paper_adjusted_r2, paper_mae,
        difference_r2, difference_mae (ours minus the paper's). What was not computed is missing.

    Raises
    ------
    DataError
        If a column is missing, or a cell is there twice.
    """
    values = ["adjusted_r2", "adjusted_r2_std", "mae"]
    keys = ["encoding", "subset"]
    require_columns(regression, [*keys, *values, "validation", "scaling", "regressor"])
    ours = regression[
        (regression["validation"] == "shuffled")
        & (regression["scaling"] == "subset")
        & (regression["regressor"] == MEAN)
    ]
    table = _beside(ours, paper, keys, values, "regression")
    table["difference_r2"] = table["adjusted_r2"] - table["paper_adjusted_r2"]
    table["difference_mae"] = table["mae"] - table["paper_mae"]
    return table[
        [*keys, *values, "paper_adjusted_r2", "paper_mae", "difference_r2", "difference_mae"]
    ]


def ranking_comparison(
    ours: pd.DataFrame, paper: PaperTables, table: str, *, means: bool = False
) -> pd.DataFrame:
    """Table 4, 11 or 12 beside ours: its cells, or its row averages.

    Ours is ``tables/ranking.csv``; for row averages ``tables/ranking_means.csv``.

    Returns
    -------
    DataFrame
        architecture, strategy, sparsity (of a cell), rbo, rbo_std (of a cell), paper_rbo,
        difference (ours minus the paper's).

    Raises
    ------
    DataError
        As `regression_comparison`.
    """
    keys, values = (_RANKING_KEYS[:2], ["rbo"]) if means else (_RANKING_KEYS, ["rbo", "rbo_std"])
    require_columns(ours, ["pool", *keys, *values])
    printed = paper.rankings[table]
    printed = printed[(printed["sparsity"] == MEAN) == means]
    ours = ours[ours["pool"] == POOLS[table]]
    result = _beside(ours, printed, keys, values, "ranking_means" if means else "ranking")
    result["difference"] = result["rbo"] - result["paper_rbo"]
    return result[[*keys, *values, "paper_rbo", "difference"]]


def beyond(differences: pd.Series, tolerance: float) -> pd.Series:
    """Whether each difference is larger than the tolerance; a missing one is not.

    Examples
    --------
    >>> beyond(pd.Series([0.57 - 0.56, -0.02, None]), 0.01).tolist()
    [False, True, False]
    """
    # The printed values are decimals: 0.57 - 0.56 must not exceed 0.01 by rounding.
    return differences.abs() > tolerance + 1e-12


def _beside(
    ours: pd.DataFrame, printed: pd.DataFrame, keys: list[str], values: list[str], name: str
) -> pd.DataFrame:
    wanted = {key: printed[key].unique().tolist() for key in keys}
    twice = ours[ours.duplicated(keys) & ours[keys].isin(wanted).all(axis=1)]
    if len(twice):
        cell = "/".join(map(str, twice.iloc[0][keys]))
        raise DataError(f"the {name} table has {cell} more than once; each cell may be there once.")
    chosen = ours.drop_duplicates(keys)[[*keys, *values]].astype(dict.fromkeys(values, np.float64))
    return printed.merge(chosen, how="left", on=keys)


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    table = read_table(path)
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise FileFormatError(f"{path}: lacks the column(s) {', '.join(missing)}.")
    return table
