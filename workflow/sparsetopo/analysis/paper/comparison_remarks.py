"""A short statement for each cell that differs from the printed one: what the data say about it.

Nothing here explains a difference away. A remark lists facts that can be computed: ties, missing
metrics, how many neighbours in a ranking would have to change places, whether the whole strategy
or subset is off.
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
from sparsetopo.analysis.regression.summary import MEAN, MEDIAN
from sparsetopo.analysis.tables.table import require_columns

TRUTH = "truth"
MOST_EXCHANGES = 2
"""Rankings are searched this far for one that gives the printed value."""


@dataclass(frozen=True)
class Exchange:
    """A ranking some exchanges of neighbours away from another.

    Attributes
    ----------
    steps
        Number of exchanges.
    order
        The ranking.
    words
        What was exchanged.
    gap
        How far apart in score those exchanged are: sum of the differences as shares of the range
        of the ranking's scores; infinite where a score is missing.
    """

    steps: int
    order: tuple[str, ...]
    words: str
    gap: float


def ranking_remarks(table: pd.DataFrame, rankings: pd.DataFrame, name: str) -> pd.Series:
    """Remarks on table 4, 11 or 12: empty for a cell that is met.

    Parameters
    ----------
    table
        From `comparison_tables.ranking_comparison`.
    rankings
        ``tables/rankings.csv``.
    name
        "table4", "table11" or "table12".

    Raises
    ------
    DataError
        If a column is missing.
    """
    keys = ["architecture", "sparsity"]
    require_columns(
        rankings,
        ["pool", *keys, "dataset", "strategy", "position", "algorithm", "score", "missing", "tied"],
    )
    places = dict(iter(rankings[rankings["pool"] == POOLS[name]].groupby(keys)))
    remarks = []
    for row in table.to_dict("records"):
        place = places.get((row["architecture"], row["sparsity"]))
        if not np.isfinite(row["rbo"]):
            remarks.append("Not computed.")
        elif abs(row["difference"]) <= RANKING_TOLERANCE + 1e-12 or place is None:
            remarks.append("")
        else:
            remarks.append(_place_remark(place, str(row["strategy"]), float(row["paper_rbo"])))
    return pd.Series(remarks, index=table.index, dtype="str")


def _place_remark(place: pd.DataFrame, strategy: str, printed: float) -> str:
    """What is known of a strategy's rankings in one (architecture, sparsity)."""
    truth = place[place["strategy"] == TRUTH]
    own = place[place["strategy"] == strategy]
    sentences = []
    values = []
    for dataset in sorted(set(own["dataset"]) & set(truth["dataset"])):
        first, second = (_order(part[part["dataset"] == dataset]) for part in (truth, own))
        values.append(f"{dataset} {mean_rbo(first, second):.2f}")
    sentences.append(f"By data set: {', '.join(values)}.")
    for part, what in ((truth, "accuracy"), (own, "score")):
        tied = int(part["tied"].astype(bool).sum())
        if tied:
            sentences.append(f"{tied} of {len(part)} places tied in {what}, ordered by name.")
    lacking = int((own["missing"] > 0).sum())
    if lacking:
        sentences.append(f"{lacking} of {len(own)} places lack metrics.")
    sentences.append(nearest_exchange(truth, own, printed))
    return " ".join(sentences)


def nearest_exchange(truth: pd.DataFrame, own: pd.DataFrame, printed: float) -> str:
    """Fewest exchanges of neighbours, in the true or in the strategy's rankings, that give the printed value.

    Parameters
    ----------
    truth, own
        Rows of one (architecture, sparsity) of the true rankings and of a strategy's: dataset,
        position, algorithm, score.
    printed
        Mean overlap over the data sets to reach, within `RANKING_TOLERANCE`.

    Returns
    -------
    str
        A sentence. Among equally few exchanges that of the closest scores is named.
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
    """Every ranking up to `most` exchanges of neighbours away, each by its fewest exchanges.

    Parameters
    ----------
    rows
        position, algorithm, score of one ranking.
    """
    scores = dict(zip(rows["algorithm"], rows["score"].astype(np.float64), strict=True))
    width = float(np.ptp(rows["score"].dropna())) if rows["score"].notna().any() else 0.0
    front = [Exchange(0, tuple(_order(rows)), "", 0.0)]
    seen = {front[0].order}
    yield front[0]
    for steps in range(1, most + 1):
        reached = []
        for start in front:
            for place in range(len(start.order) - 1):
                order = list(start.order)
                first, second = order[place], order[place + 1]
                order[place : place + 2] = second, first
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
    """Remarks on table 3: empty for a cell that is met.

    Parameters
    ----------
    table
        From `comparison_tables.regression_comparison`.
    regression
        ``tables/regression.csv``.
    """
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
