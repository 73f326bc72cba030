"""What rank-biased overlap a strategy would have by luck: algorithms in random order.

The names of the algorithms are exchanged at random, alike on all datasets and at all sparsities. A
strategy that orders nearly alike everywhere then does so in the null, too, as the truth does: three
datasets are no three independent trials, and a mean over them is not made to look surer than it
is. The price: of 3 algorithms there are 6 orders, so no p-value is below 1/6. Where there are few
enough orders, every one is counted once; else they are drawn. The weights of a mixture are not
fitted again.
"""

from collections.abc import Sequence
from itertools import permutations as all_orders
from math import factorial

import numpy as np

from sparsetopo.analysis.ranking.arrays import Bools, Floats, Ints, defined_mean, overlaps
from sparsetopo.seeding import generator

EXACT_LIMIT = 50_000
"""Orders that are still enumerated: those of 8 algorithms."""


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
    items = np.flatnonzero(present.any(axis=(0, 1)))
    exact = factorial(len(items)) <= EXACT_LIMIT
    if exact:
        orders = np.array(list(all_orders(items)))
    else:
        random = generator("ranking null", *labels)
        orders = random.permuted(np.tile(items, (permutations, 1)), axis=1)
    of_datasets = [
        _of_dataset(truth[number], [own[number] for own in others], present[number], orders)
        for number in range(len(truth))
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
