"""All rankings of a study: pools of algorithms, the paper's strategies, and what checks them.

Tables 4, 11 and 12 of Cunegatti et al. 2024 rank all algorithms, those that score weights, and the
random ones. `ranking_strategies` adds further strategies.
Every overlap has a null and an interval
(`ranking_uncertainty`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from sparsetopo.analysis.ranking.arrays import Floats, ranking_arrays
from sparsetopo.analysis.ranking.bootstrap import resampled_overlaps
from sparsetopo.analysis.ranking.ranking import ranking_table, rankings_table
from sparsetopo.analysis.ranking.strategies import ranked_pools, single_columns, study_mixtures
from sparsetopo.analysis.ranking.uncertainty import pool_outcomes, with_uncertainty
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.table import check_table, require_columns
from sparsetopo.metrics.registry import Metric


@dataclass(frozen=True)
class RankingTables:
    """The tables of a study's rankings; `pool` is the first column of each.

    Attributes
    ----------
    rankings
        See `ranking.rankings_table`.
    ranking
        See `ranking_uncertainty.with_uncertainty`: a row for each architecture, sparsity, strategy.
    means
        Likewise, over the sparsities.
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
    checks: bool = True,
    permutations: int = 10_000,
    resamples: int = 1_000,
    seed: int = 0,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> RankingTables:
    """Rank the algorithms of each pool by every strategy, and compare with the truth.

    Parameters
    ----------
    networks
        One row a network: the cell's columns, accuracy, accuracy_drop, nodes, edges, the raw
        metrics, achieved_sparsity (if `checks`), and any of layer_density, delta_r, delta_r_imdb,
        lambda_imsg, each of which is a strategy if it is there (an infinite value is missing).
    metrics
        Those of the mixture, and how they are scaled.
    pools
        Name: algorithms (default: one pool, "all"). One of fewer than two is left out. Weights are
        fitted on all algorithms of the table, whatever the pool.
    size_free
        The same rows in the same order, with the metrics (those of `metrics` that it has) scaled
        so that they do not tell the size of a graph. None: no such strategy.
    checks
        Whether to add the strategies that the paper does not have.
    permutations
        Draws of the null where it cannot be enumerated; 0: no null.
    resamples
        Draws of the bootstrap; 0: no interval.
    seed
        Of the draws; the result depends on nothing else.
    workers
        Processes of the bootstrap; the result is the same for any number.
    progress
        Called with (blocks of the bootstrap done, blocks in all).

    Raises
    ------
    DataError
        Missing columns, algorithms that have no row, no accuracy, `size_free` with other rows, or
        whatever `tables.check_table` refuses.
    """
    require_columns(networks, ["accuracy"])
    check_table(networks[networks["accuracy"].notna()], list(metrics))
    chosen = ranked_pools(networks, pools)
    scaled, mixtures = study_mixtures(networks, metrics, size_free, checks=checks)
    scaled, single = single_columns(scaled)
    arrays = ranking_arrays(scaled, mixtures, single)
    places = {name: arrays.pool(algorithms) for name, algorithms in chosen.items()}
    draws: dict[str, Floats] = {}
    if resamples:
        found = resampled_overlaps(
            arrays, list(places.values()), resamples, seed, workers, progress
        )
        draws = dict(zip(places, found, strict=True))
    parts: dict[str, list[pd.DataFrame]] = {"rankings": [], "ranking": [], "means": []}
    for name, algorithms in chosen.items():
        rankings = rankings_table(
            scaled,
            mixtures[0].weights,
            tuple(metrics),
            algorithms=algorithms,
            single_columns=single,
            mixtures=mixtures[1:],
        )
        outcomes = pool_outcomes(arrays, places[name], draws.get(name), permutations, [seed, name])
        ranking, means = with_uncertainty(ranking_table(rankings), arrays, outcomes)
        for key, table in {"rankings": rankings, "ranking": ranking, "means": means}.items():
            table.insert(0, "pool", name)
            parts[key].append(table)
    return RankingTables(
        **{key: pd.concat(tables, ignore_index=True) for key, tables in parts.items()}
    )
