"""Do the metrics matter: the mixture with its weights permuted among them.

If they do, its agreement with the truth and with the paper's tables is lost.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sparsetopo.analysis.ranking.arrays import study_arrays
from sparsetopo.analysis.ranking.mixture import mixture_weights
from sparsetopo.analysis.ranking.pools import pool_overlaps, rank_pools
from sparsetopo.analysis.ranking.strategies import MIXTURE, ranked_pools, study_mixtures
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
    """Rank by the mixture with its weights permuted among the metrics.

    A permutation is the same for all architectures and sparsities.

    Parameters
    ----------
    networks, metrics, pools
        As in `cases.rank_networks`.

    Returns
    -------
    DataFrame
        pool, permutation (0: the weights as fitted, then 1 to `permutations`), architecture,
        sparsity, strategy ("mixture"), rbo (mean over the datasets).
    """
    chosen = ranked_pools(networks, pools)
    arrays = study_arrays(*study_mixtures(networks, metrics, checks=False), {})
    observed = arrays.as_observed()
    fitted = mixture_weights(arrays, arrays.mixtures[MIXTURE][0], observed)
    random = generator("permuted weights", seed)
    records = []
    for permutation in range(permutations + 1):
        order = random.permutation(len(metrics)) if permutation else np.arange(len(metrics))
        ranked = rank_pools(arrays, observed, list(chosen.values()), {MIXTURE: fitted[order]})
        for pool, own in zip(chosen, ranked, strict=True):
            values = pool_overlaps(arrays, own)[0, 0]
            records += [
                (pool, permutation, architecture, sparsity, MIXTURE, float(values[a, s]))
                for a, architecture in enumerate(arrays.architectures)
                for s, sparsity in enumerate(arrays.sparsities)
            ]
    columns = ["pool", "permutation", "architecture", "sparsity", "strategy", "rbo"]
    return pd.DataFrame(records, columns=columns)
