"""What rank-biased overlap a strategy would reach by chance: its algorithms renamed at random.

The same renaming applies to all datasets and sparsities. So a strategy and a truth that hardly
change between datasets do so under the null as well, and three alike datasets do not count as three
independent trials. The price: three algorithms have only 6 orders, so that no p-value is below 1/6.
If there are few enough orders, each is counted once; otherwise they are drawn. The weights of a
mixture are not fitted again.
"""

from collections.abc import Sequence
from itertools import permutations as all_orders
from math import factorial

import numpy as np

from sparsetopo.analysis.ranking.rbo import position_overlaps
from sparsetopo.analysis.ranking.tie_breaking import Bools, Floats, Ints
from sparsetopo.analysis.regression.cross_validation import defined_mean
from sparsetopo.seeding import generator

EXACT_LIMIT = 50_000
"""Orders are enumerated up to this number: those of 8 algorithms."""


def null_outcomes(
    truth: Ints,
    others: Sequence[Ints],
    present: Bools,
    permutations: int,
    labels: Sequence[str | int],
) -> tuple[Floats, bool]:
    """Overlaps of the strategies with the truth whose algorithms are renamed, and whether these are all outcomes.

    All arrays that go in have the shape (datasets, sparsities, algorithms): positions from 0 in the true ranking and in
    the `others`, and whether an algorithm is ranked. The overlaps are means over the datasets, of shape (outcomes,
    strategies, sparsities); NaN where no dataset has two algorithms. If there are more than `EXACT_LIMIT` outcomes, as
    many as `permutations` are drawn, from the random stream that the labels name.

    Examples
    --------
    >>> same = np.array([[[0, 1]]])
    >>> null_outcomes(same, [same], np.ones((1, 1, 2), bool), 0, [])[0].ravel()
    array([1. , 0.5])
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
    """Mean, 95 % point, and p: the share of outcomes that are at least `observed`.

    The 95 % point is the least outcome that 95 % of the outcomes do not exceed. If outcomes are
    drawn, the observed one counts as one of them, so that p is never 0.
    """
    reached = int((outcomes >= observed - 1e-9).sum())
    p = reached / len(outcomes) if exact else (reached + 1) / (len(outcomes) + 1)
    high = float(np.quantile(outcomes, 0.95, method="inverted_cdf"))
    return float(outcomes.mean()), high, p


def _of_dataset(truth: Ints, others: Sequence[Ints], present: Bools, orders: Ints) -> Floats:
    """Overlaps of each outcome, shape (outcomes, strategies, sparsities).

    orders: shape (outcomes, algorithms). The i-th algorithm takes the name of the i-th in the
    order, after those that are not ranked at a sparsity are removed from both.
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
            positions = own[sparsity][there]
            result[:, strategy, sparsity] = position_overlaps(renamed, positions[None], everyone)
    return result
