"""Is it the metrics: the mixture with its weights exchanged among them at random.

Its agreement with the truth, and with the paper's tables, must then vanish.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sparsetopo.analysis.ranking.arrays import mixture_weights, ranking_arrays
from sparsetopo.analysis.ranking.bootstrap import pool_overlaps
from sparsetopo.analysis.ranking.ranking import MIXTURE
from sparsetopo.analysis.ranking.strategies import ranked_pools, study_mixtures
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.metrics.registry import Metric
from sparsetopo.seeding import generator


def permuted_weights(
    networks: pd.DataFrame,
    metrics: Mapping[str, Metric] = PAPER_METRICS,
    pools: Mapping[str, Sequence[str]] | None = None,
    *,
    permutations: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """Rank by the mixture with its weights exchanged among the metrics.

    One order of the weights for all architectures and sparsities. What overlap is left is not the
    merit of the metrics. Parameters as of `ranking_cases.rank_networks`.

    Returns
    -------
    DataFrame
        pool, permutation (0: the weights as fitted, then 1 to `permutations`), architecture,
        sparsity, strategy ("mixture"), rbo (mean over the datasets).
    """
    chosen = ranked_pools(networks, pools)
    scaled, mixtures = study_mixtures(networks, metrics, checks=False)
    arrays = ranking_arrays(scaled, mixtures, {})
    fitted = mixture_weights(arrays, arrays.mixtures[MIXTURE][0], arrays.as_observed())
    random = generator("permuted weights", seed)
    records = []
    for permutation in range(permutations + 1):
        order = random.permutation(len(metrics)) if permutation else np.arange(len(metrics))
        found = pool_overlaps(
            arrays,
            arrays.as_observed(),
            [arrays.pool(algorithms) for algorithms in chosen.values()],
            {MIXTURE: fitted[order]},
        )
        for pool, values in zip(chosen, found, strict=True):
            records += [
                (pool, permutation, architecture, sparsity, MIXTURE, float(values[0, 0, a, s]))
                for a, architecture in enumerate(arrays.architectures)
                for s, sparsity in enumerate(arrays.sparsities)
            ]
    columns = ["pool", "permutation", "architecture", "sparsity", "strategy", "rbo"]
    return pd.DataFrame(records, columns=columns)
