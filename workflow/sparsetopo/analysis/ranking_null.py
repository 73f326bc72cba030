"""What rank-biased overlap a strategy would have by luck: algorithms in random order.

The names of the algorithms are exchanged at random, once for each dataset, and alike at all its
sparsities: a strategy that orders nearly alike at all sparsities then does so in the null, too,
and a mean over sparsities is not made to look surer than it is. At one sparsity this is a random
order. Where all datasets together have few enough outcomes, every one is counted once; else they
are drawn.
"""

from collections.abc import Sequence
from itertools import permutations as all_orders
from math import factorial, prod

import numpy as np

from sparsetopo.analysis.ranking_arrays import Bools, Floats, Ints, defined_mean, overlaps
from sparsetopo.seeding import generator

EXACT_LIMIT = 50_000
"""Outcomes that are still enumerated: all of 3 datasets with 4 algorithms, or of one with 8."""


def null_outcomes(
    truth: Ints,
    others: Sequence[Ints],
    present: Bools,
    permutations: int,
    labels: Sequence[str | int],
) -> tuple[Floats, bool]:
    """Overlaps under exchanged names.

    Parameters
    ----------
    truth, others
        Places from 0, of the truth and of each strategy: shape (datasets, sparsities, algorithms).
    present
        Who is ranked; same shape.
    permutations
        Draws, where there are more than `EXACT_LIMIT` outcomes.
    labels
        Names of the random stream.

    Returns
    -------
    outcomes
        Mean over the datasets, shape (outcomes, strategies, sparsities); NaN where no dataset has
        two algorithms.
    exact
        Whether these are all outcomes.
    """
    items = [np.flatnonzero(there.any(axis=0)) for there in present]
    sizes = [factorial(len(own)) for own in items]
    exact = prod(sizes) <= EXACT_LIMIT
    if exact:
        orders = [np.array(list(all_orders(own))) for own in items]
        chosen = np.indices(sizes).reshape(len(sizes), -1)
    else:
        random = generator("ranking null", *labels)
        orders = [random.permuted(np.tile(own, (permutations, 1)), axis=1) for own in items]
        chosen = np.tile(np.arange(permutations), (len(sizes), 1))
    of_datasets = [
        _of_dataset(truth[number], [own[number] for own in others], present[number], order)[picked]
        for number, (order, picked) in enumerate(zip(orders, chosen, strict=True))
    ]
    return defined_mean(np.array(of_datasets), axis=0), exact


def null_summary(outcomes: Floats, observed: float, exact: bool) -> tuple[float, float, float]:
    """Mean, 95th percentile, and p: the share of outcomes that are at least `observed`.

    The percentile is the least outcome that 95 % do not exceed. Drawn outcomes count the observed
    one as one of them, so p is never 0.
    """
    reached = int((outcomes >= observed - 1e-9).sum())
    p = reached / len(outcomes) if exact else (reached + 1) / (len(outcomes) + 1)
    high = float(np.quantile(outcomes, 0.95, method="inverted_cdf"))
    return float(outcomes.mean()), high, p


def _of_dataset(truth: Ints, others: Sequence[Ints], present: Bools, orders: Ints) -> Floats:
    """Overlaps of each outcome, shape (outcomes, strategies, sparsities).

    orders: shape (outcomes, algorithms); the i-th algorithm takes the name of the i-th in the
    order, those that are not ranked at a sparsity left out of both.
    """
    result = np.full((len(orders), len(others), len(truth)), np.nan)
    for sparsity, there in enumerate(present):
        count = int(there.sum())
        if count < 2:
            continue
        names = orders[there[orders]].reshape(len(orders), count)
        renamed = truth[sparsity][names]
        everyone = np.ones((1, count), bool)
        for strategy, own in enumerate(others):
            places = own[sparsity][there]
            result[:, strategy, sparsity] = overlaps(renamed, places[None], everyone)
    return result
