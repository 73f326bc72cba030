"""The topometric mixture: a weighted sum of metrics that predicts which algorithm drops most.

Cunegatti et al. 2024, section 4.3. The metrics are averaged over seeds, scaled to 0..1 in each
pair of architecture and dataset (over all sparsities and the algorithms being ranked), weighted and
summed. A weight is the mean of two correlations with the accuracy drop: over the architecture and
over the sparsity. So a large sum predicts a large drop.
"""

import numpy as np

from sparsetopo.analysis.importance import correlations
from sparsetopo.analysis.ranking.arrays import StudyArrays
from sparsetopo.analysis.ranking.tie_breaking import Bools, Floats, Ints, rounded_sum

MISSING_LEVEL = 0.5
"""A missing metric counts as the middle of its range, since it tells nothing."""


def mixture_weights(
    arrays: StudyArrays, metrics: Floats, drawn: Ints, without: str | None = None
) -> Floats:
    """Fit the weights on each draw; shape (metrics, draws, pairs, sparsities, algorithms).

    The metrics have the shape (metrics, networks); `without` is that of `strategies.Mixture`. The last axis of the
    weights has length 1 unless each algorithm has weights of its own. An undefined correlation counts as 0.
    """
    everyone = np.ones(len(arrays.drop), bool)
    architecture, dataset = arrays.pairs.T
    if without is None:
        return _fitted(arrays, metrics, drawn, everyone)[:, :, architecture, :, None]
    key, names = (1, arrays.datasets) if without == "dataset" else (3, arrays.algorithms)
    parts = [
        _fitted(arrays, metrics, drawn, arrays.keys[key] != number)[:, :, architecture]
        for number in range(len(names))
    ]
    if without == "algorithm":
        return np.stack(parts, axis=-1)
    own = [parts[number][:, :, pair] for pair, number in enumerate(dataset)]
    return np.stack(own, axis=2)[..., None]


def _fitted(arrays: StudyArrays, metrics: Floats, drawn: Ints, used: Bools) -> Floats:
    """Weights fitted on the networks used; shape (metrics, draws, architectures, sparsities)."""
    sides = []
    for key, names in ((0, arrays.architectures), (2, arrays.sparsities)):
        side = np.zeros((len(metrics), len(drawn), len(names)))
        for number in range(len(names)):
            rows = drawn[:, used & (arrays.keys[key] == number)]
            if rows.shape[1]:
                side[..., number] = correlations(np.take(metrics, rows, axis=1), arrays.drop[rows])
        sides.append(np.nan_to_num(side))
    return (sides[0][..., :, None] + sides[1][..., None, :]) / 2


def mixture_scores(means: Floats, present: Bools, weights: Floats) -> Floats:
    """Weighted sum of the scaled metrics; shape (draws, pairs, sparsities, algorithms).

    The means over seeds and the weights (`mixture_weights`) have one more axis in front, the metrics. The range of a
    metric is that over the algorithms that are ranked, `present`.

    Examples
    --------
    >>> means = np.array([[2.0, 3.0, 6.0], [1.0, np.nan, 0.0]]).reshape(2, 1, 1, 1, 3)
    >>> weights = np.array([1.0, 10.0]).reshape(2, 1, 1, 1, 1)
    >>> mixture_scores(means, np.ones((1, 1, 1, 3), bool), weights)
    array([[[[10.  ,  5.25,  1.  ]]]])
    """
    known = present & ~np.isnan(means)
    least = np.where(known, means, np.inf).min(axis=(-2, -1), keepdims=True)
    width = np.where(known, means, -np.inf).max(axis=(-2, -1), keepdims=True) - least
    varies = width > 0
    with np.errstate(invalid="ignore"):
        scaled = np.where(varies, (means - least) / np.where(varies, width, 1.0), 0.0)
    return rounded_sum(np.where(known, scaled, MISSING_LEVEL) * weights, axis=0)
