"""Could a rank-biased overlap be chance, and how far does it depend on the seeds: null and interval.

Adds `COLUMNS` to the overlaps of a pool, for each sparsity and for the mean over the sparsities.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sparsetopo.analysis.ranking.arrays import StudyArrays
from sparsetopo.analysis.ranking.bootstrap import interval
from sparsetopo.analysis.ranking.null import null_outcomes, null_summary
from sparsetopo.analysis.ranking.pools import PoolRankings
from sparsetopo.analysis.ranking.tie_breaking import Bools, Floats
from sparsetopo.analysis.regression.cross_validation import defined_mean

COLUMNS = ("null_mean", "null_95", "p_value", "low", "high", "resamples")
ONE_SEED = "one seed, no interval"


@dataclass(frozen=True)
class Outcomes:
    """What the overlaps of a pool could have been.

    Attributes
    ----------
    null
        Of each architecture, as from `null.null_outcomes`. None: no null.
    draws
        Those of the pool from `bootstrap.resampled_overlaps`. None: no interval.
    several
        Shape (architectures, sparsities): whether a ranked algorithm has more than one seed.
    """

    null: list[tuple[Floats, bool]] | None
    draws: Floats | None
    several: Bools

    def columns(
        self, observed: float, strategy: int | None, architecture: int, sparsities: Sequence[int]
    ) -> dict[str, float]:
        """Values of `COLUMNS` for an observed mean over some sparsities; strategy None: chance."""
        values = dict.fromkeys(COLUMNS, np.nan) | {"resamples": 0}
        if strategy is None or not sparsities:
            return values
        if self.null is not None:
            outcomes, exact = self.null[architecture]
            means = defined_mean(outcomes[:, strategy, sparsities], axis=-1)
            values |= zip(COLUMNS[:3], null_summary(means, observed, exact), strict=True)
        if self.draws is not None and not self.one_seed(architecture, sparsities):
            means = defined_mean(self.draws[:, strategy, architecture, sparsities], axis=-1)
            values |= zip(COLUMNS[3:], interval(means), strict=True)
        return values

    def one_seed(self, architecture: int, sparsities: Sequence[int]) -> bool:
        """Whether an interval is asked for, but no ranked algorithm has a second seed."""
        return self.draws is not None and not self.several[architecture, sparsities].any()


def pool_outcomes(
    arrays: StudyArrays,
    ranked: PoolRankings,
    draws: Floats | None,
    permutations: int,
    labels: Sequence[str | int],
) -> Outcomes:
    """Collect the outcomes of a pool, ranked as in `tables`.

    There is no interval without `draws` (`bootstrap.resampled_overlaps`), and no null without permutations
    (`null.null_outcomes`, where the labels are explained, too).
    """
    present = ranked.present[0]
    several = (arrays.seeds()[..., arrays.numbers(ranked.algorithms)] > 1) & present
    null, any_several = [], []
    for number, architecture in enumerate(arrays.architectures):
        mine = arrays.pairs_of(number)
        any_several.append(several[mine].any(axis=(0, 2)))
        if permutations:
            truth = ranked.truth.positions[0, mine]
            others = [own.positions[0, mine] for own in ranked.strategies.values()]
            stream = [*labels, architecture]
            null.append(null_outcomes(truth, others, present[mine], permutations, stream))
    return Outcomes(null or None, draws, np.array(any_several))


def with_uncertainty(
    table: pd.DataFrame, arrays: StudyArrays, outcomes: Outcomes
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add null and interval to the overlaps of a pool (`tables.ranking_table`), and average them over the sparsities.

    Returns
    -------
    ranking
        `table` with `COLUMNS` before its status. p_value: of an overlap at least as large under the
        null. low, high: 95 % interval of the draws; NaN if no ranked algorithm has a second seed
        (the status says so). resamples: draws that have an overlap. Chance has none of these.
    means
        architecture, strategy, rbo (mean over the sparsities that have one), sparsities (their
        number), `COLUMNS` of that mean, status: "ok", or at which sparsities `ranking` has remarks.
    """
    strategies = {name: number for number, name in enumerate(arrays.strategies)}
    parts, details, means = [], [], []
    for (architecture, strategy), own in table.groupby(["architecture", "strategy"], sort=False):
        here = arrays.architectures.index(str(architecture))
        number = strategies.get(str(strategy))
        statuses, defined = own["status"].tolist(), []
        remarks = own.loc[own["status"] != "ok", "sparsity"]
        whole = f"remarks at {', '.join(remarks)}" if len(remarks) else "ok"
        for n, (name, rbo) in enumerate(zip(own["sparsity"], own["rbo"], strict=True)):
            known = [] if np.isnan(rbo) else [arrays.sparsities.index(name)]
            defined += known
            details.append(outcomes.columns(rbo, number, here, known))
            if number is not None and known and outcomes.one_seed(here, known):
                statuses[n] = _remark(statuses[n], ONE_SEED)
        if number is not None and defined and outcomes.one_seed(here, defined):
            whole = _remark(whole, ONE_SEED)
        parts.append(own.assign(status=statuses))
        mean = float(own["rbo"].mean())
        means.append(
            {
                "architecture": architecture,
                "strategy": strategy,
                "rbo": mean,
                "sparsities": len(defined),
                **outcomes.columns(mean, number, here, defined),
                "status": whole,
            }
        )
    done = pd.concat(parts)
    done = pd.concat([done, pd.DataFrame(details, index=done.index)], axis=1).sort_index()
    return done[[*table.columns.drop("status"), *COLUMNS, "status"]], pd.DataFrame(means)


def _remark(status: str, remark: str) -> str:
    return remark if status == "ok" else f"{status}; {remark}"
