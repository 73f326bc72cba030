"""A short statement for each cell that differs from the printed one: what the data say about it.

A remark does not explain a difference away. It lists facts that can be computed: ties, missing
metrics, how many exchanges of neighbours in a ranking would give the printed value, whether the
whole strategy or subset is off.
"""

import itertools
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sparsetopo.analysis.paper.comparison_tables import (
    MAE_TOLERANCE,
    POOLS,
    R2_TOLERANCE,
    RANKING_TOLERANCE,
    beyond,
)
from sparsetopo.analysis.ranking.rbo import mean_rbo
from sparsetopo.analysis.ranking.tables import TRUTH
from sparsetopo.analysis.regression.summary import MEAN, MEDIAN
from sparsetopo.analysis.tables.table import require_columns

MOST_EXCHANGES = 2
"""How many exchanges away rankings are searched for one that gives the printed value."""


@dataclass(frozen=True)
class Exchange:
    """A ranking that some exchanges of neighbours, told in words, make of another.

    The gap is the sum of the differences in score of those exchanged, as shares of the range of all scores; infinite
    where a score is missing.
    """

    steps: int
    order: tuple[str, ...]
    words: str
    gap: float


def ranking_remarks(table: pd.DataFrame, rankings: pd.DataFrame, name: str) -> pd.Series:
    """Remarks on table 4, 11 or 12 (`comparison_tables.ranking_comparison`): empty for a cell that is met.

    A column that ``tables/rankings.csv`` lacks is a DataError.
    """
    keys = ["architecture", "sparsity"]
    require_columns(
        rankings,
        ["pool", *keys, "dataset", "strategy", "position", "algorithm", "score", "missing", "tied"],
    )
    by_cell = dict(iter(rankings[rankings["pool"] == POOLS[name]].groupby(keys)))
    remarks = []
    off = beyond(table["difference"], RANKING_TOLERANCE)
    for row, is_off in zip(table.to_dict("records"), off, strict=True):
        rows = by_cell.get((row["architecture"], row["sparsity"]))
        if not np.isfinite(row["rbo"]):
            remarks.append("Not computed.")
        elif not is_off or rows is None:
            remarks.append("")
        else:
            remarks.append(_ranking_remark(rows, str(row["strategy"]), float(row["paper_rbo"])))
    return pd.Series(remarks, index=table.index, dtype="str")


def _ranking_remark(rows: pd.DataFrame, strategy: str, printed: float) -> str:
    """What is known of a strategy's rankings; rows: all rankings of an architecture and sparsity."""
    truth = rows[rows["strategy"] == TRUTH]
    own = rows[rows["strategy"] == strategy]
    values = []
    for dataset in sorted(set(own["dataset"]) & set(truth["dataset"])):
        first, second = (_order(part[part["dataset"] == dataset]) for part in (truth, own))
        values.append(f"{dataset} {mean_rbo(first, second):.2f}")
    sentences = [f"By data set: {', '.join(values)}."]
    for part, what in ((truth, "accuracies"), (own, "scores")):
        tied = int(part["tied"].astype(bool).sum())
        if tied:
            sentences.append(f"{tied} of {len(part)} {what} are tied, ordered by name.")
    lacking = int((own["missing"] > 0).sum())
    if lacking:
        sentences.append(f"{lacking} of {len(own)} scores lack metrics.")
    sentences.append(nearest_exchange(truth, own, printed))
    return " ".join(sentences)


def nearest_exchange(truth: pd.DataFrame, own: pd.DataFrame, printed: float) -> str:
    """Find the fewest exchanges of neighbours that give the printed overlap within `RANKING_TOLERANCE`.

    They may be in the strategy's rankings or in the true ones, not in both; these are rows of one architecture and
    sparsity, and their overlap is the mean over the data sets. Of equally few exchanges the sentence names those of the
    closest scores.
    """
    datasets = sorted(set(truth["dataset"]) & set(own["dataset"]))
    found: list[tuple[int, float, str]] = []
    for changed, fixed, side in ((own, truth, "ranking"), (truth, own, "accuracies")):
        options = []
        for dataset in datasets:
            against = _order(fixed[fixed["dataset"] == dataset])
            near: list[list[tuple[Exchange, float]]] = [[] for _ in range(MOST_EXCHANGES + 1)]
            for option in exchanges(changed[changed["dataset"] == dataset], MOST_EXCHANGES):
                near[option.steps].append((option, mean_rbo(against, option.order)))
            options.append(near)
        for split in itertools.product(range(MOST_EXCHANGES + 1), repeat=len(datasets)):
            if not 1 <= sum(split) <= MOST_EXCHANGES:
                continue
            chosen = (near[count] for near, count in zip(options, split, strict=True))
            for choice in itertools.product(*chosen):
                mean = sum(value for _, value in choice) / len(choice)
                if abs(mean - printed) <= RANKING_TOLERANCE:
                    words = " and ".join(
                        f"{option.words} in {dataset}"
                        for (option, _), dataset in zip(choice, datasets, strict=True)
                        if option.steps
                    )
                    gap = sum(option.gap for option, _ in choice)
                    found.append((sum(split), gap, f"{side}: {words}"))
    if not found:
        return f"No {MOST_EXCHANGES} exchanges of neighbours give the printed value."
    steps, gap, words = min(found)
    distance = f", {gap:.1%} of the range apart" if np.isfinite(gap) else ""
    count = "One exchange" if steps == 1 else f"{steps} exchanges"
    return f"{count} of neighbours would give the printed value ({words}{distance})."


def _order(rows: pd.DataFrame) -> list[str]:
    return rows.sort_values("position")["algorithm"].tolist()


def exchanges(rows: pd.DataFrame, most: int) -> Iterator[Exchange]:
    """Yield every ranking up to `most` exchanges of neighbours away from that in the rows, by its fewest exchanges.

    Examples
    --------
    >>> rows = pd.DataFrame({"position": [1, 2, 3], "algorithm": list("abc"), "score": [0, 3, 4]})
    >>> [("".join(near.order), near.gap) for near in exchanges(rows, 1)]
    [('abc', 0.0), ('bac', 0.75), ('acb', 0.25)]
    """
    scores = dict(zip(rows["algorithm"], rows["score"].astype(np.float64), strict=True))
    width = float(np.ptp(rows["score"].dropna())) if rows["score"].notna().any() else 0.0
    front = [Exchange(0, tuple(_order(rows)), "", 0.0)]
    seen = {front[0].order}
    yield front[0]
    for steps in range(1, most + 1):
        reached = []
        for start in front:
            for rank in range(len(start.order) - 1):
                order = list(start.order)
                first, second = order[rank : rank + 2]
                order[rank : rank + 2] = second, first
                if tuple(order) in seen:
                    continue
                seen.add(tuple(order))
                distance = abs(scores[first] - scores[second])
                share = distance / width if width > 0 else 0.0
                gap = start.gap + (share if np.isfinite(share) else np.inf)
                words = f"{start.words}, {first}/{second}".removeprefix(", ")
                reached.append(Exchange(steps, tuple(order), words, gap))
        yield from reached
        front = reached


def regression_remarks(table: pd.DataFrame, regression: pd.DataFrame) -> pd.Series:
    """Remarks on table 3 (`comparison_tables.regression_comparison`): empty for a cell that is met."""
    require_columns(regression, ["rows", "unconverged", "status"])
    off = off_in_table3(table)
    remarks = []
    for row, is_off in zip(table.to_dict("records"), off, strict=True):
        same = regression[
            (regression["encoding"] == row["encoding"]) & (regression["subset"] == row["subset"])
        ]
        shuffled = same[same["validation"] == "shuffled"]
        if not np.isfinite(row["adjusted_r2"]):
            why = "; ".join(sorted(set(shuffled["status"].dropna().astype(str)) - {"ok"}))
            remarks.append(f"Not computed{': ' + why if why else ''}.")
        elif not is_off:
            remarks.append("")
        else:
            others = table.loc[off & (table["subset"] == row["subset"]), "encoding"].tolist()
            remarks.append(_subset_remark(row, shuffled, others, len(set(table["encoding"]))))
    return pd.Series(remarks, index=table.index, dtype="str")


def off_in_table3(table: pd.DataFrame) -> pd.Series:
    """Whether a cell is off in R2 or in mean absolute error."""
    return beyond(table["difference_r2"], R2_TOLERANCE) | beyond(
        table["difference_mae"], MAE_TOLERANCE
    )


def _subset_remark(
    row: Mapping[Hashable, Any], shuffled: pd.DataFrame, off: Sequence[str], encodings: int
) -> str:
    scaled = shuffled[shuffled["scaling"] == "subset"]
    single = scaled[~scaled["regressor"].isin([MEAN, MEDIAN])].dropna(subset=["adjusted_r2"])
    own = scaled[scaled["regressor"] == MEAN].iloc[0]
    sentences = [f"{int(own['rows'])} networks."]
    if len(single):
        low, high = single["adjusted_r2"].min(), single["adjusted_r2"].max()
        inside = "within" if low - 0.005 <= row["paper_adjusted_r2"] <= high + 0.005 else "outside"
        sentences.append(
            f"The {len(single)} regressors range from {low:.2f} to {high:.2f}; the printed value is {inside}."
        )
        unconverged = int(single["unconverged"].fillna(0).sum())
        if unconverged:
            sentences.append(f"{unconverged} fits did not converge.")
    folds = shuffled[(shuffled["scaling"] == "fold") & (shuffled["regressor"] == MEAN)]
    if len(folds) and np.isfinite(folds["adjusted_r2"].iloc[0]):
        sentences.append(f"Scaled inside the folds: {folds['adjusted_r2'].iloc[0]:.2f}.")
    sentences.append(f"This subset is off in {len(off)} of {encodings} encodings.")
    return " ".join(sentences)
