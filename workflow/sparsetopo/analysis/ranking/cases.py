"""All rankings of a study: pools of algorithms, the paper's strategies, and further ones that check them.

Tables 4, 11 and 12 of Cunegatti et al. 2024 rank all algorithms, those that score weights, and the
random ones. Every overlap has a null and an interval (`uncertainty`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from sparsetopo.analysis.ranking.arrays import study_arrays
from sparsetopo.analysis.ranking.bootstrap import resampled_overlaps
from sparsetopo.analysis.ranking.pools import rank_pools
from sparsetopo.analysis.ranking.strategies import ranked_pools, single_columns, study_mixtures
from sparsetopo.analysis.ranking.tables import ranking_table, rankings_table
from sparsetopo.analysis.ranking.tie_breaking import Floats
from sparsetopo.analysis.ranking.uncertainty import COLUMNS, pool_outcomes, with_uncertainty
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.table import check_table, require_columns
from sparsetopo.metrics.registry import Metric

LEAST_ALGORITHMS = 4
"""A random order of two or three algorithms agrees with the true one so often that an overlap says nothing."""


@dataclass(frozen=True)
class RankingSettings:
    """What to compute beside the paper's rankings.

    Attributes
    ----------
    checks
        Whether to add the strategies that the paper does not have (`strategies`).
    permutations
        Draws of the null if it has too many outcomes to enumerate; 0: no null.
    resamples
        Draws of the bootstrap; 0: no interval.
    seed
        Of all draws.
    least
        Fewest algorithms whose order is compared with the truth. The paper compares three; better is
        `LEAST_ALGORITHMS`.
    """

    checks: bool = True
    permutations: int = 10_000
    resamples: int = 1_000
    seed: int = 0
    least: int = 2


@dataclass(frozen=True)
class RankingTables:
    """The tables of a study's rankings; `pool` is the first column of each.

    `rankings` are explained in `tables.rankings_table`, the other two in `uncertainty.with_uncertainty`.
    """

    rankings: pd.DataFrame
    ranking: pd.DataFrame
    means: pd.DataFrame


def rank_networks(
    networks: pd.DataFrame,
    metrics: Mapping[str, Metric] = PAPER_METRICS,
    pools: Mapping[str, Sequence[str]] | None = None,
    *,
    size_free: pd.DataFrame | None = None,
    settings: RankingSettings = RankingSettings(),
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> RankingTables:
    """Rank the algorithms of each pool by every strategy, and compare with the truth.

    Parameters
    ----------
    networks
        One row a network: the cell's columns, accuracy, accuracy_drop, nodes, edges, the raw
        metrics, achieved_sparsity (if `settings.checks`), and any of layer_density, delta_r,
        delta_r_imdb, lambda_imsg, each of which is a strategy if it is there (an infinite value is
        missing).
    metrics
        Those of the mixture, and how they are scaled.
    pools
        Name: algorithms (default: one pool, "all"). One of fewer than two is left out. Weights are
        fitted on all algorithms of the table, whatever the pool.
    size_free
        The same rows in the same order, with the metrics (those of `metrics` that it has) scaled
        so that they do not reveal the size of a graph. None: no such strategy.
    workers
        Processes of the bootstrap; the result is the same for any number.
    progress
        Called with (batches of the bootstrap done, batches in all).

    Raises
    ------
    DataError
        Missing columns, algorithms that have no row, no accuracy, `size_free` with other rows, or
        whatever `table.check_table` refuses.

    Examples
    --------
    >>> from sparsetopo.metrics.registry import Feature
    >>> networks = pd.DataFrame(
    ...     {"algorithm": ["a", "b", "c"], "dataset": "d", "architecture": "net", "sparsity": "0.9",
    ...      "seed": 0, "accuracy": [0.9, 0.8, 0.7], "accuracy_drop": [0.0, 0.1, 0.2], "nodes": 9,
    ...      "edges": [7, 8, 9], "sink": [1, 2, 4]}
    ... )
    >>> plain = RankingSettings(checks=False, permutations=0, resamples=0)
    >>> tables = rank_networks(networks, {"sink": Feature("local", "none", "sink")}, settings=plain)
    >>> tables.ranking[["strategy", "rbo"]].round(2).to_dict("list")
    {'strategy': ['mixture', 'edges', 'chance'], 'rbo': [1.0, 0.4, 0.6]}
    """
    require_columns(networks, ["accuracy"])
    check_table(networks[networks["accuracy"].notna()], list(metrics))
    chosen = ranked_pools(networks, pools)
    scaled, mixtures = study_mixtures(networks, metrics, size_free, checks=settings.checks)
    scaled, single = single_columns(scaled)
    arrays = study_arrays(scaled, mixtures, single)
    algorithms = list(chosen.values())
    draws: Sequence[Floats | None] = [None] * len(chosen)
    if settings.resamples:
        draws = resampled_overlaps(
            arrays, algorithms, settings.resamples, settings.seed, workers, progress
        )
    parts: dict[str, list[pd.DataFrame]] = {"rankings": [], "ranking": [], "means": []}
    observed = rank_pools(arrays, arrays.as_observed(), algorithms)
    for name, ranked, own in zip(chosen, observed, draws, strict=True):
        outcomes = pool_outcomes(arrays, ranked, own, settings.permutations, [settings.seed, name])
        rankings = rankings_table(arrays, ranked)
        ranking, means = with_uncertainty(ranking_table(arrays, ranked), arrays, outcomes)
        ranking = _without_few(ranking, ranking["algorithms"], settings.least)
        most = pd.Series(ranking["algorithms"].max(), means.index)
        means = _without_few(means, most, settings.least)
        for key, table in {"rankings": rankings, "ranking": ranking, "means": means}.items():
            table.insert(0, "pool", name)
            parts[key].append(table)
    return RankingTables(
        **{key: pd.concat(tables, ignore_index=True) for key, tables in parts.items()}
    )


def _without_few(table: pd.DataFrame, algorithms: pd.Series, least: int) -> pd.DataFrame:
    """The table without the numbers of rows that rank fewer algorithms, and with the reason as their status."""
    few = (algorithms < least) & table["rbo"].notna()
    numbers = [name for name in ("rbo", "rbo_std", *COLUMNS[:-1]) if name in table]
    found = table.copy()
    found.loc[few, numbers] = float("nan")
    found.loc[few, "status"] = "too few algorithms (" + algorithms[few].astype(str) + ")"
    return found
