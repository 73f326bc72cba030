"""Could a rank-biased overlap be luck, and how far does it depend on the seeds: null and interval.

Adds `COLUMNS` to the overlaps of a pool, for each sparsity and for the mean over the sparsities.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sparsetopo.analysis.ranking.arrays import Arrays, Bools, Floats, Ints, defined_mean
from sparsetopo.analysis.ranking.bootstrap import interval, pool_positions
from sparsetopo.analysis.ranking.null import null_outcomes, null_summary

COLUMNS = ("null_mean", "null_95", "p_value", "low", "high", "resamples")
ONE_SEED = "one seed, no interval"


@dataclass(frozen=True)
class Outcomes:
    """What the overlaps of a pool could have been.

    Attributes
    ----------
    null
        Of each architecture: shape (outcomes, strategies, sparsities), and whether these are all.
        None: no null.
    draws
        Shape (resamples, strategies, architectures, sparsities). None: no interval.
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
        """Whether an interval is asked for, and no ranked algorithm has a second seed."""
        return self.draws is not None and not self.several[architecture, sparsities].any()


def pool_outcomes(
    arrays: Arrays,
    pool: Ints,
    draws: Floats | None,
    permutations: int,
    labels: Sequence[str | int],
) -> Outcomes:
    """Collect the outcomes of a pool.

    Parameters
    ----------
    pool
        Algorithms ranked.
    draws
        From `ranking_bootstrap.resampled_overlaps`; None: no interval.
    permutations
        See `ranking_null.null_outcomes`; 0: no null.
    labels
        Names of the random stream of the null.
    """
    ((truth, others, present),) = pool_positions(arrays, arrays.as_observed(), [pool])
    several = (arrays.seeds()[..., pool] > 1) & present[0]
    null, any_several = [], []
    for number, architecture in enumerate(arrays.architectures):
        mine = arrays.places[:, 0] == number
        any_several.append(several[mine].any(axis=(0, 2)))
        if permutations:
            own = [places[0, mine] for places in others]
            null.append(
                null_outcomes(
                    truth[0, mine], own, present[0, mine], permutations, [*labels, architecture]
                )
            )
    return Outcomes(null or None, draws, np.array(any_several))


def with_uncertainty(
    table: pd.DataFrame, arrays: Arrays, outcomes: Outcomes
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Complete the overlaps of a pool, and average them over the sparsities.

    Parameters
    ----------
    table
        From `ranking.ranking_table`.

    Returns
    -------
    ranking
        `table` with `COLUMNS` before its status. p_value: of an overlap at least as large under the
        null. low, high: 95 % interval of the draws; NaN if no ranked algorithm has a second seed
        (the status says so). resamples: draws that have an overlap. Chance is no ranking: NaN.
    means
        architecture, strategy, rbo (mean over the sparsities that have one), sparsities (their
        number), `COLUMNS` of that mean, status: "ok", or at which sparsities `ranking` has remarks.
    """
    ranked = {name: number for number, name in enumerate(arrays.strategies)}
    details: list[dict[str, float]] = []
    parts, means = [], []
    for (architecture, strategy), own in table.groupby(["architecture", "strategy"], sort=False):
        here = arrays.architectures.index(str(architecture))
        number = ranked.get(str(strategy))
        places = [arrays.sparsities.index(sparsity) for sparsity in own["sparsity"]]
        observed = own["rbo"].to_numpy(np.float64)
        defined = [place for place, rbo in zip(places, observed, strict=True) if not np.isnan(rbo)]
        statuses = [str(status) for status in own["status"]]
        remarks = [
            str(sparsity)
            for sparsity, status in zip(own["sparsity"], statuses, strict=True)
            if status != "ok"
        ]
        whole = f"remarks at {', '.join(remarks)}" if remarks else "ok"
        for n, place in enumerate(places):
            known = [place] if place in defined else []
            details.append(outcomes.columns(observed[n], number, here, known))
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
