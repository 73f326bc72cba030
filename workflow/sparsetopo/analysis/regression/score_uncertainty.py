"""Null distribution and resamples of one cross-validated score: the tasks that workers share.

A task takes and returns plain arrays. How many tasks there are depends on the numbers asked for,
never on the number of workers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sparsetopo.analysis.regression.bootstrap import cluster_draws, resampled_r2
from sparsetopo.analysis.regression.cross_validation import (
    adjusted_r_squared,
    cross_validate,
    defined_mean,
    fold_average_r2,
    quick_fits,
)
from sparsetopo.analysis.regression.permutation import cluster_permutations
from sparsetopo.analysis.regression.regressors import Regressors
from sparsetopo.analysis.regression.ridge import ridge_predictions
from sparsetopo.analysis.regression.splits import Split
from sparsetopo.analysis.regression.subsets import Sample

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """A score, averaged over the splits of its repeats, whose uncertainty is estimated.

    Clusters and groups are those of each row of the sample (`bootstrap.cluster_draws`); for `scaling` see
    `cross_validation.cross_validate`. The random draws are the same for all scores of a subset with equal rows.
    """

    sample: Sample
    clusters: NDArray[np.int64]
    groups: NDArray[np.int64]
    repeats: Sequence[Sequence[Split]]
    scaling: str
    seed: int
    permutations: int
    resamples: int

    def permuted_drops(self) -> _Array:
        """Draw permutations of the drops, shape (permutations, rows)."""
        labels = self.sample.kind, self.sample.name, self.seed
        rows = cluster_permutations(self.clusters, self.permutations, *labels, groups=self.groups)
        return self.sample.drop[rows]

    def resampled(self, predictions: _Array, splits: Sequence[Split]) -> _Array:
        """R2 of the resamples, averaged over predictors (rows of `predictions`)."""
        labels = self.sample.kind, self.sample.name, self.seed
        draws = cluster_draws(self.clusters, self.groups, self.resamples, *labels)
        r2 = resampled_r2(self.sample.drop, predictions, splits, self.clusters, draws)
        return r2.mean(axis=1)

    def adjusted(self, r2: _Array) -> _Array:
        """Average over repeats (the first axis) and adjust."""
        rows, features = self.sample.values.shape
        return np.asarray(adjusted_r_squared(defined_mean(r2, axis=0), rows, features))


Result = tuple[_Array, _Array, _Array]
"""Adjusted R2: the observed one (or none), those of permutations, those of resamples."""

_NONE = np.zeros(0)


def ridge_uncertainty(score: Score) -> Result:
    """Compute score, null and resamples of the ridge regression."""
    drop, values = score.sample.drop, score.sample.values
    drops = np.vstack([drop, score.permuted_drops()]).T
    r2, resampled = [], []
    with quick_fits():
        for splits in score.repeats:
            predictions = ridge_predictions(values, drops, splits, score.scaling)
            r2.append(fold_average_r2(drops, predictions, splits))
            resampled.append(score.resampled(predictions[:, :1].T, splits))
    adjusted = score.adjusted(np.array(r2))
    return adjusted[:1], adjusted[1:], score.adjusted(np.array(resampled))


def mean_observed(score: Score, regressors: Regressors) -> Result:
    """Compute score and resamples of the mean over the regressors."""
    drop, values = score.sample.drop, score.sample.values
    r2, resampled = [], []
    with quick_fits():
        for splits in score.repeats:
            scores = cross_validate(values, drop, splits, regressors, score.scaling)
            r2.append(defined_mean(scores.r2, axis=1).mean(keepdims=True))
            resampled.append(score.resampled(scores.predictions, splits))
    return score.adjusted(np.array(r2)), _NONE, score.adjusted(np.array(resampled))


def mean_null(score: Score, regressors: Regressors, start: int, stop: int) -> Result:
    """Compute the null of the mean over the regressors, from permutations `start` to `stop`."""
    values = score.sample.values
    null = []
    with quick_fits():
        for drop in score.permuted_drops()[start:stop]:
            r2 = [
                defined_mean(
                    cross_validate(values, drop, splits, regressors, score.scaling).r2, axis=1
                ).mean()
                for splits in score.repeats
            ]
            null.append(score.adjusted(np.array(r2)))
    return _NONE, np.array(null), _NONE
